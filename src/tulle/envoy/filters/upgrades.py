"""Speaks HTTP/1.1 with servers for requests that leave HTTP (WebSockets), where HTTP/2 would be agreed by TLS.

For all other requests the filter is not even created.
"""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2, extension_pb2, substitution_format_string_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.common.matcher.action.v3 import skip_action_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2
from envoy.extensions.filters.http.set_filter_state.v3 import set_filter_state_pb2
from envoy.type.matcher.v3 import http_inputs_pb2
from xds.core.v3 import extension_pb2 as xds_extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Placed

NAME = "upgrades"
OFFERED = "envoy.network.application_protocols"
"""What TLS offers to servers, instead of what the cluster says."""


def _place(chain: Chain) -> Placed:
    if chain.entrance is None:
        return None
    value = value_pb2.FilterStateValue(
        object_key=OFFERED,
        format_string=substitution_format_string_pb2.SubstitutionFormatString(
            text_format_source=base_pb2.DataSource(inline_string="http/1.1")
        ),
        shared_with_upstream=value_pb2.FilterStateValue.ONCE,
    )
    config = set_filter_state_pb2.Config(on_request_headers=[value])
    found = extension_matcher_pb2.ExtensionWithMatcher(
        xds_matcher=_others(),
        extension_config=extension_pb2.TypedExtensionConfig(name=NAME, typed_config=protos.packed(config)),
    )
    return HttpFilter(name=NAME, typed_config=protos.packed(found))


def _others() -> matcher_pb2.Matcher:
    """Skips the filter for requests that stay within HTTP."""
    header = http_inputs_pb2.HttpRequestHeaderMatchInput(header_name="upgrade")
    leaving = matcher_pb2.Matcher.MatcherList.Predicate()
    leaving.single_predicate.input.CopyFrom(
        xds_extension_pb2.TypedExtensionConfig(name="header", typed_config=protos.packed(header))
    )
    leaving.single_predicate.value_match.safe_regex.regex = ".+"
    leaving.single_predicate.value_match.safe_regex.google_re2.SetInParent()
    staying = matcher_pb2.Matcher.MatcherList.Predicate()
    staying.not_matcher.CopyFrom(leaving)
    skip = matcher_pb2.Matcher.OnMatch()
    skip.action.name = "skip"
    skip.action.typed_config.CopyFrom(protos.packed(skip_action_pb2.SkipFilter()))
    found = matcher_pb2.Matcher()
    found.matcher_list.matchers.add(predicate=staying, on_match=skip)
    return found


FILTER = Filter(name=NAME, phase=Phase.STEER, place=_place)
