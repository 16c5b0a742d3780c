"""Whose routes a listener takes, and whose listeners a gateway."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.values import Group, Kind, at_most
from tulle.dialects.objects import Items, ObjectSpec, Strings, labels_of
from tulle.dialects.written import Step, Written
from tulle.model.listeners import Admission, LabelSelector, ListenerProtocol, TlsHandling, fitting_kinds

Place = tuple[Step, ...]


class Requirement(ObjectSpec):
    """A condition on a label."""

    key: str = Field(description="The label.")
    operator: Literal["In", "NotIn", "Exists", "DoesNotExist"] = Field(description="How it is compared.")
    values: Items[str] = Field((), description="With what.")


class Selector(ObjectSpec):
    """A choice by labels; all conditions must hold."""

    match_labels: Strings = Field(description="Labels with their values.")
    match_expressions: Items[Requirement] = Field((), description="Conditions on labels.")


class RouteNamespaces(ObjectSpec):
    """Namespaces whose routes are taken."""

    from_: Literal["All", "Selector", "Same"] = Field(
        "Same", alias="from", description="All of them, those that the selector chooses, or that of the gateway."
    )
    selector: Selector | None = Field(None, description="Which, with `from: Selector`.")


class ListenerNamespaces(ObjectSpec):
    """Namespaces whose listener sets are taken."""

    from_: Literal["All", "Selector", "Same", "None"] = Field(
        "None", alias="from", description="All, those that the selector chooses, that of the gateway, or none."
    )
    selector: Selector | None = Field(None, description="Which, with `from: Selector`.")


class AllowedListeners(ObjectSpec):
    """Whose listener sets a gateway takes."""

    namespaces: ListenerNamespaces | None = Field(None, description="Of which namespaces.")


class RouteGroupKind(ObjectSpec):
    """A kind of routes."""

    group: Group = Field(GROUP, description="Its API group.")
    kind: Kind = Field(description="Its kind.")


class AllowedRoutes(ObjectSpec):
    """Whose routes a listener takes."""

    namespaces: RouteNamespaces | None = Field(None, description="Of which namespaces; that of the gateway by default.")
    kinds: Annotated[tuple[RouteGroupKind, ...], Several(alone=False), at_most(8)] = Field(
        (), description="Of which kinds; all that fit the protocol if not given."
    )


Problem = tuple[str, str, str]


def admitted(
    part: Written, path: Place, spec: AllowedRoutes | None, protocol: ListenerProtocol, tls: TlsHandling
) -> tuple[Admission, tuple[Problem, ...]]:
    """Whose routes a listener takes, and what is wrong with that."""
    namespaces, selector = chosen(part, (*path, "namespaces"), spec.namespaces if spec is not None else None)
    wanted = spec.kinds if spec is not None else ()
    fitting = fitting_kinds(protocol, tls)
    kinds = tuple(kind for kind in fitting if any((each.group, each.kind) == (GROUP, kind) for each in wanted))
    problems = []
    for index, each in enumerate(wanted):
        if each.group != GROUP or each.kind not in fitting:
            message = f"{each.kind} does not fit a listener for {protocol.upper()}; {' and '.join(fitting)} do"
            part.warning((*path, "kinds", index), f"has no effect: {message}")
            problems.append(("ResolvedRefs", "InvalidRouteKinds", message))
    return Admission(namespaces=namespaces, selector=selector, kinds=kinds), tuple(problems[:1])


def chosen(
    part: Written, path: Place, spec: RouteNamespaces | ListenerNamespaces | None
) -> tuple[tuple[str, ...] | None, LabelSelector | None]:
    """Namespaces (None: all), or labels of namespaces."""
    home = part.document.key.name.namespace
    if spec is None or spec.from_ == "Same":
        return (home,), None
    if spec.from_ == "Selector":
        if spec.selector is None:
            part.error((*path, "selector"), "is missing, as the namespaces are chosen from Selector")
            return (), None
        return None, selector_of(part, (*path, "selector"), spec.selector)
    return (() if spec.from_ == "None" else None), None


def selector_of(part: Written, path: Place, spec: Selector) -> LabelSelector:
    """Kubernetes' choice by labels."""
    for index, each in enumerate(spec.match_expressions):
        needs_values = each.operator in {"In", "NotIn"}
        if needs_values and not each.values:
            part.error((*path, "matchExpressions", index, "values"), f"is empty, which {each.operator} cannot be")
        elif not needs_values and each.values:
            part.error((*path, "matchExpressions", index, "values"), f"must be empty with {each.operator}")
    expressions = tuple((each.key, str(each.operator), each.values) for each in spec.match_expressions)
    return LabelSelector(labels=labels_of(spec.match_labels), expressions=expressions)
