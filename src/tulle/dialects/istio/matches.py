"""Conditions on requests: Istio's `StringMatch` and `HTTPMatchRequest`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import Label, PortNumber, refuse, shown
from tulle.dialects.istio.values import Regex, header_name
from tulle.dialects.objects import Differs, Items, ObjectSpec, Strings, labels_of
from tulle.dialects.written import Step, Written
from tulle.model.routes import Match, PathKind, PathMatch, Source, ValueKind, ValueMatch

ANYTHING = "*"
"""As a pattern: no pattern at all, whatever is there matches."""
ATTRIBUTES = ("uri", "scheme", "method", "authority")
"""Parts of a request that are no headers, and that Istio ignores where headers are expected."""
_CLAIM = "@request.auth.claims"
_CLAIM_PATH = re.compile(r"(?:\.[^.\[\]]+)+|(?:\[[^\[\]]+\])+")


def _pattern(value: object) -> object:
    return "" if value == ANYTHING else value


class StringMatch(ObjectSpec):
    """A condition on a text; one of the three."""

    exact: str | None = Field(None, description="The whole text.")
    prefix: str | None = Field(None, description="How it begins.")
    regex: Annotated[Regex, BeforeValidator(_pattern)] | None = Field(
        None, description="RE2, over the whole text; `*` is anything."
    )

    @model_validator(mode="after")
    def _at_most_one(self) -> Self:
        if sum(form is not None for form in (self.exact, self.prefix, self.regex)) > 1:
            refuse("takes only one of exact, prefix, regex")
        return self

    @property
    def is_empty(self) -> bool:
        """Whether it says nothing."""
        return self.exact is None and self.prefix is None and self.regex is None

    def condition(self, name: str, *, invert: bool = False) -> ValueMatch:
        """As the model has it; without any form, the value only has to be there."""
        if self.exact is not None:
            return ValueMatch(name, ValueKind.EXACT, self.exact, invert)
        if self.prefix:
            return ValueMatch(name, ValueKind.PREFIX, self.prefix, invert)
        if self.regex:
            return ValueMatch(name, ValueKind.REGEX, self.regex, invert)
        return ValueMatch(name, ValueKind.PRESENT, "", invert)


def _required(value: object) -> object:
    if value == {}:
        refuse("takes one of exact, prefix, regex")
    return value


def _nullable(value: object) -> object:
    if value is None:
        refuse("has no condition; write {} for any value at all")
    return value


def _key(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(_CLAIM):
        return header_name(value)
    if not _CLAIM_PATH.fullmatch(value.removeprefix(_CLAIM)):
        refuse(f"must name a claim such as {_CLAIM}[groups], not {shown(value)}")
    return value


def _is_claim(key: str) -> bool:
    return key.startswith(_CLAIM)


Condition = Annotated[StringMatch, BeforeValidator(_required)]
Conditions = dict[str, Annotated[StringMatch, BeforeValidator(_nullable)]]
HeaderConditions = dict[Annotated[str, BeforeValidator(_key)], Annotated[StringMatch, BeforeValidator(_nullable)]]


class HttpMatch(ObjectSpec):
    """Conditions on a request that must all hold."""

    name: Annotated[str, Differs("it is for readers only; logs show the name of the rule")] = Field(
        "", description="What the match is called."
    )
    uri: Condition | None = Field(None, description="The path; a prefix is by characters: /cart matches /carton too.")
    scheme: Condition | None = Field(None, description="http or https.")
    method: Condition | None = Field(None, description="The HTTP method.")
    authority: Condition | None = Field(None, description="The Host header.")
    headers: HeaderConditions = Field(
        default_factory=dict,
        description="Headers by their names, or claims of a verified token: `@request.auth.claims[groups]`.",
    )
    port: PortNumber | None = Field(None, description="The port that was called.")
    source_labels: Strings = Field(description="Labels of the workload that calls.")
    gateways: Items[str] = Field((), description="Narrows the match to some of the gateways of the document, or mesh.")
    query_params: Conditions = Field(default_factory=dict, description="Query parameters by their names.")
    ignore_uri_case: bool = Field(False, description="Whether upper and lower case are the same in uri; not for regex.")
    without_headers: HeaderConditions = Field(
        default_factory=dict, description="Headers for which these conditions must not hold."
    )
    source_namespace: Label | None = Field(None, description="The namespace of the workload that calls.")
    stat_prefix: str = Field("", description="Counts these requests apart, under this name.")

    @property
    def is_empty(self) -> bool:
        """Whether it has no condition at all."""
        given = self.model_fields_set - {"name", "stat_prefix", "ignore_uri_case"}
        return not any(getattr(self, field) for field in given)

    def model(self, part: Written, path: tuple[Step, ...]) -> Match:
        """As the model has it; what is odd is noted at `path`."""
        if self.is_empty:
            part.warning(path, "has no condition, so it matches every request")
        methods = (self.method.exact,) if self.method is not None and self.method.exact else ()
        return Match(
            path=self._path(part, path),
            methods=methods,
            headers=tuple(self._headers(part, path)),
            query=tuple(condition.condition(name) for name, condition in self.query_params.items()),
            claims=tuple(self._claims()),
            ports=(self.port,) if self.port is not None else (),
            source=self._source(),
            stat_prefix=self.stat_prefix,
        )

    def _path(self, part: Written, path: tuple[Step, ...]) -> PathMatch | None:
        uri = self.uri
        if uri is None or uri.regex == "":
            return None
        if uri.regex is not None:
            if self.ignore_uri_case:
                part.warning((*path, "ignoreUriCase"), "has no effect on a regex; write (?i) before the pattern")
            return PathMatch(PathKind.REGEX, uri.regex)
        form, value = ("exact", uri.exact) if uri.exact is not None else ("prefix", uri.prefix or "")
        if not value.startswith("/") and (value or form == "exact"):
            part.warning((*path, "uri", form), f"never matches: a path begins with /, not {shown(value)}")
        kind = PathKind.EXACT if form == "exact" else PathKind.TEXT_PREFIX
        return PathMatch(kind, value, self.ignore_uri_case)

    def _headers(self, part: Written, path: tuple[Step, ...]) -> list[ValueMatch]:
        found = []
        for name in ("scheme", "authority", "method"):
            condition: StringMatch | None = getattr(self, name)
            if condition is not None and not (name == "method" and condition.exact):
                found.append(condition.condition(f":{name}"))
        for field, conditions in (("headers", self.headers), ("withoutHeaders", self.without_headers)):
            for key, condition in conditions.items():
                if key in ATTRIBUTES:
                    message = f"is ignored: {key} is no header; write it beside {field}"
                    part.warning((*path, field, key), message)
                elif not _is_claim(key):
                    found.append(condition.condition(key, invert=field == "withoutHeaders"))
        return found

    def _claims(self) -> Iterator[ValueMatch]:
        for conditions, invert in ((self.headers, False), (self.without_headers, True)):
            for key, condition in conditions.items():
                if _is_claim(key):
                    yield condition.condition(_claim(key), invert=invert)

    def _source(self) -> Source | None:
        if not self.source_labels and self.source_namespace is None:
            return None
        return Source(namespace=self.source_namespace or "", labels=labels_of(self.source_labels))


def _claim(key: str) -> str:
    """`a/b` for `@request.auth.claims[a][b]` and `@request.auth.claims.a.b`."""
    path = key.removeprefix(_CLAIM)
    return "/".join(path[1:-1].split("][")) if path.startswith("[") else path[1:].replace(".", "/")
