"""Rules for requests: Istio's `HTTPRoute`, a part of VirtualServices."""

from __future__ import annotations

import json
from dataclasses import replace
from hashlib import blake2b
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Label
from tulle.dialects.istio.answers import HttpDirectResponse, HttpRedirect, HttpRewrite
from tulle.dialects.istio.cors import CorsPolicy
from tulle.dialects.istio.destinations import (
    Destination,
    Headers,
    HttpRouteDestination,
    backend,
    request_changes,
    response_changes,
    weights,
)
from tulle.dialects.istio.faults import HttpFaultInjection
from tulle.dialects.istio.matches import HttpMatch
from tulle.dialects.istio.retries import HttpRetry
from tulle.dialects.istio.targets import Conditional, Limited, Target, narrowed
from tulle.dialects.istio.values import Percentage, Seconds
from tulle.dialects.objects import Items, ObjectSpec, Refused
from tulle.dialects.written import Step, Written
from tulle.model.names import Name
from tulle.model.routes import Action, Backend, Delegate, Forward, Match, Mirror, Rewrite, RouteRule

ACTIONS = ("route", "redirect", "directResponse", "delegate")
_ONLY_SENT_ON = ("rewrite", "timeout", "retries", "mirror", "mirrors")
"""What means nothing where no request is sent on."""


class DelegateSpec(ObjectSpec):
    """Another VirtualService, without hosts."""

    name: str = Field(min_length=1, description="Its name.")
    namespace: Label | None = Field(None, description="Its namespace; that of this document if not given.")


class HttpMirrorPolicy(ObjectSpec):
    """A copy of some requests, whose answers nobody waits for."""

    destination: Destination = Field(description="Who gets the copy.")
    percentage: Percentage | None = Field(None, description="Of how many requests; all if not given.")


class HttpRoute(ObjectSpec):
    """One rule: which requests, and what happens to them. The first that matches counts."""

    name: str = Field("", description="How the rule is called, in logs too.")
    match: Items[HttpMatch] = Field((), description="Any of them must match; every request does if there is none.")
    route: Items[HttpRouteDestination] = Field((), description="Where requests are sent, with their shares.")
    redirect: HttpRedirect | None = Field(None, description="Tells the client to ask elsewhere.")
    direct_response: HttpDirectResponse | None = Field(None, description="Answers at once.")
    delegate: DelegateSpec | None = Field(
        None, description="Lets the rules of another VirtualService decide; what they do not say, this one says."
    )
    rewrite: HttpRewrite | None = Field(None, description="Changes path or host before requests are sent on.")
    timeout: Seconds | None = Field(None, description="For the whole answer; none if not given or 0.")
    retries: HttpRetry | None = Field(None, description="When requests are tried again.")
    fault: HttpFaultInjection | None = Field(None, description="Delays or aborts some requests.")
    mirror: Destination | None = Field(None, description="Who gets copies of requests.")
    mirrors: Items[HttpMirrorPolicy] = Field((), description="Several that get copies.")
    mirror_percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="Of how many requests mirror gets a copy; deprecated."
    )
    mirror_percent_snake: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, alias="mirror_percent", description="The same in its oldest spelling; deprecated."
    )
    mirror_percentage: Percentage | None = Field(None, description="Of how many requests mirror gets a copy.")
    cors_policy: CorsPolicy | None = Field(None, description="Which pages of other origins may read the answers.")
    headers: Headers | None = Field(None, description="Changes to headers.")
    websocket_upgrade: Annotated[
        bool | None, Refused("has no effect: WebSockets pass everywhere, as they do in Istio since 1.0", unless=(True,))
    ] = Field(None, description="No longer in Istio: whether WebSockets pass.")


def rule(
    part: Written, path: tuple[Step, ...], spec: HttpRoute, known: tuple[Target, ...]
) -> Conditional[RouteRule, Match]:
    """The rule at `path`; `known` are the targets of the document."""
    conditions = tuple(
        Limited(
            each.model(part, (*path, "match", index)),
            narrowed(part, (*path, "match", index, "gateways"), each.gateways, known),
        )
        for index, each in enumerate(spec.match)
    ) or (Limited(Match()),)
    changes, host = request_changes(part, (*path, "headers"), spec.headers)
    made = RouteRule(
        name=_name(part, path, spec),
        origin=part.at(*path),
        matches=tuple(condition.match for condition in conditions),
        action=_action(part, path, spec, host),
        request_headers=changes,
        response_headers=response_changes(part, (*path, "headers"), spec.headers),
        fault=spec.fault.model(part, (*path, "fault")) if spec.fault is not None else None,
        cors=spec.cors_policy.model() if spec.cors_policy is not None else None,
    )
    return Conditional(made, conditions)


