"""Remembers what was checked, and checks again only what refers to something that changed."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from operator import is_
from typing import Generic, TypeVar

from tulle.flow.dependents import Dependents
from tulle.flow.references import Checked, Directory
from tulle.model.findings import Finding
from tulle.model.names import Name

Thing = TypeVar("Thing", bound=Hashable)
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Context:
    """What is different, and what there is now."""

    names: frozenset[Name]
    """What refers to one of these is to be checked again."""
    directory: Directory
    is_renamed: bool
    """Whether other names exist than before, so that hints may differ."""


class Checks(Generic[Thing, Result]):
    """The checked form of every object of one kind, by the object itself (hashed by identity)."""

    def __init__(self, check: Callable[[Thing, Directory], Checked[Result]]) -> None:
        self._check = check
        self._results: dict[Thing, Checked[Result]] = {}
        self._dependents: Dependents[Thing, Name] = Dependents()
        self._with_findings: set[Thing] = set()
        self.looked_at: frozenset[Thing] = frozenset()
        """By the last update."""

    def update(self, added: Iterable[Thing], removed: Iterable[Thing], context: Context) -> frozenset[Thing]:
        """Check what is new, and what refers to a changed name; the objects whose checked form is another one now."""
        for thing in removed:
            self._forget(thing)
        again = set(added).union(*self._dependents.on(context.names))
        if context.is_renamed:
            again |= self._with_findings
        self.looked_at = frozenset(again)
        different = set()
        for thing in again:
            before = self._results.get(thing)
            after = self._check(thing, context.directory)
            if before is None or not _is_same(before.thing, after.thing):
                different.add(thing)
            self._remember(thing, after)
        return frozenset(different)

    def checked(self, thing: Thing) -> Result | None:
        """The checked form of an object."""
        return self._results[thing].thing

    def get(self, thing: Thing) -> Checked[Result] | None:
        """What was found out about an object; None if it is not known."""
        return self._results.get(thing)

    def findings(self) -> Iterable[Finding]:
        """Everything that is wrong with references."""
        for thing in self._with_findings:
            yield from self._results[thing].findings

    def _remember(self, thing: Thing, after: Checked[Result]) -> None:
        self._dependents.note(thing, after.names)
        self._results[thing] = after
        (self._with_findings.add if after.findings else self._with_findings.discard)(thing)

    def _forget(self, thing: Thing) -> None:
        del self._results[thing]
        self._dependents.forget(thing)
        self._with_findings.discard(thing)


def _is_same(before: object, after: object) -> bool:
    """Whether both are the same object, or tuples of the same objects."""
    if isinstance(before, tuple) and isinstance(after, tuple):
        return len(before) == len(after) and all(map(is_, before, after))
    return before is after
