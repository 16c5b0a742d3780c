"""`gateway.listeners`: where the gateway listens."""

from __future__ import annotations

import os.path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tulle.dialects.fields import (
    CertificateHash,
    Cipher,
    File,
    Hosts,
    KeyHash,
    PortNumber,
    Several,
    Spec,
    Text,
    Weight,
    address,
    refuse,
)
from tulle.dialects.native import streams
from tulle.dialects.native.backends import Reference, backend, checked_weights, weighted
from tulle.dialects.native.running import SecretName
from tulle.dialects.native.streams import Streams
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Step, Written
from tulle.model.listeners import (
    Certificate,
    ClientCertificates,
    ClientTrust,
    Listener,
    ListenerHost,
    ListenerProtocol,
    TlsHandling,
    TlsVersions,
)
from tulle.model.mesh import Fragment
from tulle.model.names import DEFAULT_NAMESPACE, SYSTEM_NAMESPACE, Name
from tulle.model.routes import Backend, RouteKind, RouteSet


def _address(value: object) -> object:
    return address(value, "127.0.0.1, 0.0.0.0 or ::1")


FORMS = ("passthrough", "mesh", "by_cluster")
"""What may happen to TLS instead of ending with certificates of documents."""


class CertificateSpec(Spec):
    """A certificate chain and its key: in PEM files on the host of the gateway, or in a secret."""

    certificate: File | None = Field(None, description="The chain, leaf first (PEM file).")
    key: File | None = Field(None, description="Its private key (PEM file).")
    secret: SecretName | None = Field(None, description="Instead of files: a Secret of this name, or name.namespace.")

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            refuse("needs both certificate and key")
        if self.certificate is not None and self.secret is not None:
            refuse("takes only one of certificate (with key), secret")
        return self

    @property
    def is_given(self) -> bool:
        """Whether it says a certificate."""
        return self.certificate is not None or self.secret is not None


class HostCertificateSpec(CertificateSpec):
    """A certificate for some server names."""

    hosts: Hosts = Field((), description="Server names it is for; the default for every name if not given.")

    @model_validator(mode="after")
    def _given(self) -> Self:
        if not self.is_given:
            refuse("needs a certificate and its key, or a secret")
        return self


class TlsSpec(CertificateSpec):
    """What happens to TLS: it ends here with these certificates, or passes through."""

    certificates: Annotated[tuple[HostCertificateSpec, ...], Several(alone=False)] = Field(
        (), description="More certificates, by server name."
    )
    client_ca: File | None = Field(None, description="Who signed the certificates of clients (PEM file).")
    client_ca_secret: SecretName | None = Field(None, description="Instead: a Secret with ca.crt.")
    client_ca_maps: Annotated[tuple[SecretName, ...], Several()] = Field(
        (), description="Instead: ConfigMaps with ca.crt."
    )
    client_crl: File | None = Field(None, description="Certificates of clients that are not good any more (PEM file).")
    client_certificates: Literal["required", "optional", "unverified"] | None = Field(
        None, description="Whether clients must show one; required with client_ca. unverified: any, or none."
    )
    client_names: Annotated[tuple[Text, ...], Several()] = Field(
        (), description="Names of which a client's certificate must have one."
    )
    client_keys: Annotated[tuple[KeyHash, ...], Several()] = Field(
        (), description="Base64 SHA-256 of public keys of which a client's certificate must have one."
    )
    client_hashes: Annotated[tuple[CertificateHash, ...], Several()] = Field(
        (), description="SHA-256 of certificates of which a client's must be one."
    )
    min_version: Literal["1.0", "1.1", "1.2", "1.3"] | None = Field(None, description="The oldest TLS; 1.2.")
    max_version: Literal["1.0", "1.1", "1.2", "1.3"] | None = Field(None, description="The newest TLS; 1.3.")
    ciphers: Annotated[tuple[Cipher, ...], Several()] = Field((), description="Ciphers up to TLS 1.2.")
    passthrough: bool = Field(False, description="Whether it is sent on as it is, by its server name, to a tls port.")
    mesh: bool = Field(False, description="Whether it ends with the certificates of the mesh, mutually.")
    by_cluster: bool = Field(
        False, description="Whether it is sent on as it is, to the service that its server name says as Istio does."
    )

    @property
    def trusts(self) -> bool:
        """Whether it says who signs certificates of clients."""
        return self.client_ca is not None or self.client_ca_secret is not None or bool(self.client_ca_maps)

    @property
    def asks_more(self) -> bool:
        """Whether more is said about clients than the file of their authority."""
        others = (self.client_names, self.client_keys, self.client_hashes, self.client_ca_maps)
        return (
            self.client_certificates not in {None, "required"}
            or self.client_ca_secret is not None
            or self.client_crl is not None
            or any(others)
        )

    @model_validator(mode="after")
    def _ends_or_passes(self) -> Self:
        forms = [form for form in FORMS if getattr(self, form)]
        others = self.model_fields_set.difference(FORMS)
        if forms and others:
            refuse(f"with {forms[0]} takes no {sorted(others)[0]}")
        if len(forms) > 1:
            refuse(f"takes only one of {', '.join(forms)}")
        if not forms and not self.is_given and not self.certificates:
            refuse("needs a certificate and its key, a secret, or passthrough")
        if self.client_certificates in {"required", "optional"} and not self.trusts:
            refuse(f"with client_certificates {self.client_certificates} needs client_ca")
        for name in ("client_names", "client_keys", "client_hashes", "client_crl"):
            if getattr(self, name) and not self.trusts:
                refuse(f"with {name} needs client_ca")
        return self

    @property
    def handling(self) -> TlsHandling:
        """As the model has it."""
        if self.by_cluster:
            return TlsHandling.AUTO_PASSTHROUGH
        if self.mesh:
            return TlsHandling.MESH
        return TlsHandling.PASSTHROUGH if self.passthrough else TlsHandling.TERMINATE


