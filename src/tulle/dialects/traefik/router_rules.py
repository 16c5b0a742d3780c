"""The rule of a router, as what it asks; a rule that cannot be read is a finding at its place."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tulle.dialects.traefik.alternatives import MOST, alternatives
from tulle.dialects.traefik.conditions import Formula, names
from tulle.dialects.traefik.matchers import Grammar
from tulle.dialects.traefik.routers import Syntax
from tulle.dialects.traefik.rules import formula, parse
from tulle.dialects.traefik.tokens import RuleError
from tulle.dialects.written import Written
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.routers import Reading

Check = Callable[[Reading], str]
"""What is wrong with what a rule asks; empty if nothing is."""


def readings(
    part: Written,
    text: str,
    syntax: Syntax | None,
    grammars: tuple[Grammar, Grammar],
    subject: Subject,
    check: Check = lambda _: "",
) -> tuple[Reading, Reading | None]:
    """What a rule asks, and what it asks in the older syntax, if it does not say its own and if that differs.

    Args:
        part: the router; a rule that has no meaning at all is noted there.
        text: the rule.
        syntax: the one that the router says.
        grammars: of version 2 and of version 3.
        subject: what hosts are there.
        check: whether the router can be for what is asked.
    """
    older, usual = grammars
    found = read_rule(part, text, older if syntax == "v2" else usual, subject, check)
    other = read_rule(part, text, older, subject, check) if syntax is None else found
    if found.problem is not None and other.problem is not None:
        part.findings.append(found.problem)
    return found, other if other != found else None


def read_rule(part: Written, text: str, grammar: Grammar, subject: Subject, check: Check = lambda _: "") -> Reading:
    """What a rule asks, `subject` being what hosts are there."""
    if not text:
        return Reading()
    try:
        asked = formula(parse(text, grammar), grammar)
    except RuleError as error:
        return Reading(problem=part.mistake(("rule",), f"is no rule: {error}"))
    found = alternatives(asked)
    if found is None:
        message = f"has more than {MOST} alternatives, multiplied out; make several routers of it"
        return Reading(problem=part.mistake(("rule",), message))
    hosts = names(asked, subject)
    named = tuple(dict.fromkeys(_named(asked, subject)))
    reading = Reading(alternatives=found, hosts=None if hosts is None else tuple(sorted(hosts)), named=named)
    if problem := check(reading):
        return Reading(problem=part.mistake(("rule",), problem))
    return reading


def _named(asked: Formula, subject: Subject) -> Iterator[str]:
    if isinstance(asked, Condition):
        is_name = asked.subject is subject and asked.comparison in {Comparison.EXACT, Comparison.ONE_LABEL}
        if is_name and not asked.is_negated:
            yield asked.value
        return
    for part in asked.parts:
        yield from _named(part, subject)
