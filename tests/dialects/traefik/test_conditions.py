from __future__ import annotations

import pytest

from tulle.dialects.traefik.conditions import ALWAYS, NEVER, Every, Formula, Some, every, fits, names, negation, some
from tulle.model.conditions import Comparison, Condition, Subject


def host(value: str) -> Condition:
    return Condition(Subject.HOST, Comparison.EXACT, value)


A, B = host("a.test"), host("b.test")
PATH = Condition(Subject.PATH, Comparison.PREFIX, "/a")


@pytest.mark.parametrize(
    ("condition", "fitting", "others"),
    [
        (A, ["a.test", "a.test."], ["a.test..", "b.test", ""]),
        (
            Condition(Subject.HOST, Comparison.ONE_LABEL, "*.test"),
            ["a.test", "a.test."],
            ["test", "a.b.test", ".a.test"],
        ),
        (Condition(Subject.SERVER_NAME, Comparison.EXACT, "a"), ["a"], ["a.", ""]),
        (PATH, ["/a", "/ab"], ["/", "/b/a"]),
        (Condition(Subject.PATH, Comparison.REGEX, "b$"), ["/ab"], ["/ba"]),
    ],
)
def test_texts_fit(condition: Condition, fitting: list[str], others: list[str]) -> None:
    assert [text for text in (*fitting, *others) if fits(condition, text)] == fitting


def test_only_conditions_are_negated() -> None:
    formula = Every((A, Some((B, PATH))))
    assert negation(formula) == Some((negation(A), Every((negation(B), negation(PATH)))))
    assert negation(negation(formula)) == formula
    assert negation(ALWAYS) == NEVER


def test_one_of_one_is_itself() -> None:
    assert every([A]) == A == some([A])
    assert (every([A, B]), some([])) == (Every((A, B)), NEVER)


@pytest.mark.parametrize(
    ("formula", "found"),
    [
        (A, {"a.test"}),
        (PATH, None),
        (negation(A), None),
        (Condition(Subject.HOST, Comparison.ONE_LABEL, "*.test"), None),
        (Every((A, PATH)), {"a.test"}),
        (Every((A, B)), set()),
        (Every((PATH, negation(A))), None),
        (ALWAYS, None),
        (Some((A, B)), {"a.test", "b.test"}),
        (Some((A, PATH)), None),
        (NEVER, set()),
        (Every((Some((A, B)), Some((B, host("c.test"))), PATH)), {"b.test"}),
    ],
)
def test_hosts_are_counted_up_where_they_can_be(formula: Formula, found: set[str] | None) -> None:
    assert names(formula) == (None if found is None else frozenset(found))


def test_server_names_are_counted_likewise() -> None:
    name = Condition(Subject.SERVER_NAME, Comparison.EXACT, "a.test")
    assert names(name) is None
    assert names(name, Subject.SERVER_NAME) == frozenset({"a.test"})
