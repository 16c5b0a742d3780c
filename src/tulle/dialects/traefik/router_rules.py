"""The rule of a router, as what it asks; a rule that cannot be read is a finding at its place."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tulle.dialects.traefik.alternatives import MOST, alternatives
from tulle.dialects.traefik.conditions import Formula, names
from tulle.dialects.traefik.matchers import Grammar
from tulle.dialects.traefik.rules import formula, parse
from tulle.dialects.traefik.tokens import RuleError
from tulle.dialects.written import Written
from tulle.model.conditions import Comparison, Condition, Conjunction, Subject


@dataclass(frozen=True, slots=True)
class Rule:
    """What it asks."""

    alternatives: tuple[Conjunction, ...] = ((),)
    hosts: tuple[str, ...] | None = None
    """The only ones for which it can hold; None: they cannot be counted up."""
    named: tuple[str, ...] = ()
    """All hosts that it speaks of."""


def read_rule(part: Written, text: str, grammar: Grammar, subject: Subject) -> Rule | None:
    """What a rule asks, `subject` being what hosts are there; None if it cannot be read."""
    if not text:
        return Rule()
    try:
        asked = formula(parse(text, grammar), grammar)
    except RuleError as error:
        part.error(("rule",), f"is no rule: {error}")
        return None
    found = alternatives(asked)
    if found is None:
        part.error(("rule",), f"has more than {MOST} alternatives, multiplied out; make several routers of it")
        return None
    hosts = names(asked, subject)
    named = tuple(dict.fromkeys(_named(asked, subject)))
    return Rule(found, None if hosts is None else tuple(sorted(hosts)), named)


def _named(asked: Formula, subject: Subject) -> Iterator[str]:
    if isinstance(asked, Condition):
        is_name = asked.subject is subject and asked.comparison in {Comparison.EXACT, Comparison.ONE_LABEL}
        if is_name and not asked.is_negated:
            yield asked.value
        return
    for part in asked.parts:
        yield from _named(part, subject)
