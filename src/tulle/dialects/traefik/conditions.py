"""What rules ask of requests and connections; only single conditions are negated."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from tulle.dialects import patterns
from tulle.model.conditions import Comparison, Condition, Subject


@dataclass(frozen=True, slots=True)
class Every:
    """All of the parts; of no parts it is always true."""

    parts: tuple[Formula, ...]


@dataclass(frozen=True, slots=True)
class Some:
    """Any of the parts; of no parts it is never true."""

    parts: tuple[Formula, ...]


Formula = Condition | Every | Some
ALWAYS, NEVER = Every(()), Some(())


def every(parts: Iterable[Formula]) -> Formula:
    """All of these; a single one stays as it is."""
    known = tuple(parts)
    return known[0] if len(known) == 1 else Every(known)


def some(parts: Iterable[Formula]) -> Formula:
    """Any of these; a single one stays as it is."""
    known = tuple(parts)
    return known[0] if len(known) == 1 else Some(known)


def negation(formula: Formula) -> Formula:
    """The opposite, with nothing negated but single conditions."""
    match formula:
        case Condition():
            return replace(formula, is_negated=not formula.is_negated)
        case Every(parts):
            return Some(tuple(map(negation, parts)))
        case _:
            return Every(tuple(map(negation, formula.parts)))


def names(formula: Formula, subject: Subject = Subject.HOST) -> frozenset[str] | None:
    """The only hosts (or server names) for which it can be true at all; None if they cannot be counted up.

    Where they can, it needs to be looked at for no other host.
    """
    match formula:
        case Condition():
            is_name = formula.subject is subject and formula.comparison is Comparison.EXACT and not formula.is_negated
            return frozenset({formula.value}) if is_name else None
        case Every(parts):
            counted = [found for part in parts if (found := names(part, subject)) is not None]
            return frozenset.intersection(*counted) if counted else None
        case _:
            all_found = [names(part, subject) for part in formula.parts]
            counted = [found for found in all_found if found is not None]
            return frozenset[str]().union(*counted) if len(counted) == len(all_found) else None


def fits(condition: Condition, text: str) -> bool:
    """Whether a text fits, whatever is negated; not for subnets."""
    plain = text.removesuffix(".") if condition.subject is Subject.HOST else text
    match condition.comparison:
        case Comparison.EXACT:
            return plain == condition.value
        case Comparison.ONE_LABEL:
            return "." in plain and plain.partition(".")[2] == condition.value[2:]
        case Comparison.PREFIX:
            return text.startswith(condition.value)
        case _:
            return patterns.finds(condition.value, text)
