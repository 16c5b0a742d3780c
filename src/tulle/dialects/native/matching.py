"""Conditions on requests: path, methods, headers, query parameters."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from hashlib import blake2b
from typing import Annotated

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import (
    Label,
    Methods,
    Path,
    Pattern,
    PortNumbers,
    Spec,
    Text,
    header_name,
    refuse,
    shown,
)
from tulle.model.routes import Match, PathKind, PathMatch, Source, ValueKind, ValueMatch

PSEUDO_HEADERS = frozenset((":authority", ":scheme"))
"""What HTTP/2 has as headers: the Host as it was asked for, and http or https."""


class PathSpec(Spec):
    """A condition on the path, without the query; exactly one of the forms."""

    exact: Path | None = Field(None, description="The whole path.")
    prefix: Path | None = Field(None, description="By whole segments: /cart matches /cart and /cart/1, not /carton.")
    starts: Path | None = Field(None, description="By characters: /cart matches /carton too.")
    regex: Pattern | None = Field(None, description="RE2, over the whole path.")
    ignore_case: bool = Field(False, description="Whether upper and lower case are the same.")

    def model(self) -> PathMatch:
        """As the model has it."""
        kind, value = next(
            (kind, value)
            for kind, value in (
                (PathKind.EXACT, self.exact),
                (PathKind.PREFIX, self.prefix),
                (PathKind.TEXT_PREFIX, self.starts),
                (PathKind.REGEX, self.regex),
            )
            if value is not None
        )
        return PathMatch(kind, value, self.ignore_case)


class ValueSpec(Spec):
    """A condition on one value; exactly one of the forms."""

    exact: Text | None = Field(None, description="The whole value.")
    prefix: Text | None = Field(None, description="How it begins.")
    suffix: Text | None = Field(None, description="How it ends.")
    contains: Text | None = Field(None, description="What is somewhere in it.")
    regex: Pattern | None = Field(None, description="RE2, over the whole value.")
    present: bool | None = Field(None, description="true: any value at all; false: it must be absent.")
    invert: bool = Field(False, alias="not", description="Whether the condition must not hold.")

    def model(self, name: str) -> ValueMatch:
        """As the model has it."""
        if self.present is not None:
            return ValueMatch(name, ValueKind.PRESENT, invert=self.invert == self.present)
        for kind in (ValueKind.EXACT, ValueKind.PREFIX, ValueKind.SUFFIX, ValueKind.CONTAINS):
            value: str | None = getattr(self, kind)
            if value is not None:
                return ValueMatch(name, kind, value, self.invert)
        return ValueMatch(name, ValueKind.REGEX, self.regex or "", self.invert)


def one_of(given: Mapping[str, object], forms: tuple[str, ...]) -> None:
    """Refuse a mapping that does not have exactly one of some keys. Unknown keys alone are left to the schema."""
    present = [form for form in forms if form in given]
    if len(present) > 1 or (not present and all(key in {"ignore_case", "not"} for key in given)):
        refuse(f"takes exactly one of {', '.join(forms)}")
    if not present:
        return
    if given[present[0]] is None:
        refuse(f"has nothing after {present[0]}")


def _path(value: object) -> object:
    if isinstance(value, str):
        if not value:
            refuse("is an empty path; write / for every path")
        return {"prefix": value}
    if isinstance(value, dict):
        one_of(value, ("exact", "prefix", "starts", "regex"))
        return value
    refuse(f"must be a path such as /cart, or one of exact, prefix, starts, regex, not {shown(value)}")


def _matched_header(value: object) -> object:
    return value if value in PSEUDO_HEADERS else header_name(value)


def _value(value: object) -> object:
    if isinstance(value, dict):
        one_of(value, ("exact", "prefix", "suffix", "contains", "regex", "present"))
        return value
    if isinstance(value, list) or value is None:
        refuse(f"must be text or a mapping with one condition, not {shown(value)}")
    return {"exact": value}


PathCondition = Annotated[PathSpec, BeforeValidator(_path, json_schema_input_type=str | PathSpec)]
MatchedHeader = Annotated[str, BeforeValidator(_matched_header)]
ValueCondition = Annotated[ValueSpec, BeforeValidator(_value, json_schema_input_type=str | int | bool | ValueSpec)]


class MatchSpec(Spec):
    """Conditions that must all hold."""

    path: PathCondition | None = Field(None, description="Text is a prefix by whole segments: /cart matches /cart/1.")
    methods: Methods = Field((), description="HTTP methods; one or a list.")
    headers: dict[MatchedHeader, ValueCondition] = Field(
        default_factory=dict, description="By name, :authority and :scheme too; text is the exact value."
    )
    query: dict[str, ValueCondition] = Field(
        default_factory=dict, description="Query parameters by name; text is the exact value."
    )
    claims: dict[str, ValueCondition] = Field(
        default_factory=dict, description="Claims of a verified token by name, / within: realm_access/roles."
    )
    stat_prefix: Text = Field("", description="Counts these requests apart, under this name; no condition.")

    def match(self) -> Match:
        """As the model has it."""
        return Match(
            path=self.path.model() if self.path is not None else None,
            methods=self.methods,
            headers=tuple(spec.model(name) for name, spec in self.headers.items()),
            query=tuple(spec.model(name) for name, spec in self.query.items()),
            claims=tuple(spec.model(name) for name, spec in self.claims.items()),
            stat_prefix=self.stat_prefix,
        )


class CallerSpec(Spec):
    """Which workloads call; everything that is given must hold."""

    namespace: Label | None = Field(None, description="Their namespace.")
    labels: dict[str, Text] = Field(default_factory=dict, description="Labels that they have.")

    def model(self) -> Source:
        """As the model has it."""
        return Source(namespace=self.namespace or "", labels=tuple(sorted(self.labels.items())))


class CallMatchSpec(MatchSpec):
    """Conditions on calls of workloads that must all hold."""

    source: CallerSpec | None = Field(None, alias="from", description="Which workloads call.")
    ports: PortNumbers = Field((), description="Ports of the service that are called; one or a list.")

    def match(self) -> Match:
        """As the model has it."""
        given = self.source.model() if self.source is not None else None
        return replace(super().match(), source=given, ports=self.ports)


def describe(path: object, others: object) -> str:
    """A short and stable name for conditions as they were written: their path, and a hash of the rest."""
    text = path if isinstance(path, str) else ""
    if isinstance(path, dict) and len(path) == 1:
        ((kind, value),) = path.items()
        text = str(value) if kind == "prefix" else f"{'=' if kind == 'exact' else '~'}{value}"
    elif path is not None and not isinstance(path, str):
        others = (canonical(path), others)
    rest = canonical(others)
    digest = "#" + blake2b(rest.encode(), digest_size=4).hexdigest() if re.search(r"\w", rest) else ""
    return f"{text or '/'}{digest}"


def canonical(value: object) -> str:
    """A text that is equal for equal values, whatever the order of keys."""
    if isinstance(value, dict):
        return "{" + ",".join(f"{key!r}:{canonical(value[key])}" for key in sorted(value, key=str)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ",".join(canonical(item) for item in value) + "]"
    return repr(value) if value is not None else ""
