"""Filters that change headers of requests or answers."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.commands import literal
from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.values import HeaderName, HeaderValue, at_most
from tulle.dialects.objects import ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.routes import HeaderChanges


class Header(ObjectSpec):
    """A header with its value."""

    name: HeaderName = Field(description="Its name; upper and lower case do not matter.")
    value: HeaderValue = Field(description="Its value.")


class HeaderModifier(ObjectSpec):
    """Changes to headers; each header is changed in one way."""

    set: Annotated[tuple[Header, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Headers that replace those of the same name."
    )
    add: Annotated[tuple[Header, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Headers that are added to those of the same name."
    )
    remove: Annotated[tuple[HeaderName, ...], Several(alone=False), at_most(16)] = Field(
        (), description="Headers that are taken away."
    )


def header_changes(part: Written, path: tuple[Step, ...], spec: HeaderModifier) -> HeaderChanges:
    """The changes, with a finding for each header that is changed twice."""
    named: list[tuple[tuple[Step, ...], str]] = []
    for field, headers in (("set", spec.set), ("add", spec.add)):
        named += [((*path, field, index), header.name) for index, header in enumerate(headers)]
    named += [((*path, "remove", index), name) for index, name in enumerate(spec.remove)]
    seen: set[str] = set()
    for place, name in named:
        if name.lower() in seen:
            part.error(place, f"changes header {name} a second time; a filter may change a header once")
        seen.add(name.lower())
    return HeaderChanges(
        set=tuple((header.name.lower(), literal(header.value)) for header in spec.set),
        add=tuple((header.name.lower(), literal(header.value)) for header in spec.add),
        remove=tuple(name.lower() for name in spec.remove),
    )
