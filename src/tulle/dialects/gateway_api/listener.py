"""Listeners, as gateways and listener sets have them."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import PortNumber, Several
from tulle.dialects.gateway_api.admission import AllowedRoutes, Problem, admitted
from tulle.dialects.gateway_api.references import SecretReference, referrer
from tulle.dialects.gateway_api.terminate_mode import Trusted, trusted
from tulle.dialects.gateway_api.values import Hostname, SectionName, at_most
from tulle.dialects.objects import Differs, ObjectSpec, Strings
from tulle.dialects.written import Step, Written
from tulle.model.listeners import (
    Certificate,
    ClientTrust,
    Listener,
    ListenerHost,
    ListenerProtocol,
    TlsHandling,
)
from tulle.model.names import Name

PROTOCOLS = {each.name: each for each in ListenerProtocol}
LOWEST_PORT = 1024
"""Below it a port needs rights that nobody has here."""
MOVED_BY = 8000
Place = tuple[Step, ...]
UNASKED: Trusted = (None, ())
"""Clients show no certificates."""


class ListenerTls(ObjectSpec):
    """TLS at a listener."""

    mode: Literal["Terminate", "Passthrough"] = Field(
        "Terminate", description="Whether TLS ends here, or is sent on as it is."
    )
    certificate_refs: Annotated[tuple[SecretReference, ...], Several(alone=False), at_most(64)] = Field(
        (), description="Secrets with certificate and key, for the host name of the listener."
    )
    options: Annotated[
        Strings,
        Differs(
            "Only gateway.istio.io/tls-terminate-mode is known: SIMPLE, MUTUAL and OPTIONAL_MUTUAL. All others have no "
            "effect, with a finding."
        ),
    ] = Field(description="Settings of implementations.")


class ListenerSpec(ObjectSpec):
    """A port, for one host name or for all."""

    name: SectionName = Field(description="Its name, by which routes choose it.")
    hostname: Hostname | None = Field(None, description="The host it is for; all if not given.")
    port: Annotated[
        PortNumber, Differs("Ports below 1024 are moved up by 8000 (80 is 8080), as nothing here runs as root.")
    ] = Field(description="The port.")
    protocol: str = Field(min_length=1, description="HTTP, HTTPS, TLS, TCP or UDP.")
    tls: ListenerTls | None = Field(None, description="TLS, for HTTPS and TLS.")
    allowed_routes: AllowedRoutes | None = Field(None, description="Whose routes it takes.")


Listeners = Annotated[tuple[ListenerSpec, ...], Several(alone=False), at_most(64, 1)]


@dataclass(frozen=True, slots=True)
class Frame:
    """What all listeners of an object have in common."""

    key: Name
    """The gateway, or the set, as routes name it."""
    kind: str
    created: str
    addresses: tuple[str, ...] = ()
    """Empty: chosen when all gateways are known."""
    trusts: dict[int, tuple[ClientTrust | None, tuple[Problem, ...]]] = field(default_factory=dict)
    """Whose client certificates are good, by port; 0 for all other ports."""


def moved(port: int, taken: Collection[int]) -> int:
    """Where a listener really listens: beyond the ports that need root, and not where another one is declared."""
    if port >= LOWEST_PORT:
        return port
    return next(candidate for step in (0, 10000, 20000) if (candidate := port + MOVED_BY + step) not in taken)


def listeners(part: Written, specs: Sequence[ListenerSpec], frame: Frame) -> tuple[Listener, ...]:
    """All listeners of an object, one for each of its addresses."""
    _check_distinct(part, specs)
    taken = {spec.port for spec in specs}
    found = []
    for index, spec in enumerate(specs):
        first = _listener(part, index, spec, frame, moved(spec.port, taken))
        found.append(first)
        for address in frame.addresses[1:]:
            found.append(at_address(first, address))
    return tuple(found)


def at_address(listener: Listener, address: str) -> Listener:
    """The same listener at another address, beside it."""
    return replace(listener, name=Name(listener.name.namespace, f"{listener.name.name}@{address}"), address=address)


def _listener(part: Written, index: int, spec: ListenerSpec, frame: Frame, port: int) -> Listener:
    path: Place = ("spec", "listeners", index)
    protocol = PROTOCOLS.get(spec.protocol, ListenerProtocol.TCP)
    problems: tuple[Problem, ...] = ()
    if spec.protocol not in PROTOCOLS:
        message = f"there is no protocol {spec.protocol} here; HTTP, HTTPS, TLS, TCP and UDP are known"
        part.warning((*path, "protocol"), f"has no effect: {message}")
        problems += (("Accepted", "UnsupportedProtocol", message),)
    is_passed = spec.tls is not None and spec.tls.mode == "Passthrough"
    tls = TlsHandling.PASSTHROUGH if is_passed else TlsHandling.TERMINATE
    problems += _tls_problems(part, path, spec, protocol)
    certificates, unknown = _certificates(part, path, spec, frame)
    admission, refused = admitted(part, (*path, "allowedRoutes"), spec.allowed_routes, protocol, tls)
    is_https = protocol is ListenerProtocol.HTTPS
    usual = frame.trusts.get(spec.port, frame.trusts.get(0, UNASKED)) if is_https else UNASKED
    options = spec.tls.options if spec.tls is not None else {}
    trust, distrusted = trusted(part, (*path, "tls", "options"), options, certificates, usual)
    return Listener(
        name=Name(frame.key.namespace, f"{frame.key.name}/{spec.name}"),
        origin=part.at(*path),
        port=port,
        declared_port=spec.port if spec.port != port else 0,
        address=frame.addresses[0] if frame.addresses else "127.0.0.1",
        has_own_addresses=bool(frame.addresses),
        protocol=protocol,
        certificates=() if is_passed else certificates,
        gateway=frame.key,
        section=spec.name,
        hosts=(ListenerHost(host=spec.hostname or "*"),),
        admission=admission,
        tls=tls,
        client_trust=None if is_passed else trust,
        created=frame.created,
        problems=problems + unknown + refused + distrusted,
    )


def _tls_problems(part: Written, path: Place, spec: ListenerSpec, protocol: ListenerProtocol) -> tuple[Problem, ...]:
    """What is wrong with TLS; most of it the definition of the kind already refuses."""
    if spec.protocol in {"HTTP", "TCP", "UDP"} and spec.tls is not None:
        part.error((*path, "tls"), f"has no place at a listener for {spec.protocol}")
    if spec.protocol in {"TCP", "UDP"} and spec.hostname is not None:
        part.error((*path, "hostname"), f"has no place at a listener for {spec.protocol}, which knows no hosts")
    if protocol not in {ListenerProtocol.HTTPS, ListenerProtocol.TLS}:
        return ()
    if spec.tls is None:
        message = f"a listener for {spec.protocol} needs tls"
        part.warning((*path, "tls"), f"is missing: {message}, and does not listen without")
        return (("Programmed", "Invalid", message),)
    if spec.tls.mode == "Passthrough":
        if protocol is ListenerProtocol.HTTPS:
            part.error((*path, "tls", "mode"), "must be Terminate at a listener for HTTPS; Passthrough is for TLS")
    elif not spec.tls.certificate_refs:
        if not spec.tls.options:
            part.error((*path, "tls", "certificateRefs"), "is missing; TLS that ends here needs a certificate")
        return (("ResolvedRefs", "InvalidCertificateRef", "there is no certificate"),)
    return ()


def _certificates(
    part: Written, path: Place, spec: ListenerSpec, frame: Frame
) -> tuple[tuple[Certificate, ...], tuple[Problem, ...]]:
    """The certificates of a listener, and what is wrong with those that cannot be any."""
    found: list[Certificate] = []
    problems: list[Problem] = []
    for index, each in enumerate(spec.tls.certificate_refs if spec.tls is not None else ()):
        place = (*path, "tls", "certificateRefs", index)
        if (each.group, each.kind) != ("", "Secret"):
            message = f"a certificate is a Secret, not a {each.kind}{f' of {each.group}' if each.group else ''}"
            part.warning(place, f"cannot be used: {message}")
            problems.append(("ResolvedRefs", "InvalidCertificateRef", message))
            continue
        namespace = part.document.key.name.namespace
        found.append(
            Certificate(
                secret=Name(each.namespace or namespace, each.name),
                hosts=(spec.hostname,) if spec.hostname is not None else (),
                referrer=referrer(frame.kind, namespace),
                origin=part.at(*place),
            )
        )
    return tuple(found), tuple(problems)


def _check_distinct(part: Written, specs: Sequence[ListenerSpec]) -> None:
    """Listeners of one object have different names, and differ in port, protocol or host."""
    names: set[str] = set()
    places: set[tuple[object, ...]] = set()
    for index, spec in enumerate(specs):
        path = ("spec", "listeners", index)
        if spec.name in names:
            part.error((*path, "name"), f'is "{spec.name}" like that of a listener before; names must differ')
        place = (spec.port, spec.protocol, spec.hostname)
        if place in places:
            part.error(path, "has the port, protocol and hostname of a listener before")
        names.add(spec.name)
        places.add(place)