class ListenerSpec(Spec):
    """One address and port of the gateway."""

    port: PortNumber = Field(description="Where it listens.")
    address: Annotated[str, BeforeValidator(_address)] = Field(
        "127.0.0.1", description="IP address; 0.0.0.0 for every interface."
    )
    public_port: PortNumber | None = Field(
        None, description="By which clients know it, if something before it maps ports; redirects and policies mean it."
    )
    protocol: Literal["http", "https", "tcp", "tls", "udp"] | None = Field(
        None, description="http, or https with tls; tcp, or tls with tls; udp."
    )
    hosts: Annotated[Hosts, Field(min_length=1)] | None = Field(
        None, description="Host (or server) names that it serves; listeners with other ones may share its port."
    )
    tls: TlsSpec | None = Field(None, description="Ends TLS with these certificates, or passes it on.")
    redirect_to_https: PortNumber | None = Field(
        None, description="Sends every request to the HTTPS listener on this port."
    )
    to: Reference | None = Field(None, description="For tcp, tls, udp: the service that gets the bytes.")
    weights: Annotated[dict[Reference, Weight], AfterValidator(checked_weights)] | None = Field(
        None, description="For tcp, tls, udp: several services and their shares."
    )
    streams: Streams = Field((), description="For tcp, tls: rules for its connections, tried before to and weights.")

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
    listener = Listener(
        name=Name(SYSTEM_NAMESPACE, part.document.key.name.name),
        origin=part.origin,
        port=spec.port,
        declared_port=0 if spec.public_port in {None, spec.port} else spec.public_port or 0,
        address=spec.address,
        protocol=spec.kind,
        certificates=_certificates(part, spec.tls),
        client_ca_file=_client_ca(part, spec.tls),
        client_trust=_trust(part, spec.tls),
        hosts=tuple(ListenerHost(host=host) for host in spec.hosts or ("*",)),
        tls=spec.tls.handling if spec.tls is not None else TlsHandling.TERMINATE,
        versions=_versions(spec.tls),
        redirect_to_https=spec.redirect_to_https,
        backends=_backends(part, spec),
    )
    routes = _streams(part, spec, listener)
    return Fragment(listeners=(listener,), routes=routes, findings=tuple(part.findings))


