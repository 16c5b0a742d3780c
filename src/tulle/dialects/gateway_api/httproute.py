"""`HTTPRoute`: which request goes where."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.filters import HttpFilter, Place
from tulle.dialects.gateway_api.matches import HttpMatch, http_match
from tulle.dialects.gateway_api.paths import PathModifier
from tulle.dialects.gateway_api.references import RouteSpec, parents
from tulle.dialects.gateway_api.rules import (
    HttpBackend,
    Treatment,
    check_matches,
    check_names,
    route,
    rule,
    rule_name,
)
from tulle.dialects.gateway_api.sessions import SessionPersistence, session
from tulle.dialects.gateway_api.values import Duration, Hostname, SectionName, at_most
from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.policies import Retry
from tulle.model.routes import RouteKind, RouteRule

Hostnames = Annotated[tuple[Hostname, ...], Several(alone=False), at_most(16)]
Code = Annotated[int, Field(ge=400, le=599)]
EVERYTHING = HttpMatch.model_validate({})


class Timeouts(ObjectSpec):
    """How long answers may take; `0s` for no limit."""

    request: Duration | None = Field(None, description="For the whole answer, retries included; no limit by default.")
    backend_request: Duration | None = Field(None, description="For one try.")


NO_TIMEOUTS = Timeouts.model_validate({})


class RetrySpec(ObjectSpec):
    """When a request is tried again, beside failures to connect."""

    codes: Annotated[
        tuple[Code, ...],
        Several(alone=False),
        Differs("Requests that a backend has seen are only repeated if their method is idempotent."),
    ] = Field((), description="Statuses that are tried again.")
    attempts: Annotated[int, Field(ge=0)] | None = Field(None, description="Tries after the first one; 2 by default.")
    backoff: Duration | None = Field(None, description="How long to wait before the second try, at least.")


class HttpRule(ObjectSpec):
    """Requests that meet one of the matches go to one of the backends."""

    name: SectionName | None = Field(None, description="Its name, unique within the route.")
    matches: Annotated[tuple[HttpMatch, ...], Several(alone=False), at_most(64)] = Field(
        (), description="Which requests it is about; all if not given. The most specific match of all rules wins."
    )
    filters: Annotated[tuple[HttpFilter, ...], Several(alone=False), at_most(16)] = Field(
        (), description="What is done with the requests on their way."
    )
    backend_refs: Annotated[tuple[HttpBackend, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Services that get the requests, by weight; without any they are answered 500."
    )
    timeouts: Timeouts | None = Field(None, description="How long answers may take.")
    retry: RetrySpec | None = Field(None, description="When requests are tried again.")
    session_persistence: SessionPersistence | None = Field(
        None, description="Whether a client stays with the endpoint that it had first."
    )


class HttpRouteSpec(RouteSpec):
    """What the route says."""

    hostnames: Hostnames = Field((), description="Hosts it is for; all that its parents serve if not given.")
    rules: Annotated[tuple[HttpRule, ...], Several(alone=False), at_most(16, 1)] = Field(
        (HttpRule.model_validate({}),), description="Its rules."
    )


class HttpRoute(Object):
    """Routes for HTTP."""

    spec: HttpRouteSpec = Field(description="What the route says.")


def read(part: Written) -> Fragment:
    """One route."""
    found = validated(part, HttpRoute)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec
    attached = parents(part, spec.parent_refs)
    check_names(part, spec.rules)
    check_matches(part, [max(1, len(each.matches)) for each in spec.rules])
    rules = tuple(_rule(part, index, each) for index, each in enumerate(spec.rules))
    return route(part, found.metadata, RouteKind.HTTP, attached, hosts=spec.hostnames, rules=rules)


def _rule(part: Written, index: int, spec: HttpRule) -> RouteRule:
    path = ("spec", "rules", index)
    matches = tuple(
        http_match(part, (*path, "matches", number), each) for number, each in enumerate(spec.matches or (EVERYTHING,))
    )
    _check_prefixes(part, index, spec)
    name = rule_name(part, index, spec.name)
    stays = session(part, (*path, "sessionPersistence"), spec.session_persistence, name)
    timeouts = spec.timeouts or NO_TIMEOUTS
    limit, each_try = timeouts.request, timeouts.backend_request or None
    if limit and each_try is not None and each_try > limit:
        part.error((*path, "timeouts", "backendRequest"), "is longer than the limit for the whole request")
    treatment = Treatment(timeout=limit, retry=_retry(spec.retry, each_try), session=stays)
    return rule(part, index, spec, matches, RouteKind.HTTP, treatment)


def _retry(spec: RetrySpec | None, each_try: float | None) -> Retry | None:
    """Beside the statuses, a connection that breaks and a try that takes too long are repeated (GEP-1731)."""
    if spec is None:
        return Retry(per_try_timeout=each_try) if each_try is not None else None
    return Retry(
        attempts=2 if spec.attempts is None else spec.attempts,
        conditions=("reset",),
        status_codes=spec.codes,
        per_try_timeout=each_try,
        backoff=spec.backoff or None,
    )


def _check_prefixes(part: Written, index: int, spec: HttpRule) -> None:
    """A prefix can only be replaced where one prefix was matched."""
    types = [match.path.type if match.path is not None else "PathPrefix" for match in spec.matches]
    if types in ([], ["PathPrefix"]):
        return
    path = ("spec", "rules", index)
    placed: list[tuple[Place, HttpFilter]] = [
        ((*path, "filters", number), item) for number, item in enumerate(spec.filters)
    ]
    for place, backend in enumerate(spec.backend_refs):
        placed += [((*path, "backendRefs", place, "filters", n), item) for n, item in enumerate(backend.filters)]
    for where, item in placed:
        for field, modifier in (("requestRedirect", item.request_redirect), ("urlRewrite", item.url_rewrite)):
            change: PathModifier | None = modifier.path if modifier is not None else None
            if change is not None and change.replace_prefix_match is not None:
                message = "replaces a prefix, so the rule needs exactly one match, of type PathPrefix"
                part.error((*where, field, "path"), message)


KIND = ObjectKind(
    group=GROUP,
    versions=("v1", "v1beta1", "v1alpha2"),
    kind="HTTPRoute",
    schema=HttpRoute,
    read=read,
    documentation="https://gateway-api.sigs.k8s.io/reference/api-types/httproute/",
)
