"""What HTTP and gRPC routes have in common: rules that send requests to backends, by weight."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Protocol

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.filters import (
    UNSUPPORTED,
    Effects,
    GrpcFilter,
    HttpFilter,
    Place,
    check_repeated,
    effects,
)
from tulle.dialects.gateway_api.references import WeightedReference, backend
from tulle.dialects.gateway_api.values import at_most
from tulle.dialects.objects import Metadata
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import Retry
from tulle.model.routes import (
    Action,
    Backend,
    Forward,
    Match,
    Parent,
    RouteKind,
    RouteRule,
    RouteSet,
    Session,
    StreamRule,
)

LONE = frozenset(("RequestMirror", "RequestRedirect", "CORS", "ExternalAuth", "DirectResponse", "ExtensionRef"))
"""Filters that are done for a whole rule, where its backend is the only one."""
ANSWERS = frozenset(("RequestRedirect", "DirectResponse"))
"""Those of them that are done for the share of one of several backends, too."""


class HttpBackend(WeightedReference):
    """A backend of an HTTP route."""

    filters: Annotated[tuple[HttpFilter, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Filters for the requests that go to this one."
    )


class GrpcBackend(WeightedReference):
    """A backend of a gRPC route."""

    filters: Annotated[tuple[GrpcFilter, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Filters for the requests that go to this one."
    )


class Ruled(Protocol):
    """What a rule of either kind has."""

    @property
    def name(self) -> str | None:
        """Its name."""
        ...

    @property
    def filters(self) -> Sequence[HttpFilter | GrpcFilter]:
        """For all of its requests."""
        ...

    @property
    def backend_refs(self) -> Sequence[HttpBackend | GrpcBackend]:
        """Where they go."""
        ...


@dataclass(frozen=True, slots=True)
class Treatment:
    """How requests are treated on the way to the backends."""

    timeout: float | None = None
    retry: Retry | None = None
    session: Session | None = None
    status_without_backends: int = 500


def created(metadata: Metadata) -> str:
    """When an object was made, as text that can be compared."""
    stamp = metadata.creation_timestamp
    return "" if stamp is None else str(stamp)


def route_name(part: Written, kind: RouteKind) -> Name:
    """How a route is called among all routes, of which those of another kind may have the same name."""
    name = part.document.key.name
    return Name(name.namespace, f"{kind}/{name.name}")


def route(
    part: Written,
    metadata: Metadata,
    kind: RouteKind,
    attached: tuple[Parent, ...],
    *,
    hosts: tuple[str, ...] = (),
    rules: tuple[RouteRule, ...] = (),
    streams: tuple[StreamRule, ...] = (),
) -> Fragment:
    """What a route says; nothing, if it asks nobody to take it. Without `hosts` it is for every one."""
    found = RouteSet(
        name=route_name(part, kind),
        origin=part.origin,
        hosts=hosts or ("*",),
        host_origins=tuple((host, part.at("spec", "hostnames", index)) for index, host in enumerate(hosts)),
        rules=rules,
        streams=streams,
        parents=attached,
        kind=kind,
        is_complete=kind in {RouteKind.HTTP, RouteKind.GRPC},
        created=created(metadata),
    )
    return Fragment(routes=(found,) if attached else (), findings=tuple(part.findings))


def rule_name(part: Written, index: int, name: str | None) -> str:
    """How a rule is called."""
    return f"{part.document.key.name.name}/{name if name is not None else index}"


def check_names(part: Written, rules: Sequence[Ruled]) -> None:
    """No two rules have the same name."""
    names = [rule.name for rule in rules]
    for index, name in enumerate(names):
        if name is not None and name in names[:index]:
            part.error(("spec", "rules", index, "name"), "is the name of a rule before; names must differ")


def check_matches(part: Written, counts: Sequence[int]) -> None:
    """All rules together have a limited number of matches."""
    if sum(counts) > 128:
        part.error(("spec", "rules"), f"have {sum(counts)} matches together; at most 128 are allowed")


def rule(
    part: Written, index: int, spec: Ruled, matches: tuple[Match, ...], kind: RouteKind, treatment: Treatment
) -> RouteRule:
    """One rule."""
    path: Place = ("spec", "rules", index)
    check_repeated(part, (*path, "filters"), spec.filters)
    placed: list[tuple[Place, HttpFilter | GrpcFilter]] = [
        ((*path, "filters", number), item) for number, item in enumerate(spec.filters)
    ]
    backends = tuple(
        _backend(part, (*path, "backendRefs", number), item, kind, is_alone=len(spec.backend_refs) == 1)
        for number, item in enumerate(spec.backend_refs)
    )
    for _, lifted in backends:
        placed += lifted
    found = effects(part, placed, kind)
    own = [item for item in spec.filters if isinstance(item, HttpFilter)]
    if spec.backend_refs and any(item.request_redirect is not None for item in own):
        part.error((*path, "backendRefs"), "stand beside a RequestRedirect; a request is sent on or redirected")
    if spec.backend_refs and any(item.direct_response is not None for item in own):
        part.error((*path, "backendRefs"), "stand beside a DirectResponse; a request is sent on or answered")
    return RouteRule(
        name=rule_name(part, index, spec.name),
        origin=part.at(*path),
        matches=matches,
        action=_action(found, tuple(item for item, _ in backends), treatment),
        request_headers=found.request_headers,
        response_headers=found.response_headers,
        cors=found.cors,
        check=found.check,
    )


def _action(found: Effects, backends: tuple[Backend, ...], treatment: Treatment) -> Action:
    if found.refusal is not None:
        return Forward(backends=(found.refusal,), status_without_backends=treatment.status_without_backends)
    if found.redirect is not None:
        return found.redirect
    if found.response is not None:
        return found.response
    return Forward(
        backends=backends,
        rewrite=found.rewrite,
        timeout=treatment.timeout,
        retry=treatment.retry,
        mirrors=found.mirrors,
        session=treatment.session,
        status_without_backends=treatment.status_without_backends,
    )


def _backend(
    part: Written, path: Place, spec: HttpBackend | GrpcBackend, kind: RouteKind, *, is_alone: bool
) -> tuple[Backend, list[tuple[Place, HttpFilter | GrpcFilter]]]:
    """A backend, and those of its filters that are done for the whole rule, as it is the only one."""
    check_repeated(part, (*path, "filters"), spec.filters)
    own: list[tuple[Place, HttpFilter | GrpcFilter]] = []
    lifted: list[tuple[Place, HttpFilter | GrpcFilter]] = []
    refused: tuple[Place, str] | None = None
    filters: Sequence[HttpFilter | GrpcFilter] = spec.filters
    for number, item in enumerate(filters):
        place = (*path, "filters", number)
        if _belongs_to_rule(item) and is_alone:
            lifted.append((place, item))
        elif not _belongs_to_rule(item) or item.type in ANSWERS:
            own.append((place, item))
        else:
            refused = place, f"a {item.type} cannot be done for one of several backends; its requests are answered 500"
    done = effects(part, own, kind)
    made = backend(
        part,
        path,
        spec,
        kind,
        request_headers=done.request_headers,
        response_headers=done.response_headers,
        host_rewrite=done.rewrite.host if done.rewrite is not None else None,
    )
    if done.refusal is not None and not made.problem:
        made = replace(made, problem=done.refusal.problem, problem_reason=UNSUPPORTED)
    made = replace(made, answer=done.redirect or done.response)
    if refused is not None and not made.problem:
        made = replace(made, origin=part.at(*refused[0]), problem=refused[1], problem_reason=UNSUPPORTED)
    return made, lifted


def _belongs_to_rule(item: HttpFilter | GrpcFilter) -> bool:
    if isinstance(item, HttpFilter) and item.url_rewrite is not None:
        return item.url_rewrite.path is not None
    return item.type in LONE
