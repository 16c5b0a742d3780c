"""Ports of services and workloads: one, or several by name."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import LABEL, Label, PortNumber, Spec, refuse, shown
from tulle.dialects.written import Written
from tulle.model.services import Port, Protocol

ProtocolName = Literal["http", "http2", "grpc", "tcp", "tls", "udp"]
NAMES = frozenset(str(protocol) for protocol in Protocol)


def _target(value: object) -> object:
    if type(value) is int and 1 <= value <= HIGHEST:
        return value
    if isinstance(value, str) and LABEL.fullmatch(value):
        return value
    refuse(f"must be the number or the name of a port, not {shown(value)}")


def _port_number(value: object) -> object:
    """Keys of mappings are always text."""
    if not isinstance(value, str) or not value.isdecimal():
        refuse(f"must be the number of a port, not {shown(value)}")
    return int(value)


PortKey = Annotated[int, BeforeValidator(_port_number, json_schema_input_type=str)]
"""The number of a port, as a key."""
HIGHEST = 65535
Target = Annotated[int | str, BeforeValidator(_target, json_schema_input_type=int | str)]


class PortSpec(Spec):
    """A port, as callers name it."""

    port: PortNumber = Field(description="Its number.")
    protocol: ProtocolName | None = Field(None, description="What is spoken: http, http2, grpc, tcp, tls, udp.")
    target: Target | None = Field(
        None, description="The port of the workloads behind it, by number or name; the same number if not given."
    )


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


def read_ports(part: Written, spec: PortsSpec, number: int | None, target: int | str | None = None) -> tuple[Port, ...]:
    """The ports of a spec; `number` and `target` are those of the only one, as far as it does not say them itself."""
    ports = [
        Port(name=name, number=item.port, protocol=_protocol(item.protocol, name), target=item.target)
        for name, item in spec.ports.items()
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
    return () if number is None else (Port(name=str(protocol), number=number, protocol=protocol, target=target),)


def _protocol(given: str | None, name: str) -> Protocol:
    """The protocol of a port: what is written, or else what its name says, or HTTP."""
    return Protocol(given or (name if name in NAMES else "http"))
