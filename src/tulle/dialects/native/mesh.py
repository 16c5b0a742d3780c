"""`mesh`: what holds for the whole mesh."""

from __future__ import annotations

import json
import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import (
    Count,
    Label,
    PortNumber,
    PositiveCount,
    PositiveDuration,
    Several,
    Spec,
    Text,
    refuse,
    shown,
)
from tulle.dialects.native.exchange import Checked, CheckSpec
from tulle.dialects.native.running import LabelsOfSeveral
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.documents import Origin
from tulle.model.extensions import LogProvider, PathNormalization
from tulle.model.mesh import Fragment, Object, Settings
from tulle.model.names import CLUSTER_DOMAIN, DEFAULT_NAMESPACE, Name
from tulle.model.routes import ExternalCheck
from tulle.model.security import Authorizer, PeerAuthentication, PeerMode

_TRUST_DOMAIN = re.compile(r"[a-z0-9](?:[-._a-z0-9]{0,253}[a-z0-9])?")
"""SPIFFE-ID §2.1."""
SHORTEST_LIFETIME = 10.0
"""Seconds; a certificate must live longer than its renewal takes."""


def _trust_domain(value: object) -> object:
    if not isinstance(value, str) or not _TRUST_DOMAIN.fullmatch(value):
        refuse(f"must be a trust domain such as cluster.local, not {shown(value)}")
    return value


class LoggerSpec(Spec):
    """A place that requests are logged to."""

    file: Text = Field("/dev/stdout", description="The file, on the hosts of the proxies.")
    text: Text = Field("", description="A line, in Envoy's commands: %REQUEST_HEADER(:PATH)%.")
    labels: dict[str, object] | None = Field(
        None, description="Instead of a line: a JSON mapping whose values have Envoy's commands; {} for the usual ones."
    )
    omit_empty: bool = Field(False, description="Whether what is empty is left out.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if self.text and self.labels is not None:
            refuse("takes only one of text, labels")
        return self

    def model(self, name: str, origin: Origin) -> LogProvider:
        """As the model has it."""
        labels = "" if self.labels is None else json.dumps(self.labels, sort_keys=True)
        return LogProvider(
            name=name, origin=origin, file=self.file, text=self.text, labels=labels, omits_empty=self.omit_empty
        )


class MeshSpec(Spec):
    """What holds for the whole mesh; written once."""

    trust_domain: Annotated[str, BeforeValidator(_trust_domain)] = Field(
        CLUSTER_DOMAIN, description="The first part of every identity: spiffe://<trust_domain>/ns/..."
    )
    trust_domain_aliases: Annotated[tuple[Annotated[str, BeforeValidator(_trust_domain)], ...], Several()] = Field(
        (), description="Other trust domains whose identities count as the same ones of this."
    )
    outside: Literal["allow", "known"] = Field(
        "allow", description="Whether workloads may call hosts that the mesh does not know."
    )
    certificate_lifetime: Annotated[PositiveDuration, Field(ge=SHORTEST_LIFETIME)] = Field(
        24 * 3600.0, description="Of workload certificates; they are renewed after half of it."
    )
    gateway_threads: Count = Field(0, description="Worker threads of the gateway; 0 for one per core.")
    sidecar_threads: PositiveCount = Field(1, description="Worker threads of each sidecar.")
    access_log: bool = Field(False, description="Whether proxies write a line per request.")
    logger: LoggerSpec | None = Field(None, description="Where and how they do that, if not as Envoy does by itself.")
    loggers: dict[str, LoggerSpec] = Field(default_factory=dict, description="Other places to log to, by name.")
    default_loggers: Annotated[tuple[Text, ...], Several()] = Field(
        (), description="Which of these are meant where nobody says where; logger if none."
    )
    trusted_proxies: Count = Field(
        0, description="How many proxies in front of the gateway say truly who the client is (X-Forwarded-For)."
    )
    path_normalization: Literal["none", "base", "merge_slashes", "decode_and_merge_slashes"] = Field(
        "base",
        description="What sidecars make of paths before they compare them: nothing, dot segments and backslashes, "
        "double slashes too, escaped slashes too.",
    )
    root_namespace: Label = Field("istio-system", description="Policies in it hold for the whole mesh.")
    gateway_labels: LabelsOfSeveral | None = Field(
        None,
        description="By which selectors find the gateway, each with one value or a list where it stands for several "
        "gateways; those of Istio's ingress gateway if not given.",
    )
    ingress_port: PortNumber = Field(Settings().ingress_port, description="Where all Ingresses are served.")
    ingress_tls_port: PortNumber = Field(Settings().ingress_tls_port, description="The same, by TLS.")
    mtls: Literal["strict", "permissive", "disable"] | None = Field(
        None, description="What sidecars take where nobody else says it: mutual TLS only, plain text too, or only that."
    )
    authorizers: dict[str, Checked] = Field(
        default_factory=dict, description="Services that access policies may ask, by name."
    )


def read(part: Written) -> Fragment:
    """The settings."""
    spec = part.validated(MeshSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    objects: list[Object] = [
        Authorizer(name=name, origin=part.at("authorizers", name), check=_check(part, name, check))
        for name, check in spec.authorizers.items()
    ]
    if spec.mtls is not None:
        name, mode = Name(spec.root_namespace, "mesh"), PeerMode(spec.mtls)
        objects.append(PeerAuthentication(name=name, origin=part.at("mtls"), mode=mode))
    labels = Settings().gateway_labels
    if spec.gateway_labels is not None:
        given = ((name, value) for name, values in spec.gateway_labels.items() for value in values)
        labels = tuple(sorted(dict.fromkeys(given)))
    return Fragment(
        objects=tuple(objects),
        settings=Settings(
            origin=part.origin,
            trust_domain=spec.trust_domain,
            trust_domain_aliases=spec.trust_domain_aliases,
            allow_outside=spec.outside == "allow",
            certificate_lifetime=spec.certificate_lifetime,
            gateway_concurrency=spec.gateway_threads,
            sidecar_concurrency=spec.sidecar_threads,
            access_log=spec.access_log,
            logger=spec.logger.model("envoy", part.at("logger")) if spec.logger is not None else None,
            loggers=tuple(each.model(name, part.at("loggers", name)) for name, each in sorted(spec.loggers.items())),
            default_loggers=spec.default_loggers,
            trusted_proxies=spec.trusted_proxies,
            path_normalization=PathNormalization(spec.path_normalization),
            root_namespace=spec.root_namespace,
            gateway_labels=labels,
            ingress_port=spec.ingress_port,
            ingress_tls_port=spec.ingress_tls_port,
        ),
    )


def _check(part: Written, name: str, check: CheckSpec) -> ExternalCheck:
    namespace = str(part.document.data.get("namespace") or DEFAULT_NAMESPACE)
    return check.model(namespace, part.at("authorizers", name))


KIND = Kind(
    name="native/mesh",
    noun="mesh",
    section=("mesh",),
    shape=Shape.WHOLE,
    schema=MeshSpec,
    read=read,
    is_global=True,
)