def _name(part: Written, path: tuple[Step, ...], spec: HttpRoute) -> str:
    """Its own name, or one by its conditions: never by its position."""
    owner = part.document.key.name.name
    if spec.name:
        return f"{owner}/{spec.name}"
    if not spec.match:
        return owner
    value: object = part.value
    for step in (*path, "match"):
        value = value[step]  # type: ignore[index]
    return f"{owner}#{digest(value)}"


def digest(value: object) -> str:
    """A short text that is the same for the same values."""
    return blake2b(json.dumps(value, sort_keys=True).encode(), digest_size=4).hexdigest()


def _action(part: Written, path: tuple[Step, ...], spec: HttpRoute, host: str | None) -> Action:
    given = [name for name, value in zip(ACTIONS, _actions(spec), strict=True) if value]
    if not given:
        part.error(path, f"does nothing with its requests; write one of {', '.join(ACTIONS)}")
    for other in given[1:]:
        part.error((*path, other), f"cannot stand beside {given[0]}; write one of them")
    if spec.redirect is None and spec.direct_response is None:
        rewrite = _rewrite(part, path, spec, host)
        backends = _backends(part, path, spec)
        sent_on = _forward(part, path, spec, backends, rewrite)
        if spec.delegate is None:
            return sent_on
        to = Name(spec.delegate.namespace or part.document.key.name.namespace, spec.delegate.name)
        return Delegate(to=to, origin=part.at(*path, "delegate"), defaults=sent_on)
    _check_sent_on(part, path, spec)
    if spec.redirect is not None:
        return spec.redirect.model()
    assert spec.direct_response is not None
    return spec.direct_response.model()


def _actions(spec: HttpRoute) -> tuple[object, ...]:
    return spec.route, spec.redirect, spec.direct_response, spec.delegate


def _check_sent_on(part: Written, path: tuple[Step, ...], spec: HttpRoute) -> None:
    """A redirect or an answer has no use for these."""
    for name in _ONLY_SENT_ON:
        if getattr(spec, name):
            part.warning((*path, name), "has no effect: no request is sent on")
    if spec.redirect is not None and spec.fault is not None:
        part.error((*path, "fault"), "cannot stand beside redirect")


def _rewrite(part: Written, path: tuple[Step, ...], spec: HttpRoute, host: str | None) -> Rewrite | None:
    """What is rewritten; a `Host` that the headers set is a rewrite too."""
    rewrite = spec.rewrite.model() if spec.rewrite is not None else None
    if host is None:
        return rewrite
    if rewrite is not None and rewrite.host is not None:
        part.error((*path, "rewrite", "authority"), "cannot stand beside headers that set the host; keep one")
    return Rewrite(
        prefix=rewrite.prefix if rewrite is not None else None,
        regex=rewrite.regex if rewrite is not None else None,
        host=host,
    )


def _backends(part: Written, path: tuple[Step, ...], spec: HttpRoute) -> tuple[Backend, ...]:
    found = []
    for index, weight in enumerate(weights(part, (*path, "route"), spec.route)):
        each, place = spec.route[index], (*path, "route", index)
        target = backend(part, place, each.destination, weight)
        if each.headers is not None:
            changes, host = request_changes(part, (*place, "headers"), each.headers)
            answers = response_changes(part, (*place, "headers"), each.headers)
            target = replace(target, request_headers=changes, response_headers=answers, host_rewrite=host)
        found.append(target)
    return tuple(found)


def _forward(
    part: Written, path: tuple[Step, ...], spec: HttpRoute, backends: tuple[Backend, ...], rewrite: Rewrite | None
) -> Forward:
    return Forward(
        backends=backends,
        rewrite=rewrite,
        timeout=spec.timeout or None,
        retry=spec.retries.model(part, (*path, "retries")) if spec.retries is not None else None,
        mirrors=_mirrors(part, path, spec),
    )


def _mirrors(part: Written, path: tuple[Step, ...], spec: HttpRoute) -> tuple[Mirror, ...]:
    if spec.mirror is not None and spec.mirrors:
        part.error((*path, "mirrors"), "cannot stand beside mirror; write one of them")
    found = []
    if spec.mirror is not None:
        found.append(Mirror(backend=backend(part, (*path, "mirror"), spec.mirror), percent=_mirror_percent(spec)))
    for index, each in enumerate(spec.mirrors):
        percent = each.percentage.value if each.percentage is not None else 100.0
        found.append(Mirror(backend=backend(part, (*path, "mirrors", index), each.destination), percent=percent))
    return tuple(mirror for mirror in found if mirror.percent)


def _mirror_percent(spec: HttpRoute) -> float:
    if spec.mirror_percentage is not None:
        return spec.mirror_percentage.value
    old = spec.mirror_percent if spec.mirror_percent is not None else spec.mirror_percent_snake
    return 100.0 if old is None else float(old)
