"""Another service is asked whether a request may pass (Envoy's external authorization)."""

from __future__ import annotations

from envoy.config.core.v3 import extension_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.http.composite.v3 import composite_pb2
from google.protobuf.message import Message
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import authorizers, naming, protos, slots
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, dormant
from tulle.model.routes import RouteRule

NAME = "check"


def place(chain: Chain) -> HttpFilter | None:
    """Dormant where route rules decide.

    A route may name the service that Envoy asks, but not what follows when it does not answer. So each route brings
    the whole filter along, and what stands in the chain (a composite filter) is only its place.
    """
    if not chain.side.has_rules:
        return None
    whole = extension_matcher_pb2.ExtensionWithMatcher(
        xds_matcher=matcher_pb2.Matcher(), extension_config=_named(composite_pb2.Composite())
    )
    return dormant(NAME, whole)


def ask(rule: RouteRule) -> extension_matcher_pb2.ExtensionWithMatcherPerRoute | None:
    """Who is asked for one route rule; the port of its backend is the number that the cluster has."""
    if rule.check is None:
        return None
    backend = rule.check.backend
    asked = authorizers.for_requests(rule.check, naming.cluster(backend.service, backend.port or 0, backend.subset))
    action = composite_pb2.ExecuteFilterAction(typed_config=_named(asked))
    return extension_matcher_pb2.ExtensionWithMatcherPerRoute(xds_matcher=slots.always(NAME, action))


def _named(content: Message) -> extension_pb2.TypedExtensionConfig:
    return extension_pb2.TypedExtensionConfig(name=NAME, typed_config=protos.packed(content))


FILTER = Filter(name=NAME, phase=Phase.AUTHORIZE, place=place, ask=ask)
