"""Rules for connections: Istio's `TLSRoute` and `TCPRoute`, parts of VirtualServices."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import Label, PortNumber, refuse, shown
from tulle.dialects.istio.destinations import RouteDestination, backend, weights
from tulle.dialects.istio.hosts import HostName
from tulle.dialects.istio.http_route import digest
from tulle.dialects.istio.targets import Conditional, Limited, Target, narrowed
from tulle.dialects.objects import Differs, Items, ObjectSpec, Refused, Strings, labels_of
from tulle.dialects.written import Step, Written
from tulle.model.hostnames import covers
from tulle.model.routes import Source, StreamMatch, StreamRule


def _subnet(value: object) -> object:
    try:
        return str(ip_network(value if isinstance(value, str) else "", strict=False))
    except ValueError:
        refuse(f"must be an address or a subnet such as 10.1.0.0/16, not {shown(value)}")


Subnet = Annotated[str, BeforeValidator(_subnet)]


class L4Match(ObjectSpec):
    """Conditions on a connection that must all hold."""

    destination_subnets: Items[Subnet] = Field((), description="Addresses that were called.")
    port: PortNumber | None = Field(None, description="The port that was called.")
    source_subnet: Annotated[str, Refused("has no effect: Istio does not do it either")] = Field(
        "", description="Addresses that call."
    )
    source_labels: Strings = Field(description="Labels of the workload that calls.")
    gateways: Items[str] = Field((), description="Narrows the match to some of the gateways of the document, or mesh.")
    source_namespace: Label | None = Field(None, description="The namespace of the workload that calls.")

    @property
    def server_names(self) -> tuple[str, ...]:
        """Names that the client has to ask for."""
        return ()

    def model(self) -> StreamMatch:
        """As the model has it."""
        source = None
        if self.source_labels or self.source_namespace is not None:
            source = Source(namespace=self.source_namespace or "", labels=labels_of(self.source_labels))
        return StreamMatch(
            server_names=self.server_names,
            subnets=self.destination_subnets,
            ports=(self.port,) if self.port is not None else (),
            source=source,
        )


class TlsMatch(L4Match):
    """Conditions on a connection with TLS that is not ended here."""

    sni_hosts: Annotated[
        Items[HostName],
        Field(min_length=1),
        Differs("in sidecars the host of a CONNECT stands for it"),
    ] = Field(description="Server names that the client asks for, *.example.org included.")

    @property
    def server_names(self) -> tuple[str, ...]:
        """Names that the client has to ask for."""
        return self.sni_hosts


class TcpRoute(ObjectSpec):
    """One rule for connections: which, and where they go."""

    match: Items[L4Match] = Field((), description="Any of them must match; every connection does if there is none.")
    route: Annotated[Items[RouteDestination], Field(min_length=1)] = Field(
        description="Where connections go, with their shares."
    )


class TlsRoute(ObjectSpec):
    """One rule for connections with TLS, by their server names."""

    match: Annotated[Items[TlsMatch], Field(min_length=1)] = Field(description="Any of them must match.")
    route: Annotated[Items[RouteDestination], Field(min_length=1)] = Field(
        description="Where connections go, with their shares."
    )


def rule(
    part: Written, path: tuple[Step, ...], spec: TcpRoute | TlsRoute, known: tuple[Target, ...]
) -> Conditional[StreamRule, StreamMatch]:
    """The rule at `path`; `known` are the targets of the document."""
    conditions = tuple(
        Limited(each.model(), narrowed(part, (*path, "match", index, "gateways"), each.gateways, known))
        for index, each in enumerate(spec.match)
    ) or (Limited(StreamMatch()),)
    shares = weights(part, (*path, "route"), spec.route)
    matches = tuple(condition.match for condition in conditions)
    made = StreamRule(
        name=f"{part.document.key.name.name}#{digest([repr(match) for match in matches])}",
        origin=part.at(*path),
        matches=matches,
        backends=tuple(
            backend(part, (*path, "route", index), each.destination, shares[index])
            for index, each in enumerate(spec.route)
        ),
    )
    return Conditional(made, conditions)


def check_server_names(part: Written, path: tuple[Step, ...], spec: TlsRoute, hosts: tuple[str, ...]) -> None:
    """Server names that no host of the document covers can never be asked for there."""
    for index, match in enumerate(spec.match):
        for position, name in enumerate(match.sni_hosts):
            if not any(covers(host, name) for host in hosts):
                message = f'is "{name}", which none of the hosts of this document covers'
                part.error((*path, "match", index, "sniHosts", position), message)
