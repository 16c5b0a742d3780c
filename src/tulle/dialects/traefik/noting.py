"""Fields that have no effect here are findings, whichever kind has them."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from tulle.dialects.objects import refused
from tulle.dialects.written import Schema, Written, dotted
from tulle.model.mesh import Fragment


@dataclass(slots=True)
class Noting(Written):
    """A part that remembers what it was read as."""

    specs: list[Any] = field(default_factory=list)

    def validated(self, schema: type[Schema]) -> Schema | None:
        """The value of the part by its schema."""
        found = Written.validated(self, schema)
        self.specs.append(found)
        return found

    def noted(self, fragment: Fragment) -> Fragment:
        """What the part means, with a finding for each field without effect, unless there is a better one.

        Nothing, if it makes no sense without such a field.
        """
        before = len(self.findings)
        is_senseless = False
        for spec in self.specs:
            for path, mark in refused(spec) if isinstance(spec, BaseModel) else ():
                is_senseless |= mark.is_error
                if not any(f': "{dotted(path)}" ' in each.message for each in fragment.findings):
                    (self.error if mark.is_error else self.warning)(path, mark.note)
        noted = (*fragment.findings, *self.findings[before:])
        return Fragment(findings=noted) if is_senseless else replace(fragment, findings=noted)
