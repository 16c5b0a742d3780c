"""`/v1/proxies`: the proxies, and what each was given, as Envoy's own JSON with origins. Never private keys."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from fastapi import APIRouter
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.json_format import MessageToDict

from tulle.api.certificates import facts
from tulle.api.problems import Problem
from tulle.api.summary import VERSION, OriginSummary, ProxySummary, summary_of_proxy
from tulle.flow.state import ProxyState, State
from tulle.model.findings import did_you_mean
from tulle.xds.snapshot import CLUSTER, ENDPOINT, EXTENSION, LISTENER, ROUTE, SECRET, VIRTUAL_HOST, Resource

TYPES = {
    "listeners": (LISTENER,),
    "filters": (EXTENSION,),
    "routes": (ROUTE, VIRTUAL_HOST),
    "clusters": (CLUSTER,),
    "endpoints": (ENDPOINT,),
    "secrets": (SECRET,),
}
"""What `type` may be, and the resources it shows."""
REDACTED = "[redacted]"
NEVER_SHOWN = frozenset({"private_key", "password", "session_ticket_keys", "generic_secret"})
"""Fields of a Secret; a certificate and its trust are public."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proxies:
    """Every proxy that is connected or should be."""

    version: str = VERSION
    proxies: tuple[ProxySummary, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class GivenResource:
    """One resource that a proxy has."""

    name: str
    type: str
    version: str
    origins: tuple[OriginSummary, ...]
    resource: dict[str, Any]


def router(state: State) -> APIRouter:
    """The resources, over a running control plane."""
    routes = APIRouter(tags=["proxies"])

    @routes.get("/proxies")
    async def proxies() -> Proxies:
        """Every proxy that is connected or should be."""
        return Proxies(proxies=tuple(summary_of_proxy(proxy) for proxy in state.proxies()))

    @routes.get("/proxies/{id}/config")
    async def config(id: str, type: str = "") -> list[GivenResource]:
        """What a proxy was given and accepted: of one type, or everything."""
        chosen = _chosen(_proxy(state.proxies(), id), type)
        return await asyncio.to_thread(_shown, chosen)

    return routes


def _proxy(proxies: Sequence[ProxyState], id: str) -> ProxyState:
    by_id = {proxy.id: proxy for proxy in proxies}
    # A gateway or the only sidecar of a service may also go by the name of its service.
    named = [proxy for proxy in proxies if id in {proxy.service, proxy.service.partition(".")[0]}]
    found = by_id.get(id) or (named[0] if len(named) == 1 else None)
    if found is None:
        several = f"; say which: {', '.join(proxy.id for proxy in named)}" if named else ""
        raise Problem(HTTPStatus.NOT_FOUND, f'there is no proxy "{id}"{several or did_you_mean(id, by_id)}')
    return found


def _chosen(proxy: ProxyState, type: str) -> list[Resource]:
    if type and type not in TYPES:
        raise Problem(
            HTTPStatus.UNPROCESSABLE_ENTITY,
            f'there is no type "{type}" of resources{did_you_mean(type, TYPES)}; known are {", ".join(TYPES)}',
        )
    urls = {url for name in ([type] if type else TYPES) for url in TYPES[name]}
    return sorted(
        (resource for resource in proxy.resources if resource.type_url in urls),
        key=lambda resource: (resource.type_url, resource.name),
    )


def _shown(resources: list[Resource]) -> list[GivenResource]:
    return [
        GivenResource(
            name=resource.name,
            type=resource.type_url.rpartition("/")[2],
            version=resource.version,
            origins=tuple(
                OriginSummary(source=origin.source, file=origin.file, line=origin.line, subject=origin.subject)
                for origin in resource.origins
            ),
            resource=envoy_json(resource),
        )
        for resource in resources
    ]


def envoy_json(resource: Resource) -> dict[str, Any]:
    """A resource as Envoy's own JSON, with the field names of its documentation, without private keys."""
    if resource.type_url == SECRET:
        return facts(resource.body)
    message = AnyMessage(type_url=resource.type_url, value=resource.body)
    try:
        plain = MessageToDict(message, preserving_proto_field_name=True)
    except TypeError:
        # Its class was never imported here, so nobody of this process can have made it.
        return {"@type": resource.type_url}
    del plain["@type"]
    shown: dict[str, Any] = _redacted(plain)
    return shown


def _redacted(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: REDACTED if key in NEVER_SHOWN else _redacted(inner) for key, inner in value.items()}
    return [_redacted(item) for item in value] if isinstance(value, list) else value
