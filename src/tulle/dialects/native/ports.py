"""Ports of services and workloads: one, or several by name."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import Label, PortNumber, Spec, refuse
from tulle.dialects.written import Written
from tulle.model.services import Port, Protocol

ProtocolName = Literal["http", "http2", "grpc", "tcp", "tls", "udp"]
NAMES = frozenset(str(protocol) for protocol in Protocol)


class PortSpec(Spec):
    """A port, as callers name it."""

    port: PortNumber = Field(description="Its number.")
    protocol: ProtocolName | None = Field(None, description="What is spoken: http, http2, grpc, tcp, tls, udp.")


def _port_spec(value: object) -> object:
    return {"port": value} if type(value) is int else value


Ports = dict[Label, Annotated[PortSpec, BeforeValidator(_port_spec, json_schema_input_type=int | PortSpec)]]


class PortsSpec(Spec):
    """What listens."""

    port: PortNumber | None = Field(None, description="Its port, if it has one.")
    protocol: ProtocolName | None = Field(None, description="What is spoken there; http if not given.")
    ports: Ports = Field(default_factory=dict, description="Its ports by name, if it has several.")

    @model_validator(mode="after")
    def _ports_once(self) -> Self:
        if self.ports and (self.port is not None or self.protocol is not None):
            refuse("has port or protocol beside ports; write one of them")
        return self


def read_ports(part: Written, spec: PortsSpec, number: int | None) -> tuple[Port, ...]:
    """The ports of a spec; `number` is that of the only one, if it does not say it itself."""
    ports = [
        Port(name=name, number=item.port, protocol=_protocol(item.protocol, name)) for name, item in spec.ports.items()
    ]
    seen: dict[tuple[int, bool], str] = {}
    for port in ports:
        key = port.number, port.protocol is Protocol.UDP
        if first := seen.get(key):
            part.error(("ports", port.name), f"has the number of port {first}: {port.number}")
        seen.setdefault(key, port.name)
    if ports:
        return tuple(ports)
    protocol = Protocol(spec.protocol or "http")
    number = spec.port or number
    if number is None and spec.protocol is not None:
        part.error(("protocol",), "needs port: its number")
    return () if number is None else (Port(name=str(protocol), number=number, protocol=protocol),)


def _protocol(given: str | None, name: str) -> Protocol:
    """The protocol of a port: what is written, or else what its name says, or HTTP."""
    return Protocol(given or (name if name in NAMES else "http"))
