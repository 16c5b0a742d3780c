"""Rules: what happens to the requests that match. Shared by the routes of the gateway and those of a service."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tulle.dialects.fields import Duration, Host, Label, Several, Spec, Weight, weight
from tulle.dialects.native.backends import Reference, backend, checked_weights
from tulle.dialects.native.balancing import HashSpec
from tulle.dialects.native.exchange import AllowedOrigins, Checked, CheckSpec, Sticky
from tulle.dialects.native.matching import CallMatchSpec, canonical, describe
from tulle.dialects.native.traffic import (
    Answer,
    FaultSpec,
    HeadersSpec,
    Mirrored,
    Rate,
    RedirectSpec,
    Retries,
    RewriteSpec,
)
from tulle.dialects.written import Step, Written
from tulle.model.names import Name
from tulle.model.routes import Action, Backend, ExternalCheck, Forward, Match, Mirror, PathKind, RouteRule


class ShareSpec(Spec):
    """One of several services that get requests."""

    weight: Weight = Field(1, description="Its share, relative to the others.")
    request_headers: HeadersSpec | None = Field(None, description="Changes to the headers of its requests.")
    response_headers: HeadersSpec | None = Field(None, description="Changes to the headers of its answers.")
    host: Host | None = Field(None, description="The Host (or :authority) that it sees.")


def _share(value: object) -> object:
    return value if isinstance(value, dict) else {"weight": weight(value)}


def _some(shares: dict[str, ShareSpec]) -> dict[str, ShareSpec]:
    checked_weights({name: share.weight for name, share in shares.items()})
    return shares


Share = Annotated[ShareSpec, BeforeValidator(_share, json_schema_input_type=int | ShareSpec)]
Weights = Annotated[dict[Reference, Share], AfterValidator(_some)]


class ActionSpec(Spec):
    """What happens to a request, and on its way."""

    to: Reference | None = Field(
        None, description="The service that gets the requests: reviews, reviews/v2, reviews:9000."
    )
    weights: Weights | None = Field(None, description="Several of them, each with its share.")
    redirect: RedirectSpec | None = Field(None, description="Tells the client to ask elsewhere.")
    respond: Answer | None = Field(None, description="Answers at once; a number is the status.")
    rewrite: RewriteSpec | None = Field(None, description="Changes path or host before the service sees them.")
    request_headers: HeadersSpec | None = Field(None, description="Changes to the headers of requests.")
    response_headers: HeadersSpec | None = Field(None, description="Changes to the headers of answers.")
    timeout: Duration | None = Field(None, description="For the whole answer; none if not given.")
    retries: Retries | None = Field(None, description="When requests are tried again; a number is attempts.")
    mirror: Annotated[tuple[Mirrored, ...], Several()] = Field((), description="Who gets copies; one or a list.")
    fault: FaultSpec | None = Field(None, description="Delays or aborts some requests, to see what happens.")
    rate_limit: Rate | None = Field(None, description="Above it, requests are answered 429: 100/s.")
    hash_on: Annotated[tuple[HashSpec, ...], Several()] = Field(
        (), description="What decides among instances, where the service balances by a hash."
    )
    session: Sticky | None = Field(None, description="Clients stay with an instance; text is the name of a cookie.")
    cors: AllowedOrigins | None = Field(None, description="Pages of other origins that may read answers.")
    check: Checked | None = Field(None, description="A service that is asked first whether a request may pass.")


class RouteRuleSpec(ActionSpec):
    """One of several rules. The first that matches is used."""

    match: Annotated[tuple[CallMatchSpec, ...], Several()] = Field(
        (), description="Conditions, or a list of which any must hold; every request if not given."
    )


class ForwardOnly:
    """Fields that only make sense when requests are sent on."""

    NAMES = ("rewrite", "timeout", "retries", "mirror", "hash_on", "session")


def rule(
    part: Written,
    path: tuple[Step, ...],
    spec: ActionSpec,
    matches: tuple[Match, ...],
    backends: tuple[Backend, ...],
    name: str,
) -> RouteRule:
    """The rule of a spec that stands at `path` within a part; mistakes are noted there."""
    return RouteRule(
        name=name,
        origin=part.at(*path),
        matches=matches,
        action=_action(part, path, spec, matches, backends),
        request_headers=spec.request_headers.model() if spec.request_headers is not None else None,
        response_headers=spec.response_headers.model() if spec.response_headers is not None else None,
        fault=spec.fault.model() if spec.fault is not None else None,
        rate_limit=spec.rate_limit.model() if spec.rate_limit is not None else None,
        cors=spec.cors.model() if spec.cors is not None else None,
        check=_check(part, path, spec.check),
    )


def _check(part: Written, path: tuple[Step, ...], spec: CheckSpec | None) -> ExternalCheck | None:
    return spec.model(part.document.key.name.namespace, part.at(*path, "check")) if spec is not None else None


def _action(
    part: Written, path: tuple[Step, ...], spec: ActionSpec, matches: tuple[Match, ...], backends: tuple[Backend, ...]
) -> Action:
    _check_prefix(part, path, spec, matches)
    if spec.redirect is None and spec.respond is None:
        return Forward(
            backends=backends,
            rewrite=spec.rewrite.model() if spec.rewrite is not None else None,
            timeout=spec.timeout or None,
            retry=spec.retries.model() if spec.retries is not None else None,
            mirrors=_mirrors(part, path, spec),
            hash_on=tuple(item.model() for item in spec.hash_on),
            session=spec.session.model() if spec.session is not None else None,
        )
    for field in ForwardOnly.NAMES:
        if field in spec.model_fields_set and getattr(spec, field) is not None:
            part.error((*path, field), "has no effect, as no request is sent on")
    if spec.redirect is not None:
        return spec.redirect.model()
    assert spec.respond is not None
    return spec.respond.model()


def _check_prefix(part: Written, path: tuple[Step, ...], spec: ActionSpec, matches: tuple[Match, ...]) -> None:
    """A prefix can only be replaced where one was matched."""
    regex = any(match.path is not None and match.path.kind is PathKind.REGEX for match in matches)
    for field, given in (("rewrite", spec.rewrite), ("redirect", spec.redirect)):
        if regex and given is not None and given.prefix is not None:
            part.error((*path, field, "prefix"), "cannot be replaced where the path is matched by a regular expression")


def _mirrors(part: Written, path: tuple[Step, ...], spec: ActionSpec) -> tuple[Mirror, ...]:
    return tuple(
        Mirror(
            backend=backend(item.to, part.document.key.name.namespace, part.at(*path, "mirror", index, "to")),
            percent=item.percent,
        )
        for index, item in enumerate(spec.mirror)
    )


def named_backends(part: Written, path: tuple[Step, ...], spec: ActionSpec) -> tuple[Backend, ...]:
    """The backends of `to` or `weights`."""
    namespace = part.document.key.name.namespace
    if spec.to is not None:
        return (backend(spec.to, namespace, part.at(*path, "to")),)
    return tuple(
        replace(
            backend(text, namespace, part.at(*path, "weights", text), share.weight),
            request_headers=share.request_headers.model() if share.request_headers is not None else None,
            response_headers=share.response_headers.model() if share.response_headers is not None else None,
            host_rewrite=share.host,
        )
        for text, share in (spec.weights or {}).items()
    )


def version_backends(
    part: Written, path: tuple[Step, ...], versions: dict[Label, int], service: Name
) -> tuple[Backend, ...]:
    """The backends of `versions`, which are those of one service."""
    return tuple(
        Backend(service=service, subset=version, weight=weight, origin=part.at(*path, "versions", version))
        for version, weight in versions.items()
    )


def rule_name(owner: str, match: object) -> str:
    """The name of a rule, from what it matches as it was written, never from its position."""
    if isinstance(match, dict):
        others = {key: value for key, value in match.items() if key != "path"}
        return f"{owner}{describe(match.get('path'), others)}"
    return f"{owner}{describe(None, canonical(match) if match else None)}"


def check_target(part: Written, path: tuple[Step, ...], spec: ActionSpec, names: tuple[str, ...]) -> None:
    """Note when a rule does not say exactly one thing that happens."""
    given = [name for name in names if getattr(spec, name) is not None]
    if len(given) > 1:
        part.error((*path, given[1]), f"cannot stand beside {given[0]}; write one of {', '.join(names)}")
    if not given:
        part.error(path, f"needs one of {', '.join(names)}")
