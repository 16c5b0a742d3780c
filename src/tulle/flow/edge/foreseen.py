"""Conditions of routers below others: what the steps above make of them, as far as that is known. Pure.

A request finds its route before anything is done with it, and again after the steps of routers that change paths or ask
a server (`parents`). Between, what a step sets to a text that is written can be asked about below it; what passwords,
tokens and entry points decide, or what clients send before it is changed, cannot.
"""

from __future__ import annotations

from collections.abc import Iterable

from tulle.dialects import patterns
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.steps import (
    AddPrefix,
    AskServer,
    Passwords,
    ReplacePath,
    ReplacePattern,
    SetHeaders,
    ShowCertificate,
    Step,
    StripPattern,
    StripPrefix,
    VerifyToken,
)

PATHS = (AddPrefix, StripPrefix, StripPattern, ReplacePath, ReplacePattern)
TOLD_OF_PATHS = frozenset(("x-forwarded-prefix", "x-replaced-path"))
TOLD_OF_CERTIFICATES = frozenset(("x-forwarded-tls-client-cert", "x-forwarded-tls-client-cert-info"))


class Unforeseeable(Exception):
    """Nobody knows what a step will make of what a condition asks."""


def outcome(condition: Condition, steps: Iterable[Step]) -> bool | None:
    """How a condition turns out after these steps; None if that is for the request to say.

    Raises:
        Unforeseeable: one of the steps decides.
    """
    value, is_open = None, False
    for step in steps:
        if isinstance(step, SetHeaders):
            written = [text for name, text in step.request if name.lower() == condition.name]
            if written and condition.subject is Subject.HEADER:
                value, is_open = written[-1].strip(), False
        elif _decides(step, condition):
            is_open = True
    if is_open:
        raise Unforeseeable
    return None if value is None else _fits(condition, value) is not condition.is_negated


def asked(condition: Condition) -> str:
    """What a condition is about, in words."""
    return f"the header {condition.name}" if condition.subject is Subject.HEADER else f"the {condition.subject}"


def _fits(condition: Condition, value: str) -> bool:
    """Headers without a value are removed."""
    if condition.comparison is Comparison.EXACT:
        return value == condition.value
    return bool(value) and patterns.finds(condition.value, value)


def _decides(step: Step, condition: Condition) -> bool:
    if condition.subject is Subject.PATH:
        return isinstance(step, PATHS)
    return condition.subject is Subject.HEADER and _writes(step, condition.name)


def _writes(step: Step, header: str) -> bool:
    """Whether a header is another one after a step than clients sent."""
    match step:
        case AskServer():
            spelled = "-".join(map(str.capitalize, header.split("-")))
            by_pattern = bool(step.consent_pattern) and patterns.finds(step.consent_pattern, spelled)
            return by_pattern or header in map(str.lower, step.consent_headers)
        case Passwords():
            return header == step.name_header.lower() or (step.hides_proof and header == "authorization")
        case VerifyToken(rule=rule):
            sent = () if rule.forwards_token else [name for name, _ in rule.headers]
            return header in map(str.lower, (*sent, *(name for name, _ in rule.claim_headers)))
        case ShowCertificate():
            return header in TOLD_OF_CERTIFICATES
        case _:
            return isinstance(step, PATHS) and header in TOLD_OF_PATHS
