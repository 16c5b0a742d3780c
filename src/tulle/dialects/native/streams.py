"""Rules for connections, of TCP and TLS: at a listener, and for the ports of a service."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tulle.dialects.fields import Host, PortNumbers, Several, Spec, Weight, refuse, shown
from tulle.dialects.native.backends import Reference, backend, checked_weights, weighted
from tulle.dialects.native.matching import CallerSpec, canonical, describe
from tulle.dialects.written import Step, Written
from tulle.model.routes import Backend, StreamMatch, StreamRule


def _network(value: object) -> object:
    try:
        return str(ip_network(value if isinstance(value, str) else "", strict=False))
    except ValueError:
        refuse(f"must be an address or a network such as 10.0.0.0/8, not {shown(value)}")


class StreamMatchSpec(Spec):
    """Conditions on a connection that must all hold."""

    server_names: Annotated[tuple[Host, ...], Several()] = Field(
        (), description="Names that TLS asks for: db.example.org, *.example.org."
    )
    networks: Annotated[tuple[Annotated[str, BeforeValidator(_network)], ...], Several()] = Field(
        (), description="Addresses that are called: 10.0.0.0/8."
    )
    ports: PortNumbers = Field((), description="Ports that are called; one or a list.")
    source: CallerSpec | None = Field(None, alias="from", description="Which workloads call; not for the gateway.")

    def model(self) -> StreamMatch:
        """As the model has it."""
        return StreamMatch(
            server_names=self.server_names,
            subnets=self.networks,
            ports=self.ports,
            source=self.source.model() if self.source is not None else None,
        )


class StreamSpec(Spec):
    """Where some connections go. The first rule that matches is used."""

    match: Annotated[tuple[StreamMatchSpec, ...], Several()] = Field(
        (), description="Conditions, or a list of which any must hold; every connection if not given."
    )
    to: Reference | None = Field(None, description="The service that gets the bytes.")
    weights: Annotated[dict[Reference, Weight], AfterValidator(checked_weights)] | None = Field(
        None, description="Several services and their shares of the connections."
    )


Streams = Annotated[tuple[StreamSpec, ...], Several()]


def rules(
    part: Written, path: tuple[Step, ...], specs: tuple[StreamSpec, ...], namespace: str, owner: str
) -> tuple[StreamRule, ...]:
    """The rules that stand at `path`, with names that do not depend on their positions; mistakes are noted there."""
    written = part.value
    for step in path:
        written = written[step]
    written = written if isinstance(written, list) else [written]
    return tuple(
        StreamRule(
            name=f"{owner}{describe(None, canonical(each.get('match')))}",
            origin=part.at(*path, index),
            matches=tuple(match.model() for match in spec.match) or (StreamMatch(),),
            backends=_backends(part, (*path, index), spec, namespace),
        )
        for index, (spec, each) in enumerate(zip(specs, written, strict=True))
    )


def _backends(part: Written, path: tuple[Step, ...], spec: StreamSpec, namespace: str) -> tuple[Backend, ...]:
    if (spec.to is None) == (spec.weights is None):
        part.error(path, "needs exactly one of to, weights")
    if spec.to is not None:
        return (backend(spec.to, namespace, part.at(*path, "to")),)
    return weighted(spec.weights or {}, namespace, lambda text: part.at(*path, "weights", text))