def _check(part: Written, spec: ListenerSpec) -> None:
    protocol = spec.kind
    target = "to" if spec.to is not None else "weights"
    has_target = spec.to is not None or spec.weights is not None
    if spec.streams and (protocol.is_http or protocol is ListenerProtocol.UDP):
        part.error(("streams",), f"are for tcp and tls, not for {protocol}")
    if spec.to is not None and spec.weights is not None:
        part.error(("weights",), "cannot stand beside to; write one of them")
    if protocol in {ListenerProtocol.HTTPS, ListenerProtocol.TLS} and spec.tls is None:
        part.error(("protocol",), f"is {protocol}, which needs tls with a certificate and its key")
    if spec.tls is not None:
        for form in ("passthrough", "by_cluster"):
            if getattr(spec.tls, form) and protocol.is_http:
                part.error(("tls", form), "is for protocol tls")
    if protocol is ListenerProtocol.UDP and spec.tls is not None:
        part.error(("tls",), "cannot be used with udp")
    if protocol.is_http and has_target:
        part.error((target,), f"is for tcp, tls and udp; for {protocol}, write routes")
    is_said = has_target or "streams" in spec.model_fields_set
    if spec.tls is not None and spec.tls.by_cluster:
        if is_said:
            part.error(("tls", "by_cluster"), "says where the bytes go; leave out to, weights and streams")
    elif not protocol.is_http and not is_said:
        part.error((), f"speaks {protocol} and needs to: the service that gets the bytes")
    if spec.redirect_to_https is not None and protocol is not ListenerProtocol.HTTP:
        part.error(("redirect_to_https",), "is only for plain http")


def _streams(part: Written, spec: ListenerSpec, listener: Listener) -> tuple[RouteSet, ...]:
    """The rules for its connections, as routes that are attached to it."""
    if not spec.streams:
        return ()
    owner = f"{listener.name.name}/streams"
    return (
        RouteSet(
            name=Name(SYSTEM_NAMESPACE, owner),
            origin=part.at("streams"),
            listeners=(listener.id,),
            streams=streams.rules(part, ("streams",), spec.streams, _namespace(part), owner),
            kind=RouteKind.TLS if spec.kind is ListenerProtocol.TLS else RouteKind.TCP,
            by_specificity=False,
            drops_unknown=True,
        ),
    )


def _namespace(part: Written) -> str:
    """Where the services and secrets that it names are."""
    return str(part.document.data.get("namespace") or DEFAULT_NAMESPACE)


def _backends(part: Written, spec: ListenerSpec) -> tuple[Backend, ...]:
    namespace = _namespace(part)
    if spec.to is not None:
        return (backend(spec.to, namespace, part.at("to")),)
    return weighted(spec.weights or {}, namespace, lambda text: part.at("weights", text))


def _certificates(part: Written, tls: TlsSpec | None) -> tuple[Certificate, ...]:
    if tls is None:
        return ()
    found = [_certificate(part, tls, ("tls",), ())] if tls.is_given else []
    for index, item in enumerate(tls.certificates):
        found.append(_certificate(part, item, ("tls", "certificates", index), item.hosts))
    return tuple(found)


def _certificate(part: Written, spec: CertificateSpec, path: tuple[Step, ...], hosts: tuple[str, ...]) -> Certificate:
    folder, namespace = part.document.folder, _namespace(part)
    if spec.secret is not None:
        origin = part.at(*path, "secret")
        return Certificate(secret=Name.parse(spec.secret, namespace), hosts=hosts, origin=origin)
    return Certificate(
        certificate_file=_absolute(folder, spec.certificate or ""),
        key_file=_absolute(folder, spec.key or ""),
        hosts=hosts,
        origin=part.at(*path, "certificate"),
    )


def _client_ca(part: Written, tls: TlsSpec | None) -> str:
    """The authority, if that is all that is said about clients."""
    if tls is None or tls.client_ca is None or _trust(part, tls) is not None:
        return ""
    return _absolute(part.document.folder, tls.client_ca)


def _trust(part: Written, tls: TlsSpec | None) -> ClientTrust | None:
    """What is more than that clients must show a certificate of the authority in a file."""
    if tls is None or not tls.asks_more:
        return None
    folder, namespace = part.document.folder, _namespace(part)
    return ClientTrust(
        handling=ClientCertificates(tls.client_certificates or "required"),
        ca_file=_absolute(folder, tls.client_ca) if tls.client_ca is not None else "",
        secrets=(Name.parse(tls.client_ca_secret, namespace),) if tls.client_ca_secret is not None else (),
        ca_maps=tuple(Name.parse(each, namespace) for each in tls.client_ca_maps),
        crl_file=_absolute(folder, tls.client_crl) if tls.client_crl is not None else "",
        subject_alt_names=tls.client_names,
        spki=tls.client_keys,
        hashes=tls.client_hashes,
    )


def _versions(tls: TlsSpec | None) -> TlsVersions:
    if tls is None:
        return TlsVersions()
    return TlsVersions(minimum=tls.min_version or "", maximum=tls.max_version or "", ciphers=tls.ciphers)


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
