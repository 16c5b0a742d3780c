"""Which requests a rule of an HTTP or gRPC route is about."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter, ValidationError

from tulle.dialects.fields import Pattern, Several
from tulle.dialects.gateway_api.values import HeaderName, Method, at_most, longest, path_problem
from tulle.dialects.objects import ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.routes import Match, PathKind, PathMatch, ValueKind, ValueMatch

Comparison = Literal["Exact", "RegularExpression"]
_SERVICE = re.compile(r"\.?[a-zA-Z_][a-zA-Z_0-9]*(?:\.[a-zA-Z_][a-zA-Z_0-9]*)*")
_METHOD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_PATTERN: TypeAdapter[str] = TypeAdapter(Pattern)
Place = tuple[Step, ...]
NOTHING = r"[^\x00-\x{10FFFF}]"
"""A pattern that fits nothing, in place of one that is none."""
NOWHERE = PathMatch(PathKind.EXACT, "?")
"""What no path is."""


class HttpPathMatch(ObjectSpec):
    """A condition on the path."""

    type: Literal["Exact", "PathPrefix", "RegularExpression"] = Field(
        "PathPrefix", description="How it is compared: whole, by whole segments from the left, or by RE2 (whole)."
    )
    value: Annotated[str, longest(1024)] = Field("/", description="What it is compared with.")


EVERY_PATH = HttpPathMatch.model_validate({})


class HeaderMatch(ObjectSpec):
    """A condition on a header."""

    type: Comparison = Field("Exact", description="How the value is compared: whole, or by RE2 (whole).")
    name: HeaderName = Field(description="The header; upper and lower case do not matter.")
    value: Annotated[str, longest(4096)] = Field(min_length=1, description="What it is compared with.")


class QueryMatch(ObjectSpec):
    """A condition on a parameter of the query."""

    type: Comparison = Field("Exact", description="How the value is compared: whole, or by RE2 (whole).")
    name: HeaderName = Field(description="The parameter.")
    value: Annotated[str, longest(1024)] = Field(min_length=1, description="What it is compared with.")


HeaderMatches = Annotated[tuple[HeaderMatch, ...], Several(alone=False), at_most(16)]


class HttpMatch(ObjectSpec):
    """Conditions that must all hold."""

    path: HttpPathMatch | None = Field(None, description="On the path; every path if not given.")
    headers: HeaderMatches = Field((), description="On headers.")
    query_params: Annotated[tuple[QueryMatch, ...], Several(alone=False), at_most(16)] = Field(
        (), description="On parameters of the query; of a parameter that is given twice the first value counts."
    )
    method: Method | None = Field(None, description="On the method.")


class GrpcMethodMatch(ObjectSpec):
    """A condition on what is called."""

    type: Comparison = Field("Exact", description="How names are compared: whole, or by RE2 (whole).")
    service: Annotated[str, longest(1024)] | None = Field(None, description="The service, with its package.")
    method: Annotated[str, longest(1024)] | None = Field(None, description="The method.")


class GrpcMatch(ObjectSpec):
    """Conditions that must all hold."""

    method: GrpcMethodMatch | None = Field(None, description="On what is called.")
    headers: HeaderMatches = Field((), description="On headers (metadata).")


def http_match(part: Written, path: Place, spec: HttpMatch) -> Match:
    """The conditions of one entry."""
    return Match(
        path=_path(part, (*path, "path", "value"), spec.path or EVERY_PATH),
        methods=(spec.method,) if spec.method is not None else (),
        headers=_values(part, (*path, "headers"), spec.headers, ignores_case=True),
        query=_values(part, (*path, "queryParams"), spec.query_params, ignores_case=False),
    )


def grpc_match(part: Written, path: Place, spec: GrpcMatch) -> Match:
    """The conditions of one entry; what is called is the path of a gRPC request."""
    called = _called(part, (*path, "method"), spec.method) if spec.method is not None else None
    return Match(path=called, headers=_values(part, (*path, "headers"), spec.headers, ignores_case=True))


def _path(part: Written, path: Place, spec: HttpPathMatch) -> PathMatch:
    if spec.type == "RegularExpression":
        return PathMatch(PathKind.REGEX, _checked(part, path, spec.value))
    if (problem := path_problem(spec.value)) is not None:
        part.error(path, problem)
        return NOWHERE
    if spec.type == "Exact":
        return PathMatch(PathKind.EXACT, spec.value)
    return PathMatch(PathKind.PREFIX, spec.value.rstrip("/") or "/")


def _values(
    part: Written, path: Place, specs: Sequence[HeaderMatch | QueryMatch], *, ignores_case: bool
) -> tuple[ValueMatch, ...]:
    """Of conditions on the same name the first counts."""
    found: dict[str, ValueMatch] = {}
    for index, spec in enumerate(specs):
        name = spec.name.lower() if ignores_case else spec.name
        if name in found:
            part.warning((*path, index), f"is a second condition on {spec.name}; only the first counts")
            continue
        is_pattern = spec.type == "RegularExpression"
        value = _checked(part, (*path, index, "value"), spec.value) if is_pattern else spec.value
        found[name] = ValueMatch(name, ValueKind.REGEX if is_pattern else ValueKind.EXACT, value)
    return tuple(found.values())


def _called(part: Written, path: Place, spec: GrpcMethodMatch) -> PathMatch | None:
    service, method = spec.service or "", spec.method or ""
    if not service and not method:
        part.error(path, "needs a service, a method, or both")
        return None
    if spec.type == "RegularExpression":
        checked = (_checked(part, (*path, field), value) for field, value in (("service", service), ("method", method)))
        pattern = "/".join(f"(?:{value})" if value else "[^/]+" for value in checked)
        return PathMatch(PathKind.REGEX, f"/{pattern}")
    if service and not _SERVICE.fullmatch(service):
        part.error((*path, "service"), "must be the name of a service such as shop.v1.Cart")
    if method and not _METHOD.fullmatch(method):
        part.error((*path, "method"), "must be the name of a method such as GetCart")
    if not service:
        return PathMatch(PathKind.REGEX, f"/[^/]+/{re.escape(method)}")
    return PathMatch(PathKind.EXACT, f"/{service}/{method}") if method else PathMatch(PathKind.PREFIX, f"/{service}")


def _checked(part: Written, path: Place, value: str) -> str:
    """The pattern; of one that is none, one that fits nothing: a document with mistakes counts as far as it can."""
    try:
        return _PATTERN.validate_python(value)
    except ValidationError as error:
        part.error(path, error.errors()[0]["msg"])
        return NOTHING
