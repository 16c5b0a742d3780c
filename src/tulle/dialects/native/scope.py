"""`scopes`: what some workloads see of the mesh, and on which ports they are called (Istio's Sidecar)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import HOST, LABEL, LONGEST_SOCKET, Label, PortNumber, Several, Spec, refuse, shown
from tulle.dialects.native.ports import ProtocolName
from tulle.dialects.native.running import HIGHEST_PORT, LabelMap
from tulle.dialects.native.upstream import ConnectionsSpec
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.extensions import Ingress, Scope
from tulle.model.hostnames import is_address
from tulle.model.mesh import Fragment

_SPACE = re.compile(rf"[*.~]|{LABEL.pattern}")


def _visible(value: object) -> object:
    space, slash, host = value.partition("/") if isinstance(value, str) else ("", "", "")
    if not slash or not _SPACE.fullmatch(space) or not HOST.fullmatch(host.lower()):
        refuse(f"must be namespace/host such as shop/*, ./* or */api.example.org, not {shown(value)}")
    return f"{space}/{host.lower()}"


def _application(value: object) -> object:
    text = value if isinstance(value, str) else "?"
    host, _, port = text.rpartition(":")
    is_port = is_address(host.strip("[]")) and port.isdecimal() and 1 <= int(port) <= HIGHEST_PORT
    is_socket = text.startswith("/") and len(text.encode()) <= LONGEST_SOCKET
    if text and not is_port and not is_socket:
        refuse(f"must be an address such as 127.0.0.1:8080, or the path of a Unix socket, not {shown(value)}")
    return text


class IngressSpec(Spec):
    """A port on which workloads are called."""

    port: PortNumber = Field(description="Its number.")
    protocol: ProtocolName = Field("http", description="What is spoken there.")
    application: Annotated[str, BeforeValidator(_application)] = Field(
        "", description="Where the application is: 127.0.0.1:8080, or the path of a Unix socket."
    )


class ScopeSpec(Spec):
    """What some workloads see of the mesh. One with labels counts before that of the namespace, and of the mesh."""

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    labels: LabelMap = Field(
        default_factory=dict, description="The workloads that it is for; all of its namespace if not given."
    )
    hosts: Annotated[tuple[Annotated[str, BeforeValidator(_visible)], ...], Several()] | None = Field(
        None, description="What they see, as namespace/host: shop/*, ./* for their own; everything if not given."
    )
    outside: Literal["allow", "known"] | None = Field(
        None, description="Whether they may call hosts that the mesh does not know; as the mesh says if not given."
    )
    ingress: Annotated[tuple[IngressSpec, ...], Several()] = Field((), description="Ports on which they are called.")
    connections: ConnectionsSpec | None = Field(None, description="How connections to the application are kept.")


def read(part: Written) -> Fragment:
    """One scope."""
    spec = part.validated(ScopeSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    hosts = None
    if spec.hosts is not None:
        hosts = tuple((space, host) for space, _, host in (each.partition("/") for each in spec.hosts))
    scope = Scope(
        name=part.document.key.name,
        origin=part.origin,
        selector=tuple(sorted(spec.labels.items())),
        hosts=hosts,
        is_registry_only=None if spec.outside is None else spec.outside == "known",
        ingress=tuple(
            Ingress(
                origin=part.at("ingress", index),
                port=each.port,
                protocol=each.protocol,
                application=each.application,
            )
            for index, each in enumerate(spec.ingress)
        ),
        inbound_pool=spec.connections.model() if spec.connections is not None else None,
    )
    return Fragment(objects=(scope,))


KIND = Kind(
    name="native/scope",
    noun="scope",
    section=("scopes",),
    shape=Shape.NAMED,
    schema=ScopeSpec,
    read=read,
)
