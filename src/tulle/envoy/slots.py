"""Places in a chain whose filters are delivered beside the listener.

A changed listener is for new connections: those that are open pass at least one more request by the old one. What
stands in a slot changes for the next request of every connection. So slots stand wherever requests come from others,
and where there is nothing to enforce they hold a filter that does nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TypeAlias

from envoy.config.core.v3 import config_source_pb2, extension_pb2
from envoy.extensions.common.matching.v3 import extension_matcher_pb2
from envoy.extensions.filters.http.composite.v3 import composite_pb2
from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2
from envoy.extensions.filters.http.jwt_authn.v3 import config_pb2
from envoy.extensions.filters.http.rbac.v3 import rbac_pb2
from google.protobuf import any_pb2
from xds.core.v3 import extension_pb2 as xds_extension_pb2
from xds.type.matcher.v3 import matcher_pb2

from tulle.envoy import naming, protos
from tulle.envoy.filters.base import HttpFilter, Slot
from tulle.model.documents import Origin
from tulle.xds.snapshot import Resource, encode

Action: TypeAlias = composite_pb2.ExecuteFilterAction
Extension: TypeAlias = extension_pb2.TypedExtensionConfig
Several: TypeAlias = extension_matcher_pb2.ExtensionWithMatcher
NOTHING = protos.packed(config_pb2.JwtAuthentication())
"""Of all filters that let everything pass, the one that costs least."""
MAY_HOLD = sorted(
    each.DESCRIPTOR.full_name for each in (Several, config_pb2.JwtAuthentication, rbac_pb2.RBAC, ext_authz_pb2.ExtAuthz)
)
NAME = "filters"


def standing(slot: Slot, owner: str) -> HttpFilter:
    """A slot as it stands in a chain; Envoy finds its content by its name."""
    discovery = config_source_pb2.ExtensionConfigSource(config_source=protos.ads(), type_urls=MAY_HOLD)
    return HttpFilter(name=naming.slot(slot.name, owner), config_discovery=discovery)


def content(slot: Slot, owner: str, origins: Iterable[Origin]) -> Resource:
    """What is in a slot: nothing, a filter as it is, or several in a row.

    Of several, only the last may wait for somebody: Envoy would leave out those behind it.
    """
    name = naming.slot(slot.name, owner)
    configs = [each.typed_config for each in slot.filters] or [NOTHING]
    config = configs[0] if len(configs) == 1 else protos.packed(_several(slot.filters))
    return encode(name, Extension(name=name, typed_config=config), origins=tuple(origins))


def always(name: str, action: Action) -> matcher_pb2.Matcher:
    """Do this for every request."""
    config = xds_extension_pb2.TypedExtensionConfig(name=name, typed_config=protos.packed(action))
    return matcher_pb2.Matcher(on_no_match=matcher_pb2.Matcher.OnMatch(action=config))


def filters_of(resource: Resource) -> tuple[HttpFilter, ...]:
    """The filters that a slot holds, as they would stand in the chain themselves."""
    config = Extension.FromString(resource.body).typed_config
    if config == NOTHING:
        return ()
    several = Several()
    if not config.Unpack(several):
        return (HttpFilter(name=resource.name.rpartition(naming.SLOT)[0], typed_config=config),)
    action = Action()
    several.xds_matcher.on_no_match.action.typed_config.Unpack(action)
    return tuple(
        HttpFilter(name=each.name, typed_config=each.typed_config) for each in action.filter_chain.typed_config
    )


def _several(filters: Iterable[HttpFilter]) -> Several:
    inner = [_extension(each.name, each.typed_config) for each in filters]
    action = Action(filter_chain=composite_pb2.FilterChainConfiguration(typed_config=inner))
    composite = _extension(NAME, protos.packed(composite_pb2.Composite()))
    return Several(xds_matcher=always(NAME, action), extension_config=composite)


def _extension(name: str, config: any_pb2.Any) -> Extension:
    return Extension(name=name, typed_config=config)
