"""Takes the type away from answers that have none in Traefik: of Envoy itself, which gives one to everything it says,
and those that only say that nothing changed (304), as Go does.

For all other answers the filter is not even created, which a look at one header decides.
"""

from __future__ import annotations

from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import extension_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.common.matcher.action.v3 import skip_action_pb2
from envoy.extensions.filters.http.header_mutation.v3 import header_mutation_pb2
from envoy.type.matcher.v3 import http_inputs_pb2
from xds.core.v3 import extension_pb2 as xds_extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import edge_replies, protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, Placed

NAME = "untyped"


def _place(chain: Chain) -> Placed:
    if chain.entrance is None:
        return None
    config = header_mutation_pb2.HeaderMutation()
    for header in ("content-type", edge_replies.UNTYPED):
        config.mutations.response_mutations.append(mutation_rules_pb2.HeaderMutation(remove=header))
    found = extension_matcher_pb2.ExtensionWithMatcher(
        xds_matcher=_others(),
        extension_config=extension_pb2.TypedExtensionConfig(name=NAME, typed_config=protos.packed(config)),
    )
    return HttpFilter(name=NAME, typed_config=protos.packed(found))


def _others() -> matcher_pb2.Matcher:
    """Skips the filter for all others."""
    marked = matcher_pb2.Matcher.MatcherList.Predicate()
    for name, value in ((edge_replies.UNTYPED, "yes"), (":status", "304")):
        header = http_inputs_pb2.HttpResponseHeaderMatchInput(header_name=name)
        single = marked.or_matcher.predicate.add().single_predicate
        single.input.CopyFrom(xds_extension_pb2.TypedExtensionConfig(name="header", typed_config=protos.packed(header)))
        single.value_match.exact = value
    unmarked = matcher_pb2.Matcher.MatcherList.Predicate()
    unmarked.not_matcher.CopyFrom(marked)
    skip = matcher_pb2.Matcher.OnMatch()
    skip.action.name = "skip"
    skip.action.typed_config.CopyFrom(protos.packed(skip_action_pb2.SkipFilter()))
    found = matcher_pb2.Matcher()
    found.matcher_list.matchers.add(predicate=unmarked, on_match=skip)
    return found


FILTER = Filter(name=NAME, phase=Phase.INTAKE, place=_place)
