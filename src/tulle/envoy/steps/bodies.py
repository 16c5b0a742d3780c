"""How much somebody may send, and get."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.core.v3 import extension_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.common.matcher.action.v3 import skip_action_pb2
from envoy.extensions.filters.http.buffer.v3 import buffer_pb2
from envoy.type.matcher.v3 import http_inputs_pb2
from xds.core.v3 import extension_pb2 as xds_extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import protos
from tulle.envoy.steps.parts import Part, Where, Work
from tulle.model import steps

BUFFER = "steps-buffer"
"""The filter that reads requests whole whose size is limited, behind all pairs: nobody sees where it stands."""
LARGEST = 2**32 - 1


def limit(step: steps.LimitBodies, where: Where) -> tuple[Part, ...]:
    """Answers that are too long become errors; requests are the buffer's affair."""
    return (Work(answer=({"op": "limit_body", "waits": True, "most": step.answer},)),) if step.answer else ()


def kept_back(done: Iterable[steps.Step]) -> buffer_pb2.BufferPerRoute | None:
    """What a route says to the buffer: the smallest size of all that its steps allow."""
    sizes = [each.request for each in done if isinstance(each, steps.LimitBodies) and each.request]
    if not sizes:
        return None
    return buffer_pb2.BufferPerRoute(buffer=buffer_pb2.Buffer(max_request_bytes=protos.number(min(*sizes, LARGEST))))


def idle() -> buffer_pb2.BufferPerRoute:
    """The buffer of a route that keeps nothing back."""
    return buffer_pb2.BufferPerRoute(disabled=True)


def buffer() -> extension_matcher_pb2.ExtensionWithMatcher:
    """As it stands in the chain: not for what is no request any longer, and has no end that one could wait for."""
    upgraded = http_inputs_pb2.HttpRequestHeaderMatchInput(header_name="upgrade")
    predicate = matcher_pb2.Matcher.MatcherList.Predicate()
    single = predicate.single_predicate
    single.input.CopyFrom(xds_extension_pb2.TypedExtensionConfig(name="header", typed_config=protos.packed(upgraded)))
    single.value_match.safe_regex.google_re2.SetInParent()
    single.value_match.safe_regex.regex = ".+"
    skip = matcher_pb2.Matcher.OnMatch()
    skip.action.name = "skip"
    skip.action.typed_config.CopyFrom(protos.packed(skip_action_pb2.SkipFilter()))
    matcher = matcher_pb2.Matcher()
    matcher.matcher_list.matchers.add(predicate=predicate, on_match=skip)
    usual = buffer_pb2.Buffer(max_request_bytes=protos.number(LARGEST))
    config = extension_pb2.TypedExtensionConfig(name=BUFFER, typed_config=protos.packed(usual))
    return extension_matcher_pb2.ExtensionWithMatcher(xds_matcher=matcher, extension_config=config)
