"""`gateway.listeners`: where the gateway listens."""

from __future__ import annotations

import os.path
from ipaddress import ip_address
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tulle.dialects.fields import File, Hosts, PortNumber, Several, Spec, Weight, refuse, shown
from tulle.dialects.native.backends import Reference, backend, checked_weights, weighted
from tulle.dialects.native.kind import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.listeners import Certificate, Listener, ListenerProtocol
from tulle.model.mesh import Fragment
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE, Name
from tulle.model.routes import Backend


def _address(value: object) -> object:
    try:
        return str(ip_address(value if isinstance(value, str) else ""))
    except ValueError:
        refuse(f"must be an IP address such as 127.0.0.1, 0.0.0.0 or ::1, not {shown(value)}")


class CertificateSpec(Spec):
    """A certificate chain and its key, in PEM files on the host of the gateway."""

    certificate: File = Field(description="The chain, leaf first.")
    key: File = Field(description="The private key.")
    hosts: Hosts = Field((), description="Server names it is for; the default for every name if not given.")


class TlsSpec(Spec):
    """TLS ends here."""

    certificate: File | None = Field(None, description="The chain, leaf first (PEM file).")
    key: File | None = Field(None, description="Its private key (PEM file).")
    certificates: Annotated[tuple[CertificateSpec, ...], Several(alone=False)] = Field(
        (), description="More of them, by server name."
    )
    client_ca: File | None = Field(None, description="Clients must show a certificate signed by this CA (PEM file).")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            refuse("needs both certificate and key")
        if self.certificate is None and not self.certificates:
            refuse("needs a certificate and its key")
        return self


class ListenerSpec(Spec):
    """One address and port of the gateway."""

    port: PortNumber = Field(description="Where it listens.")
    address: Annotated[str, BeforeValidator(_address)] = Field(
        "127.0.0.1", description="IP address; 0.0.0.0 for every interface."
    )
    protocol: Literal["http", "https", "tcp", "tls", "udp"] | None = Field(
        None, description="http, or https with tls; tcp, or tls with tls; udp."
    )
    tls: TlsSpec | None = Field(None, description="Ends TLS with these certificates.")
    redirect_to_https: PortNumber | None = Field(
        None, description="Sends every request to the HTTPS listener on this port."
    )
    to: Reference | None = Field(None, description="For tcp, tls, udp: the service that gets the bytes.")
    weights: Annotated[dict[Reference, Weight], AfterValidator(checked_weights)] | None = Field(
        None, description="For tcp, tls, udp: several services and their shares."
    )

    @model_validator(mode="before")
    @classmethod
    def _only_a_port(cls, value: object) -> object:
        return {"port": value} if type(value) is int else value

    @property
    def kind(self) -> ListenerProtocol:
        """The protocol, with what TLS makes of it."""
        given = ListenerProtocol(self.protocol or "http")
        if self.tls is None:
            return given
        return {
            ListenerProtocol.HTTP: ListenerProtocol.HTTPS,
            ListenerProtocol.TCP: ListenerProtocol.TLS,
        }.get(given, given)


def read(part: Written) -> Fragment:
    """One listener."""
    spec = part.validated(ListenerSpec)
    if spec is not None:
        _check(part, spec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    folder = part.document.folder
    listener = Listener(
        name=Name(SYSTEM_NAMESPACE, part.document.key.name.name),
        origin=part.origin,
        port=spec.port,
        address=spec.address,
        protocol=spec.kind,
        certificates=_certificates(part, spec.tls),
        client_ca_file=_absolute(folder, spec.tls.client_ca) if spec.tls and spec.tls.client_ca else "",
        redirect_to_https=spec.redirect_to_https,
        backends=_backends(part, spec),
    )
    return Fragment(listeners=(listener,))


def _check(part: Written, spec: ListenerSpec) -> None:
    protocol = spec.kind
    target = "to" if spec.to is not None else "weights"
    has_target = spec.to is not None or spec.weights is not None
    if spec.to is not None and spec.weights is not None:
        part.error(("weights",), "cannot stand beside to; write one of them")
    if protocol in {ListenerProtocol.HTTPS, ListenerProtocol.TLS} and spec.tls is None:
        part.error(("protocol",), f"is {protocol}, which needs tls with a certificate and its key")
    if protocol is ListenerProtocol.UDP and spec.tls is not None:
        part.error(("tls",), "cannot be used with udp")
    if protocol.is_http and has_target:
        part.error((target,), f"is for tcp, tls and udp; for {protocol}, write routes")
    if not protocol.is_http and not has_target:
        part.error((), f"speaks {protocol} and needs to: the service that gets the bytes")
    if protocol is ListenerProtocol.UDP and spec.weights is not None:
        part.error(("weights",), "cannot be used with udp; write to")
    if spec.redirect_to_https is not None and protocol is not ListenerProtocol.HTTP:
        part.error(("redirect_to_https",), "is only for plain http")


def _backends(part: Written, spec: ListenerSpec) -> tuple[Backend, ...]:
    namespace = str(part.document.data.get("namespace") or DEFAULT_NAMESPACE)
    if spec.to is not None:
        return (backend(spec.to, namespace, part.at("to")),)
    return weighted(spec.weights or {}, namespace, lambda text: part.at("weights", text))


def _certificates(part: Written, tls: TlsSpec | None) -> tuple[Certificate, ...]:
    if tls is None:
        return ()
    folder = part.document.folder
    found = []
    if tls.certificate is not None and tls.key is not None:
        files = _absolute(folder, tls.certificate), _absolute(folder, tls.key)
        found.append(Certificate(certificate_file=files[0], key_file=files[1], origin=part.at("tls", "certificate")))
    for index, item in enumerate(tls.certificates):
        files = _absolute(folder, item.certificate), _absolute(folder, item.key)
        origin = part.at("tls", "certificates", index)
        found.append(Certificate(certificate_file=files[0], key_file=files[1], hosts=item.hosts, origin=origin))
    return tuple(found)


def _absolute(folder: str, path: str) -> str:
    return os.path.normpath(os.path.join(folder, path))


KIND = Kind(
    name="native/listener",
    noun="listener",
    section=("gateway", "listeners"),
    shape=Shape.NAMED,
    schema=ListenerSpec,
    read=read,
    is_global=True,
)
