"""How clients stay with endpoints by cookies whose values others made: what a route (or a share) says of it."""

from __future__ import annotations

from collections.abc import Sequence

from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.filters.http.lua.v3 import lua_pb2

from tulle.envoy import protos
from tulle.model.routes import Backend, Stay

NAME = "stay"
"""Of the filter that does it (`filters.stay`)."""
CHOSEN = "x-tulle-endpoint"
"""Header of answers, on their way to that filter: who answered."""
WHO = "%UPSTREAM_HOST_NAME% %UPSTREAM_REMOTE_ADDRESS%"


def tell(live: Sequence[Backend], message: route_components_pb2.Route) -> None:
    """Tell the filter about the backends of a route."""
    if len(live) == 1:
        _tell(live[0].stays, message)
        return
    for backend, share in zip(live, message.route.weighted_clusters.clusters, strict=True):
        _tell(backend.stays, share)


def _tell(
    stay: Stay | None, message: route_components_pb2.Route | route_components_pb2.WeightedCluster.ClusterWeight
) -> None:
    if stay is None:
        return
    config = lua_pb2.LuaPerRoute()
    config.filter_context.update(
        {
            "cookie": stay.cookie,
            "attributes": stay.attributes,
            "seats": {each.hostname: each.value for each in stay.places},
            "places": {each.value: each.address or each.hostname for each in stay.places},
            "old": {old: each.address or each.hostname for each in stay.places for old in each.old_values},
        }
    )
    message.typed_per_filter_config[NAME].CopyFrom(protos.packed(config))
    message.response_headers_to_add.append(protos.header(CHOSEN, WHO))
