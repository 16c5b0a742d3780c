"""What an entry point does with requests whose target or headers are not plain: escapes, semicolons, ports, WebSockets,
and no host at all.

Nearly all requests are plain: for them the filter is not even created, which a look at a few headers decides.
"""

from __future__ import annotations

import re
from functools import cache
from importlib.resources import files
from typing import Any

from envoy.config.core.v3 import extension_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.common.matcher.action.v3 import skip_action_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2
from envoy.type.matcher.v3 import http_inputs_pb2
from google.protobuf import message
from xds.core.v3 import extension_pb2 as xds_extension_pb2
from xds.type.matcher.v3 import matcher_pb2, regex_pb2, string_pb2

from tulle.envoy import protos
from tulle.envoy.entrances import NOBODY, OF_HOST, usual_port
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Placed
from tulle.model.listeners import Entrance

UNUSUAL = {
    ":path": "(?s).*[%;].*",
    ":authority": f".*:[0-9]+|.*,.*|{re.escape(NOBODY)}",
    "x-forwarded-port": OF_HOST,
    "upgrade": "(?s).*",
}
"""By header: values of which something is to be done."""


def _place(chain: Chain) -> Placed:
    entrance = chain.entrance
    if entrance is None:
        return None
    config = lua_pb2.Lua(clear_route_cache=protos.flag(False))
    config.default_source_code.inline_string = _script(_settings(entrance, chain.is_encrypted))
    return HttpFilter(name="intake", typed_config=protos.packed(_sometimes(config)))


def _settings(entrance: Entrance, is_encrypted: bool) -> str:
    """A table of Lua."""
    semicolon = "%%3B" if entrance.encodes_semicolons else "&"
    port = OF_HOST if entrance.forwarded.trusts_all else usual_port(is_encrypted=is_encrypted)
    # Envoy unescapes nothing in paths that stay as they are.
    exact = str(not entrance.sanitizes_path).lower()
    return f'{{ semicolon = "{semicolon}", port = "{port}", nobody = "{NOBODY}", exact = {exact} }}'


@cache
def _script(settings: str) -> str:
    text = files("tulle.envoy.filters").joinpath("intake.lua").read_text()
    return text.replace("handle:filterContext()", settings)


def _sometimes(config: message.Message) -> extension_matcher_pb2.ExtensionWithMatcher:
    """The filter for unusual requests only."""
    predicates = [_fits(name, pattern) for name, pattern in UNUSUAL.items()]
    any_of = matcher_pb2.Matcher.MatcherList.Predicate()
    any_of.or_matcher.predicate.extend(predicates)
    skip = matcher_pb2.Matcher.OnMatch()
    skip.action.name = "skip"
    skip.action.typed_config.CopyFrom(protos.packed(skip_action_pb2.SkipFilter()))
    plain = matcher_pb2.Matcher.MatcherList.Predicate()
    plain.not_matcher.CopyFrom(any_of)
    found = matcher_pb2.Matcher()
    found.matcher_list.matchers.add(predicate=plain, on_match=skip)
    return extension_matcher_pb2.ExtensionWithMatcher(
        xds_matcher=found,
        extension_config=extension_pb2.TypedExtensionConfig(name="intake", typed_config=protos.packed(config)),
    )


def _fits(name: str, pattern: str) -> Any:
    predicate = matcher_pb2.Matcher.MatcherList.Predicate()
    single = predicate.single_predicate
    header = http_inputs_pb2.HttpRequestHeaderMatchInput(header_name=name)
    single.input.CopyFrom(xds_extension_pb2.TypedExtensionConfig(name="header", typed_config=protos.packed(header)))
    regex = regex_pb2.RegexMatcher(regex=pattern)
    regex.google_re2.SetInParent()
    single.value_match.CopyFrom(string_pb2.StringMatcher(safe_regex=regex))
    return predicate


FILTER = Filter(name="intake", phase=Phase.INTAKE, place=_place)
