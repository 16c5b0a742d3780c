"""What the proxy of a workload, or a gateway, enforces and tells: all that policies say about it, put together."""

from __future__ import annotations

from dataclasses import dataclass
from dataclasses import fields as fields_of
from typing import Any

from tulle.model.documents import Origin
from tulle.model.extensions import EnvoyPatches, Labels, ProxySettings, Scope, Telemetry, WasmPlugin
from tulle.model.names import Name
from tulle.model.policies import RateLimit
from tulle.model.security import AccessPolicy, Authorizer, PeerMode, RequestAuthentication, Rule
from tulle.model.services import Port


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """What policies say about a workload, or a gateway."""

    access: tuple[AccessPolicy, ...] = ()
    authorizers: tuple[Authorizer, ...] = ()
    """Those that `access` names and that exist."""
    tokens: tuple[RequestAuthentication, ...] = ()
    peer_mode: PeerMode = PeerMode.STRICT
    port_modes: tuple[tuple[int, PeerMode], ...] = ()
    scope: Scope | None = None
    telemetry: tuple[Telemetry, ...] = ()
    patches: tuple[EnvoyPatches, ...] = ()
    plugins: tuple[WasmPlugin, ...] = ()
    proxy: tuple[ProxySettings, ...] = ()

    def fields(self) -> dict[str, Any]:
        """What is said, and nothing of whom, by the names of the fields."""
        return {each.name: getattr(self, each.name) for each in fields_of(Said)}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Guard(Said):
    """One workload as its proxy sees it. Compared and hashed by identity."""

    workload: Name
    origin: Origin
    service: Name
    """The service that it belongs to, or what it is called if it belongs to none."""
    account: str
    answers: tuple[Name, ...] = ()
    """Every service that sends calls to it."""
    labels: Labels = ()
    ports: tuple[Port, ...] = ()
    """Ports of the workload; the protocol is that of the services that send calls there."""
    allow: tuple[Rule, ...] | None = None
    """Callers that the service itself allows; None: every workload of the mesh."""
    rate_limit: RateLimit | None = None
    eased: tuple[int, ...] = ()
    """Ports that take mutual TLS and plain text while callers change from one to the other, whatever their mode."""

    __eq__ = object.__eq__
    __hash__ = object.__hash__

    @property
    def origins(self) -> tuple[Origin, ...]:
        """Where all that is enforced and told was written."""
        said = (self.access, self.tokens, self.telemetry, self.plugins)
        return (self.origin, *(each.origin for those in said for each in those))

    def port(self, name: str) -> Port | None:
        """The port of the workload with this name."""
        return next((port for port in self.ports if port.name == name), None)

    def mode(self, port: int) -> PeerMode:
        """How a port of the workload is to be called."""
        return dict(self.port_modes).get(port, self.peer_mode)

    def takes(self, port: int) -> PeerMode:
        """How it may be called."""
        return PeerMode.PERMISSIVE if port in self.eased else self.mode(port)
