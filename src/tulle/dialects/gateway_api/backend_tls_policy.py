"""`BackendTLSPolicy`: TLS from gateways and sidecars to backends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.references import LocalReference
from tulle.dialects.gateway_api.rules import created
from tulle.dialects.gateway_api.values import Hostname, PreciseHostname, SectionName, Uri, at_most
from tulle.dialects.objects import Object, ObjectKind, ObjectSpec, Refused, Strings, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.objects import BackendTls


class Target(LocalReference):
    """What the policy is for."""

    section_name: SectionName | None = Field(None, description="One port, by its name; all if not given.")


class AltName(ObjectSpec):
    """A name that a certificate may have."""

    type: Literal["Hostname", "URI"] = Field(description="Whether it is a host name or a URI.")
    hostname: Hostname | None = Field(None, description="The host name.")
    uri: Uri | None = Field(None, description="The URI, such as a SPIFFE identity.")


class Validation(ObjectSpec):
    """How certificates of backends are verified."""

    ca_certificate_refs: Annotated[tuple[LocalReference, ...], Several(alone=False), at_most(8)] = Field(
        (), alias="caCertificateRefs", description="ConfigMaps with authorities in `ca.crt`."
    )
    well_known_ca_certificates: Literal["System"] | None = Field(
        None, alias="wellKnownCACertificates", description="Instead: the authorities of the system."
    )
    hostname: PreciseHostname = Field(
        description="The server name that is asked for; without subjectAltNames the certificate must have it."
    )
    subject_alt_names: Annotated[tuple[AltName, ...], Several(alone=False), at_most(5)] = Field(
        (), description="Names of which the certificate must have one."
    )


class BackendTlsPolicySpec(ObjectSpec):
    """What the policy says."""

    target_refs: Annotated[tuple[Target, ...], Several(alone=False), at_most(16, 1)] = Field(
        description="Services it is for."
    )
    validation: Validation = Field(description="How their certificates are verified.")
    options: Annotated[
        Strings, Refused("has no effect: options of other implementations are unknown here", unless=({},))
    ] = Field(description="Settings of implementations.")


class BackendTlsPolicy(Object):
    """TLS to backends."""

    spec: BackendTlsPolicySpec = Field(description="What the policy says.")


def read(part: Written) -> Fragment:
    """One policy."""
    found = validated(part, BackendTlsPolicy)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    checks, name = found.spec.validation, part.document.key.name
    _check_distinct(part, found.spec.target_refs)
    problems: list[tuple[str, str, str]] = []
    maps: list[Name] = []
    for index, each in enumerate(checks.ca_certificate_refs):
        if (each.group, each.kind) == ("", "ConfigMap"):
            maps.append(Name(name.namespace, each.name))
        else:
            message = f"authorities are in a ConfigMap, not in a {each.kind}"
            part.warning(("spec", "validation", "caCertificateRefs", index), f"cannot be used: {message}")
            problems.append(("ResolvedRefs", "InvalidKind", message))
    if checks.ca_certificate_refs and not maps:
        problems.append(("Accepted", "NoValidCACertificate", "there are no authorities that could be used"))
    if bool(checks.ca_certificate_refs) == (checks.well_known_ca_certificates is not None):
        part.error(("spec", "validation"), "needs either caCertificateRefs or wellKnownCACertificates")
    policy = BackendTls(
        name=name,
        origin=part.origin,
        targets=_targets(part, found.spec.target_refs),
        server_name=checks.hostname,
        ca_maps=tuple(maps),
        uses_system_ca=checks.well_known_ca_certificates is not None,
        subject_alt_names=_alt_names(part, checks.subject_alt_names),
        created=created(found.metadata),
        problems=tuple(problems),
    )
    return Fragment(objects=(policy,), findings=tuple(part.findings))


def _targets(part: Written, specs: Sequence[Target]) -> tuple[tuple[str, str, str], ...]:
    for index, each in enumerate(specs):
        if (each.group, each.kind) != ("", "Service"):
            part.warning(("spec", "targetRefs", index), f"has no effect: TLS is for a Service, not for a {each.kind}")
    return tuple((each.kind, each.name, each.section_name or "") for each in specs)


def _alt_names(part: Written, specs: Sequence[AltName]) -> tuple[str, ...]:
    names = []
    for index, each in enumerate(specs):
        path = ("spec", "validation", "subjectAltNames", index)
        wanted, other = (each.hostname, each.uri) if each.type == "Hostname" else (each.uri, each.hostname)
        field, wrong = ("hostname", "uri") if each.type == "Hostname" else ("uri", "hostname")
        if wanted is None:
            part.error((*path, field), f"is missing, as the type is {each.type}")
        else:
            names.append(wanted)
        if other is not None:
            part.error((*path, wrong), f"does not belong to a name of type {each.type}")
    return tuple(names)


def _check_distinct(part: Written, specs: Sequence[Target]) -> None:
    """A service is named once, or once for each of several ports."""
    seen: dict[tuple[str, str, str], list[str | None]] = {}
    for index, each in enumerate(specs):
        sections = seen.setdefault((each.group, each.kind, each.name), [])
        if each.section_name in sections:
            part.error(("spec", "targetRefs", index), "names the same as one before it")
        elif sections and None in (*sections, each.section_name):
            part.error(("spec", "targetRefs", index), "needs a sectionName, as others name the same target")
        sections.append(each.section_name)


KIND = ObjectKind(
    group=GROUP,
    versions=("v1", "v1alpha3"),
    kind="BackendTLSPolicy",
    schema=BackendTlsPolicy,
    read=read,
    documentation="https://gateway-api.sigs.k8s.io/reference/api-types/backendtlspolicy/",
)
