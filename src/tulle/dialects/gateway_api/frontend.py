"""TLS settings of a whole gateway: whose client certificates it believes."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import PortNumber, Several
from tulle.dialects.gateway_api.admission import Problem
from tulle.dialects.gateway_api.references import ObjectReference, SecretReference, referrer
from tulle.dialects.gateway_api.values import at_most
from tulle.dialects.objects import ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.listeners import Certificate, ClientCertificates, ClientTrust
from tulle.model.names import Name

Place = tuple[Step, ...]
MODES = {
    "AllowValidOnly": ClientCertificates.REQUIRED,
    "AllowInsecureFallback": ClientCertificates.UNVERIFIED,
}


class FrontendValidation(ObjectSpec):
    """How client certificates are verified."""

    ca_certificate_refs: Annotated[tuple[ObjectReference, ...], Several(alone=False), at_most(8, 1)] = Field(
        alias="caCertificateRefs", description="ConfigMaps or Secrets with authorities in `ca.crt`."
    )
    mode: Literal["AllowValidOnly", "AllowInsecureFallback"] = Field(
        "AllowValidOnly", description="Whether clients without a good certificate are refused, or let in all the same."
    )


class FrontendConfig(ObjectSpec):
    """TLS towards clients."""

    validation: FrontendValidation | None = Field(None, description="How client certificates are verified.")


class PortConfig(ObjectSpec):
    """TLS towards clients, on one port."""

    port: PortNumber = Field(description="The port.")
    tls: FrontendConfig = Field(description="TLS on it.")


class Frontend(ObjectSpec):
    """TLS towards clients of HTTPS listeners."""

    default: FrontendConfig = Field(description="On every port without settings of its own.")
    per_port: Annotated[tuple[PortConfig, ...], Several(alone=False), at_most(64)] = Field(
        (), description="On single ports."
    )


class BackendClient(ObjectSpec):
    """How the gateway shows itself to backends."""

    client_certificate_ref: SecretReference | None = Field(
        None, description="A secret with a certificate and key, shown to backends that a BackendTLSPolicy is for."
    )


class GatewayTls(ObjectSpec):
    """TLS of a whole gateway."""

    backend: BackendClient | None = Field(None, description="Towards backends.")
    frontend: Frontend | None = Field(None, description="Towards clients.")


Trust = tuple[ClientTrust | None, tuple[Problem, ...]]


def shown_certificate(part: Written, spec: GatewayTls | None) -> tuple[Certificate | None, str]:
    """What the gateway shows to backends, or why it cannot be that."""
    reference = spec.backend.client_certificate_ref if spec is not None and spec.backend is not None else None
    if reference is None:
        return None, ""
    path: Place = ("spec", "tls", "backend", "clientCertificateRef")
    if (reference.group, reference.kind) != ("", "Secret"):
        problem = f"a certificate is a Secret, not a {reference.kind}"
        part.warning(path, f"cannot be used: {problem}{f' of {reference.group}' if reference.group else ''}")
        return None, problem
    namespace = part.document.key.name.namespace
    name = Name(reference.namespace or namespace, reference.name)
    return Certificate(secret=name, referrer=referrer("Gateway", namespace), origin=part.at(*path)), ""


def trusts(part: Written, spec: GatewayTls | None) -> dict[int, Trust]:
    """Whose client certificates are good, by port; 0 for every other port."""
    if spec is None or spec.frontend is None:
        return {}
    path: Place = ("spec", "tls", "frontend")
    found = {0: _trust(part, (*path, "default"), spec.frontend.default)}
    for index, each in enumerate(spec.frontend.per_port):
        if each.port in found:
            part.error((*path, "perPort", index, "port"), "is the port of settings before; ports must differ")
        found[each.port] = _trust(part, (*path, "perPort", index, "tls"), each.tls)
    return found


def _trust(part: Written, path: Place, spec: FrontendConfig) -> Trust:
    if spec.validation is None:
        return None, ()
    namespace = part.document.key.name.namespace
    names: dict[str, list[Name]] = {"ConfigMap": [], "Secret": []}
    problems: list[Problem] = []
    for index, each in enumerate(spec.validation.ca_certificate_refs):
        if each.group or each.kind not in names:
            message = f"authorities are in a ConfigMap or a Secret, not in a {each.kind}"
            part.warning((*path, "validation", "caCertificateRefs", index), f"cannot be used: {message}")
            problems.append(("ResolvedRefs", "InvalidCACertificateKind", message))
        else:
            names[each.kind].append(Name(each.namespace or namespace, each.name))
    if not any(names.values()):
        problems.append(("Accepted", "NoValidCACertificate", "there are no authorities for client certificates"))
    trust = ClientTrust(
        handling=MODES[spec.validation.mode],
        ca_maps=tuple(names["ConfigMap"]),
        secrets=tuple(names["Secret"]),
        referrer=referrer("Gateway", namespace),
        origin=part.at(*path, "validation", "caCertificateRefs"),
    )
    return trust, tuple(problems)
