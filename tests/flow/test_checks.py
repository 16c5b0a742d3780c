from __future__ import annotations

from dataclasses import dataclass

from tulle.flow.checks import Checks, Context
from tulle.flow.references import Checked, Directory
from tulle.model.documents import BUILT_IN
from tulle.model.findings import Finding
from tulle.model.names import Name

A, B = Name("d", "a"), Name("d", "b")


@dataclass(frozen=True, eq=False)
class Thing:
    names: frozenset[Name]
    is_bad: bool = False


class Counting:
    """A check that knows how often it was made, and finds what it is told."""

    def __init__(self) -> None:
        self.calls: list[Thing] = []
        self.result: Thing | None = None

    def __call__(self, thing: Thing, directory: Directory) -> Checked[Thing]:
        self.calls.append(thing)
        findings = (Finding.error(BUILT_IN, "bad"),) if thing.is_bad else ()
        return Checked(self.result or thing, findings, thing.names)


def context(*names: Name, is_renamed: bool = False) -> Context:
    return Context(frozenset(names), Directory({}, {}, {}), is_renamed)


def test_only_what_refers_to_a_changed_name_is_checked_again() -> None:
    check = Counting()
    checks: Checks[Thing, Thing] = Checks(check)
    one, two = Thing(frozenset({A})), Thing(frozenset({B}))
    assert checks.update([one, two], [], context()) == {one, two}
    check.calls.clear()
    assert checks.update([], [], context(A)) == frozenset()
    assert check.calls == [one]
    check.result = two
    assert checks.update([], [], context(A)) == {one}
    assert checks.checked(one) is two


def test_what_has_findings_is_checked_again_when_names_came_or_went() -> None:
    check = Counting()
    checks: Checks[Thing, Thing] = Checks(check)
    good, bad = Thing(frozenset({A})), Thing(frozenset({A}), is_bad=True)
    checks.update([good, bad], [], context())
    check.calls.clear()
    checks.update([], [], context(B, is_renamed=True))
    assert check.calls == [bad]
    assert [finding.message for finding in checks.findings()] == ["bad"]
    checks.update([], [bad], context())
    assert not list(checks.findings())


def test_a_thing_may_refer_to_other_names_later() -> None:
    names = {"now": frozenset({A})}
    calls = []

    def check(thing: Thing, directory: Directory) -> Checked[Thing]:
        calls.append(thing)
        return Checked(thing, (), names["now"])

    checks: Checks[Thing, Thing] = Checks(check)
    thing = Thing(frozenset())
    checks.update([thing], [], context())
    names["now"] = frozenset({B})
    checks.update([], [], context(A))
    checks.update([], [], context(A))
    assert len(calls) == 2
    checks.update([], [], context(B))
    assert len(calls) == 3
    checks.update([], [thing], context())
    checks.update([], [], context(A, B))
    assert len(calls) == 3
