"""What may be written about a service: its schemas."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tulle.dialects.fields import (
    LABEL,
    Host,
    Hosts,
    Label,
    Labels,
    Methods,
    PortNumbers,
    Several,
    Spec,
    Text,
    Weight,
    ip,
    refuse,
    shown,
)
from tulle.dialects.native.backends import Caller, checked_weights
from tulle.dialects.native.policy import PolicySpec, VersionPolicySpec
from tulle.dialects.native.ports import PortKey, PortsSpec, Target
from tulle.dialects.native.rules import RouteRuleSpec
from tulle.dialects.native.running import LabelMap, RunSpec
from tulle.dialects.native.streams import Streams

TARGETS = ("versions", "to", "weights", "redirect", "respond")


def _versions(value: object) -> object:
    return {value: 1} if isinstance(value, str) else value


def _rule(value: object) -> object:
    return {"from": value} if isinstance(value, str) else value


def _allowed_path(value: object) -> object:
    if not isinstance(value, str) or not value.startswith("/") or "*" in value[:-1]:
        refuse(f"must be a path that begins with / and may end in *, not {shown(value)}")
    return value


def _visible_to(value: object) -> object:
    if not isinstance(value, str) or not (value in {"*", "."} or LABEL.fullmatch(value)):
        refuse(f"must be a namespace, * for all or . for its own, not {shown(value)}")
    return value


VisibleTo = Annotated[str, BeforeValidator(_visible_to)]


def _called(value: object) -> object:
    try:
        return str(ip_network(value, strict=False)) if isinstance(value, str) and "/" in value else ip(value)
    except ValueError:
        refuse(f"must be an IP address or a network such as 10.0.0.0/8, not {shown(value)}")


CalledAddress = Annotated[str, BeforeValidator(_called)]


class AllowSpec(Spec):
    """A permission; every part that is given must hold."""

    callers: Annotated[tuple[Caller, ...], Several()] = Field(
        (), alias="from", description="Services that may call: web, orders.shop; gateway for the gateway."
    )
    namespace: Labels = Field((), description="Namespaces of which every service may call.")
    methods: Methods = Field((), description="Only with these HTTP methods.")
    paths: Annotated[tuple[Annotated[str, BeforeValidator(_allowed_path)], ...], Several()] = Field(
        (), description="Only these paths; /api/* is everything below /api/."
    )
    ports: PortNumbers = Field((), description="Only these ports.")


PortPolicies = dict[PortKey, VersionPolicySpec]


class VersionSpec(RunSpec, VersionPolicySpec):
    """A version; what it does not say is as the service says."""

    select: Annotated[LabelMap, Field(min_length=1)] | None = Field(
        None,
        description="Labels of what belongs to it; version with its name if not given. With them, it runs nothing "
        "itself, unless it has a command.",
    )
    port_policies: PortPolicies = Field(default_factory=dict, description="What is different on single ports.")


class ServiceRouteSpec(RouteRuleSpec):
    """How some calls to this service are spread. The first rule that matches is used."""

    versions: (
        Annotated[
            dict[Label, Weight],
            BeforeValidator(_versions, json_schema_input_type=str | dict[str, int]),
            AfterValidator(checked_weights),
        ]
        | None
    ) = Field(None, description="The version that gets the calls, or several with their shares.")


class ServiceSpec(RunSpec, PortsSpec, PolicySpec):
    """Something that can be called by name."""

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    account: Label | None = Field(
        None, description="Its identity; its name if not given. With select, that of its workloads."
    )
    target: Target | None = Field(None, description="The port of the workloads behind it, if it is another one.")
    select: Annotated[LabelMap, Field(min_length=1)] | None = Field(
        None, description="Labels of the workloads of its namespace that answer for it, whoever runs them."
    )
    headless: bool = Field(False, description="Whether it is called by the addresses of its workloads.")
    alias: Host | None = Field(None, description="Another host that it stands for.")
    called: Annotated[tuple[CalledAddress, ...], Several()] = Field(
        (), description="Addresses by which it is called, beside its names."
    )
    identities: Annotated[tuple[Text, ...], Several()] = Field(
        (), description="What it shows as its name, beside the identities of its accounts."
    )
    port_policies: PortPolicies = Field(default_factory=dict, description="What is different on single ports.")
    calls: Annotated[tuple[Caller, ...], Several()] | None = Field(
        None, description="TCP and UDP services that it reaches by TULLE_<SERVICE>_ADDR; all if not given."
    )
    versions: dict[Label, VersionSpec] = Field(
        default_factory=dict, description="What differs between its versions, by name."
    )
    allow: (
        Annotated[
            tuple[Annotated[AllowSpec, BeforeValidator(_rule, json_schema_input_type=str | AllowSpec)], ...],
            Several(),
        ]
        | None
    ) = Field(None, description="Who may call it; every service of the mesh if not given, nobody if empty.")
    mtls: Literal["strict", "permissive", "disable"] | None = Field(
        None, description="What its sidecars take: mutual TLS only, plain text too, or plain text only."
    )
    hosts: Annotated[Hosts, Field(min_length=1)] | None = Field(
        None, description="Host names by which it is called, for a service outside: api.example.org, *.example.org."
    )
    location: Literal["outside", "inside"] | None = Field(
        None, description="With hosts: whether it is a part of the mesh; outside, unless it is run here."
    )
    resolution: Literal["dns", "dns_round_robin", "dynamic_dns", "none", "endpoints"] | None = Field(
        None, description="With hosts: how it is found; dns, dynamic_dns for wildcards, none for the called address."
    )
    visible_to: Annotated[tuple[VisibleTo, ...], Several()] = Field(
        ("*",), description="Namespaces whose workloads see it; * for all, . for its own."
    )
    routes: Annotated[tuple[ServiceRouteSpec, ...], Several()] = Field(
        (),
        description="How calls of other workloads are spread over its versions. Gateway routes have their own weights.",
    )
    streams: Streams = Field((), description="How connections of other workloads to its TCP and TLS ports are spread.")
