"""References: where routes attach, where they send requests, what else they name."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import PortNumber, Several
from tulle.dialects.gateway_api.dialect import EXPERIMENTAL, GROUP
from tulle.dialects.gateway_api.values import Group, Kind, Namespace, ObjectName, SectionName, at_most
from tulle.dialects.objects import ObjectSpec, Refused
from tulle.dialects.written import Step, Written
from tulle.model.names import SERVICE_SUFFIX, Name, named
from tulle.model.objects import listener_set_key
from tulle.model.routes import AttachKind, Backend, HeaderChanges, Parent, Referrer, RouteKind

HOSTNAME = ("networking.istio.io", "Hostname")
"""A backend by its host, as Istio knows it: a server outside the mesh."""
LISTENER_SETS = frozenset(((GROUP, "ListenerSet"), (EXPERIMENTAL, "XListenerSet")))


class ParentReference(ObjectSpec):
    """What a route asks to be attached to."""

    group: Group = Field(GROUP, description='API group of the parent; `""` for a Service.')
    kind: Kind = Field("Gateway", description="Gateway, ListenerSet, or Service (for calls between workloads).")
    namespace: Namespace | None = Field(None, description="Its namespace; that of the route if not given.")
    name: ObjectName = Field(description="Its name.")
    section_name: SectionName | None = Field(
        None, description="One listener of the gateway, or one port of the service, by name; all that fit if not given."
    )
    port: PortNumber | None = Field(None, description="Only listeners (or the port of the service) with this number.")


class RouteSpec(ObjectSpec):
    """What every route has."""

    parent_refs: Annotated[tuple[ParentReference, ...], Several(alone=False), at_most(32)] = Field(
        (), description="Gateways, listener sets and services that the route asks to be attached to."
    )
    use_default_gateways: Annotated[
        str | None, Refused("has no effect: name the gateways in parentRefs", unless=("None",))
    ] = Field(None, description="Attachment to gateways that are nobody's parent by name.")


class LocalReference(ObjectSpec):
    """An object in the same namespace."""

    group: Group = Field(description="Its API group.")
    kind: Kind = Field(description="Its kind.")
    name: ObjectName = Field(description="Its name.")


class ObjectReference(LocalReference):
    """An object, perhaps in another namespace."""

    namespace: Namespace | None = Field(
        None, description="Its namespace, which must grant the reference; that of this object if not given."
    )


class SecretReference(ObjectSpec):
    """A secret, perhaps in another namespace."""

    group: Group = Field("", description="Its API group.")
    kind: Kind = Field("Secret", description="Its kind; only Secret is known.")
    name: ObjectName = Field(description="Its name.")
    namespace: Namespace | None = Field(
        None, description="Its namespace, which must grant the reference; that of this object if not given."
    )


class BackendReference(ObjectSpec):
    """A service that gets requests."""

    group: Group = Field("", description="Its API group.")
    kind: Kind = Field(
        "Service",
        description="Its kind: Service, or Hostname (of `networking.istio.io`) for the host of a ServiceEntry; others "
        "are answered 500.",
    )
    name: ObjectName = Field(description="Its name.")
    namespace: Namespace | None = Field(
        None, description="Its namespace, which must grant the reference; that of the route if not given."
    )
    port: PortNumber | None = Field(None, description="Its port; required for a service.")


class WeightedReference(BackendReference):
    """One of several services, with its share of the requests."""

    weight: Annotated[int, Field(ge=0, le=1_000_000)] = Field(
        1, description="Share of the requests, relative to the sum of all weights; 0 for none."
    )


def referrer(kind: str, namespace: str) -> Referrer:
    """An object of Gateway API that refers to another one."""
    return Referrer(GROUP, kind, namespace)


def backend(
    part: Written,
    path: tuple[Step, ...],
    spec: BackendReference,
    kind: RouteKind,
    *,
    request_headers: HeaderChanges | None = None,
    response_headers: HeaderChanges | None = None,
    host_rewrite: str | None = None,
) -> Backend:
    """A service as routes refer to it. What can be no backend at all keeps its share, and is answered 500."""
    namespace = part.document.key.name.namespace
    service, host = _called(spec, namespace)
    problem = ""
    if (spec.group, spec.kind) not in {("", "Service"), HOSTNAME}:
        problem = f"there is no backend of kind {spec.kind}{f' in {spec.group}' if spec.group else ''} here"
    elif spec.port is None:
        part.error((*path, "port"), "is missing; a service needs one")
    return Backend(
        service=service,
        host=host,
        port=spec.port,
        is_udp=kind is RouteKind.UDP,
        weight=spec.weight if isinstance(spec, WeightedReference) else 1,
        origin=part.at(*path),
        request_headers=request_headers,
        response_headers=response_headers,
        host_rewrite=host_rewrite,
        # Whoever may call a host outside needs nobody's consent to send requests there.
        referrer=None if host else referrer(kind, namespace),
        problem=problem,
        problem_reason="InvalidKind" if problem else "",
    )


def _called(spec: BackendReference, namespace: str) -> tuple[Name, str]:
    """The service that a reference means, and its host if it is called by that."""
    if (spec.group, spec.kind) != HOSTNAME:
        return Name(spec.namespace or namespace, spec.name), ""
    if spec.name.endswith(SERVICE_SUFFIX):
        return Name.parse(spec.name.removesuffix(SERVICE_SUFFIX), namespace), ""
    return named(namespace, spec.name), spec.name


def parents(part: Written, specs: Sequence[ParentReference]) -> tuple[Parent, ...]:
    """Where a route asks to be attached, as far as it can be known here; notes what cannot."""
    _check_distinct(part, specs)
    found = []
    for index, spec in enumerate(specs):
        path = ("spec", "parentRefs", index)
        namespace = spec.namespace or part.document.key.name.namespace
        name = named(namespace, spec.name)
        kind = AttachKind.GATEWAY
        if (spec.group, spec.kind) == ("", "Service"):
            kind = AttachKind.SERVICE
        elif (spec.group, spec.kind) in LISTENER_SETS:
            name = listener_set_key(name)
        elif (spec.group, spec.kind) != (GROUP, "Gateway"):
            hint = '; write group: ""' if spec.kind == "Service" else ""
            part.warning(
                path,
                f"names a {spec.kind} of {spec.group or 'the core group'}, to which no route can be attached{hint}",
            )
            continue
        found.append(
            Parent(
                kind=kind,
                name=name,
                section=spec.section_name or "",
                port=spec.port,
                origin=part.at(*path),
                reference=_as_written(part.value["spec"]["parentRefs"][index]),
            )
        )
    if not specs:
        part.warning(("spec",), "has no parentRefs, so the route is attached to nothing")
    return tuple(found)


def _as_written(value: Mapping[str, object]) -> tuple[tuple[str, str], ...]:
    return tuple((key, str(text)) for key, text in value.items() if text is not None)


def _check_distinct(part: Written, specs: Sequence[ParentReference]) -> None:
    """References to one parent differ in the same fields."""
    home = part.document.key.name.namespace
    seen: dict[tuple[str, ...], list[ParentReference]] = {}
    for index, spec in enumerate(specs):
        path = ("spec", "parentRefs", index)
        others = seen.setdefault((spec.group, spec.kind, spec.namespace or home, spec.name), [])
        if any((other.section_name, other.port) == (spec.section_name, spec.port) for other in others):
            part.error(path, "names the same parent as one before it")
        elif any(_fields(other) != _fields(spec) for other in others):
            part.error(path, "needs the same of sectionName and port as the others that name this parent")
        others.append(spec)


def _fields(spec: ParentReference) -> tuple[bool, bool]:
    return spec.section_name is not None, spec.port is not None
