"""Filters of HTTP and gRPC routes, put together to what they do to a request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.gateway_api.cors import CorsFilter, cors
from tulle.dialects.gateway_api.external_auth import ExternalAuth, external_check
from tulle.dialects.gateway_api.header_changes import HeaderModifier, header_changes
from tulle.dialects.gateway_api.paths import RequestRedirect, UrlRewrite, redirect, rewrite
from tulle.dialects.gateway_api.references import BackendReference, LocalReference, backend, referrer
from tulle.dialects.gateway_api.values import Percent, longest
from tulle.dialects.objects import Differs, ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.names import Name
from tulle.model.routes import (
    Backend,
    Cors,
    ExternalCheck,
    HeaderChanges,
    Mirror,
    Redirect,
    Respond,
    Rewrite,
    RouteKind,
)

UNSUPPORTED = "UnsupportedValue"
"""The reason of routes with filters that cannot be done."""
REPEATABLE = frozenset(("RequestMirror", "ExtensionRef"))
Place = tuple[Step, ...]


class Fraction(ObjectSpec):
    """A share."""

    numerator: Annotated[int, Field(ge=0)] = Field(description="So many ...")
    denominator: Annotated[int, Field(ge=1)] = Field(100, description="... of so many.")


class RequestMirror(ObjectSpec):
    """Who gets copies of requests."""

    backend_ref: BackendReference = Field(description="The service that gets them; its answers are ignored.")
    percent: Percent | None = Field(None, description="Share of the requests in percent; all if not given.")
    fraction: Fraction | None = Field(None, description="The share, more exactly.")


class ResponseBody(ObjectSpec):
    """What an answer says."""

    string: Annotated[str, longest(4096)] = Field(description="The text.")


class DirectResponse(ObjectSpec):
    """An answer that no backend gives."""

    status_code: Annotated[
        int,
        Field(ge=100, le=599),
        Differs("Statuses below 200 are no answers of their own: requests that meet one are answered 500."),
    ] = Field(description="Its status.")
    body: ResponseBody | None = Field(None, description="What it says; nothing if not given.")


class GrpcFilter(ObjectSpec):
    """One filter of a gRPC route."""

    type: Literal["RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "ExtensionRef"] = Field(
        description="Which filter it is; the field of that name holds its settings."
    )
    request_header_modifier: HeaderModifier | None = Field(None, description="Changes to headers of requests.")
    response_header_modifier: HeaderModifier | None = Field(None, description="Changes to headers of answers.")
    request_mirror: RequestMirror | None = Field(None, description="Copies of requests.")
    extension_ref: LocalReference | None = Field(
        None, description="A filter of another implementation: requests that meet it are answered 500."
    )


class HttpFilter(ObjectSpec):
    """One filter of an HTTP route."""

    type: Literal[
        "RequestHeaderModifier", "ResponseHeaderModifier", "RequestMirror", "RequestRedirect", "URLRewrite", "CORS",
        "ExternalAuth", "DirectResponse", "ExtensionRef",
    ] = Field(description="Which filter it is; the field of that name holds its settings.")  # fmt: skip
    request_header_modifier: HeaderModifier | None = Field(None, description="Changes to headers of requests.")
    response_header_modifier: HeaderModifier | None = Field(None, description="Changes to headers of answers.")
    request_mirror: RequestMirror | None = Field(None, description="Copies of requests.")
    request_redirect: RequestRedirect | None = Field(None, description="An answer that sends the client elsewhere.")
    url_rewrite: UrlRewrite | None = Field(None, description="Changes to path and host of requests.")
    cors: CorsFilter | None = Field(None, description="Which pages of other origins may read the answers.")
    external_auth: ExternalAuth | None = Field(None, description="Another service decides whether requests pass.")
    direct_response: DirectResponse | None = Field(None, description="An answer that no backend gives (experimental).")
    extension_ref: LocalReference | None = Field(
        None, description="A filter of another implementation: requests that meet it are answered 500."
    )


FIELDS = {
    "RequestHeaderModifier": "requestHeaderModifier",
    "ResponseHeaderModifier": "responseHeaderModifier",
    "RequestMirror": "requestMirror",
    "RequestRedirect": "requestRedirect",
    "URLRewrite": "urlRewrite",
    "CORS": "cors",
    "ExternalAuth": "externalAuth",
    "DirectResponse": "directResponse",
    "ExtensionRef": "extensionRef",
}


@dataclass(slots=True)
class Effects:
    """What the filters of a rule, or of a backend, do."""

    request_headers: HeaderChanges | None = None
    response_headers: HeaderChanges | None = None
    redirect: Redirect | None = None
    response: Respond | None = None
    rewrite: Rewrite | None = None
    mirrors: tuple[Mirror, ...] = ()
    cors: Cors | None = None
    check: ExternalCheck | None = None
    refusal: Backend | None = None
    """Who answers instead, if one of the filters is unknown: nobody, so that the answer is an error."""


def effects(part: Written, placed: Sequence[tuple[Place, HttpFilter | GrpcFilter]], kind: RouteKind) -> Effects:
    """What filters do together, with a finding for each that cannot be."""
    found = Effects()
    for path, spec in placed:
        _check_union(part, path, spec)
        _apply(found, part, path, spec, kind)
    return found


def check_repeated(part: Written, path: Place, specs: Sequence[HttpFilter | GrpcFilter]) -> None:
    """Most filters may be written once, and not every two of them together."""
    types = [spec.type for spec in specs]
    for index, type_ in enumerate(types):
        if type_ in types[:index] and type_ not in REPEATABLE:
            part.error((*path, index), f"is a second {type_}; one is allowed")
    if "RequestRedirect" in types and "DirectResponse" in types:
        part.error((*path, types.index("DirectResponse")), "stands beside a RequestRedirect; a request gets one answer")
    if "RequestRedirect" in types and "URLRewrite" in types:
        part.error((*path, types.index("URLRewrite")), "is a URLRewrite beside a RequestRedirect; only one can be")


def _check_union(part: Written, path: Place, spec: HttpFilter | GrpcFilter) -> None:
    """The field of the type is there, and no other."""
    given = {name for name in spec.model_fields_set if getattr(spec, name) is not None} - {"type"}
    aliases = {type(spec).model_fields[name].alias for name in given}
    wanted = FIELDS[spec.type]
    if wanted not in aliases:
        part.error((*path, wanted), f"is missing, as the type is {spec.type}")
    for field in sorted(str(alias) for alias in aliases if alias != wanted):
        part.error((*path, field), f"does not belong to a filter of type {spec.type}")


def _apply(found: Effects, part: Written, path: Place, spec: HttpFilter | GrpcFilter, kind: RouteKind) -> None:
    if (changes := spec.request_header_modifier) is not None:
        found.request_headers = header_changes(part, (*path, "requestHeaderModifier"), changes)
    if (changes := spec.response_header_modifier) is not None:
        found.response_headers = header_changes(part, (*path, "responseHeaderModifier"), changes)
    if spec.request_mirror is not None:
        found.mirrors += (_mirror(part, (*path, "requestMirror"), spec.request_mirror, kind),)
    if spec.extension_ref is not None:
        found.refusal = _refusal(part, (*path, "extensionRef"), spec.extension_ref, kind)
    if isinstance(spec, GrpcFilter):
        return
    if spec.request_redirect is not None:
        found.redirect = redirect(part, (*path, "requestRedirect"), spec.request_redirect)
    if spec.direct_response is not None:
        _respond(found, part, (*path, "directResponse"), spec.direct_response, kind)
    if spec.url_rewrite is not None:
        found.rewrite = rewrite(part, (*path, "urlRewrite"), spec.url_rewrite)
    if spec.cors is not None:
        found.cors = cors(part, (*path, "cors"), spec.cors)
    if spec.external_auth is not None:
        found.check = external_check(part, (*path, "externalAuth"), spec.external_auth, kind)


def _respond(found: Effects, part: Written, path: Place, spec: DirectResponse, kind: RouteKind) -> None:
    if spec.status_code < 200:
        message = f"no request can be answered {spec.status_code}, which announces another answer"
        found.refusal = unusable(part, (*path, "statusCode"), message, kind)
    else:
        found.response = Respond(status=spec.status_code, body=spec.body.string if spec.body is not None else "")


def _mirror(part: Written, path: Place, spec: RequestMirror, kind: RouteKind) -> Mirror:
    percent = 100.0 if spec.percent is None else float(spec.percent)
    if spec.fraction is not None:
        if spec.percent is not None:
            part.error((*path, "fraction"), "stands beside percent; write one of them")
        if spec.fraction.numerator > spec.fraction.denominator:
            part.error((*path, "fraction"), "is more than all: the numerator is greater than the denominator")
        percent = 100.0 * spec.fraction.numerator / spec.fraction.denominator
    return Mirror(backend=backend(part, (*path, "backendRef"), spec.backend_ref, kind), percent=percent)


def _refusal(part: Written, path: Place, spec: LocalReference, kind: RouteKind) -> Backend:
    """A filter that nobody knows must not be skipped: its requests are refused."""
    place = f"{spec.kind} of {spec.group}" if spec.group else spec.kind
    return replace(
        unusable(part, path, f"the filter {spec.name} ({place}) is unknown here", kind),
        service=Name(part.document.key.name.namespace, spec.name),
    )


def unusable(part: Written, path: Place, problem: str, kind: RouteKind) -> Backend:
    """Who gets the requests of a filter that cannot be done: nobody, so that they are refused."""
    name = part.document.key.name
    return Backend(
        service=name,
        origin=part.at(*path),
        referrer=referrer(kind, name.namespace),
        problem=problem,
        problem_reason=UNSUPPORTED,
    )
