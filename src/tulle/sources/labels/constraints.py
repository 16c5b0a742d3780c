"""Constraints: which labels must be there, as an expression of `Label`, `LabelRegex`, `&&`, `||` and `!`. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import re2

from tulle.model.findings import did_you_mean

MARATHON = "\0marathon:"
"""Names of labels that stand for constraints of Marathon itself; nobody can write them."""
DEEPEST = 50
_FUNCTIONS = {"Label": 2, "LabelRegex": 2, "MarathonConstraint": 1}
_TOKEN = re.compile(
    r"""\s*(?:(?P<sign>&&|\|\||!|[(),])|(?P<word>\w+)|(?P<raw>`[^`]*`)|(?P<text>"(?:[^"\\\n]|\\.)*"))"""
)

Labels = Mapping[str, str]
Constraint = Callable[[Labels], bool]


class BadConstraint(ValueError):
    """An expression is none; the message says why, as the rest of a sentence."""


def constraint(expression: str) -> Constraint:
    """What an expression says about labels; an empty one is fine with all.

    Raises:
        BadConstraint: it cannot be understood.
    """
    if not expression.strip():
        return lambda _: True
    parser = _Parser(_tokens(expression))
    found = parser.either()
    if parser.position < len(parser.tokens):
        raise BadConstraint(f"is not understood from {parser.tokens[parser.position]} on")
    return found


def _tokens(expression: str) -> list[str]:
    tokens, position = [], 0
    while position < len(expression.rstrip()):
        found = _TOKEN.match(expression, position)
        if found is None:
            raise BadConstraint(f"is not understood from {expression[position:].strip()[:20]} on")
        tokens.append(found[0].strip())
        position = found.end()
    return tokens


@dataclass
class _Parser:
    tokens: list[str]
    position: int = 0
    depth: int = 0

    def either(self) -> Constraint:
        found = [self._both()]
        while self._take("||"):
            found.append(self._both())
        return found[0] if len(found) == 1 else lambda labels: any(each(labels) for each in found)

    def _both(self) -> Constraint:
        found = [self._one()]
        while self._take("&&"):
            found.append(self._one())
        return found[0] if len(found) == 1 else lambda labels: all(each(labels) for each in found)

    def _one(self) -> Constraint:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadConstraint(f"is nested deeper than {DEEPEST} times")
        try:
            if self._take("!"):
                inner = self._one()
                return lambda labels: not inner(labels)
            if self._take("("):
                inner = self.either()
                self._expect(")")
                return inner
            return self._call()
        finally:
            self.depth -= 1

    def _call(self) -> Constraint:
        name = self._next()
        if name not in _FUNCTIONS:
            raise BadConstraint(f"has {name} where a function is needed{did_you_mean(name, _FUNCTIONS)}")
        self._expect("(")
        arguments = [self._text()]
        while self._take(","):
            arguments.append(self._text())
        self._expect(")")
        if len(arguments) != _FUNCTIONS[name]:
            raise BadConstraint(f"calls {name} with {len(arguments)} texts instead of {_FUNCTIONS[name]}")
        return _function(name, arguments)

    def _text(self) -> str:
        token = self._next()
        if token.startswith("`"):
            return token[1:-1]
        if not token.startswith('"'):
            raise BadConstraint(f"has {token} where a text is needed; write `…`")
        try:
            return str(json.loads(token))
        except ValueError as error:
            raise BadConstraint(f"has {token}, which is no text; write `…`") from error

    def _next(self) -> str:
        if self.position >= len(self.tokens):
            raise BadConstraint("ends too early")
        self.position += 1
        return self.tokens[self.position - 1]

    def _take(self, sign: str) -> bool:
        found = self.position < len(self.tokens) and self.tokens[self.position] == sign
        self.position += found
        return found

    def _expect(self, sign: str) -> None:
        token = self._next()
        if token != sign:
            raise BadConstraint(f"has {token} where {sign} is needed")


def _function(name: str, arguments: list[str]) -> Constraint:
    if name == "MarathonConstraint":
        return lambda labels: any(value == arguments[0] for key, value in labels.items() if key.startswith(MARATHON))
    key, value = arguments
    if name == "Label":
        return lambda labels: labels.get(key, "") == value
    pattern = _pattern(value)
    return lambda labels: pattern.search(labels.get(key, "")) is not None


def _pattern(text: str) -> Any:
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(text, options)
    except re2.error as error:
        raise BadConstraint(f"has {text}, which is no regular expression") from error
