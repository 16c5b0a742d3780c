"""When a service does so badly that it is better not asked: conditions on what was measured, and how they are written.

For example `NetworkErrorRatio() > 0.5 || LatencyAtQuantileMS(50.0) > 100`. The grammar is that of Go's expressions, so
that a line which ends after an operand ends the expression.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NoReturn

DEEPEST = 100
"""Parentheses in each other."""


class Malformed(ValueError):
    """A text is no condition."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.position = position
        """Characters before what is wrong."""


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds (whole) that so many percent of the requests took at most."""

    quantile: float


@dataclass(frozen=True, slots=True)
class NetworkErrors:
    """Which part of the answers were 502 and 504."""


@dataclass(frozen=True, slots=True)
class Statuses:
    """How many answers had a status from `start`, below `end`, for each that had one of the others."""

    start: int
    end: int
    of_start: int
    of_end: int


Measure = Latency | NetworkErrors | Statuses


@dataclass(frozen=True, slots=True)
class Comparison:
    """What was measured, beside a number."""

    measure: Measure
    operator: str
    """One of `<`, `<=`, `>`, `>=`, `==`, `!=`."""
    number: float


@dataclass(frozen=True, slots=True)
class Both:
    """All of at least two."""

    operands: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Any of at least two."""

    operands: tuple[Condition, ...]


Condition = Comparison | Both | Either


def holds(condition: Condition, value: Callable[[Measure], float]) -> bool:
    """Whether it is so, where `value` knows what was measured."""
    if isinstance(condition, Comparison):
        return _COMPARED[condition.operator](value(condition.measure), condition.number)
    joined = all if isinstance(condition, Both) else any
    return joined(holds(each, value) for each in condition.operands)


_COMPARED: dict[str, Callable[[float, float], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "==": lambda a, b: a == b,
    "!=": lambda a, b: a != b,
}


def parse(text: str) -> Condition:
    """The condition that is written.

    Raises:
        Malformed: there is none, or something else beside it.
    """
    return _Parser(text).parse()


_TOKEN = re.compile(
    r"""(?P<blank>[ \t\r]+|//[^\n]*|/\*[^\n]*?\*/)
      |(?P<line>\n|/\*(?s:.*?)\*/)
      |(?P<number>0[xX][\da-fA-F_.]+(?:[pP][+-]?[\d_]+)?|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?[\d_]+)?)
      |(?P<name>[^\W\d]\w*)
      |(?P<sign>&&|\|\||[<>=!]=|[<>(),])""",
    re.VERBOSE,
)
_FLOAT = re.compile(r"(?=.*[.eE])(\d+(_\d+)*)?(\.(\d+(_\d+)*)?)?([eE][+-]?\d+(_\d+)*)?")
_HEXADECIMAL = re.compile(r"0[xX][\da-fA-F]*\.?[\da-fA-F]*[pP][+-]?\d+")
_LARGEST = 2**63 - 1


@dataclass(frozen=True, slots=True)
class _Token:
    kind: str
    text: str
    position: int

    def __str__(self) -> str:
        return {"end": "the end", "line": "the end of the line"}.get(self.kind, f"`{self.text}`")


@dataclass(frozen=True, slots=True)
class _Number:
    value: int | float


_Operand = Condition | Measure | _Number


def _tokens(text: str) -> Iterator[_Token]:
    position, last = 0, ""
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            raise Malformed(f"`{text[position]}` cannot stand here", position)
        kind = str(found.lastgroup)
        if kind == "line" and last not in ("number", "name", ")"):
            kind = "blank"
        if kind != "blank":
            yield _Token(kind, found.group(), position)
            last = ")" if found.group() == ")" else kind
        position = found.end()
    yield _Token("end", "", position)


class _Parser:
    def __init__(self, text: str) -> None:
        self._tokens = list(_tokens(text))
        self._at = 0
        self._depth = 0

    def parse(self) -> Condition:
        start = self._next
        condition = self._condition(self._either(), start)
        if self._next.kind == "line":
            self._take()
        if self._next.kind != "end":
            self._fail(f"expected the end, found {self._next}")
        return condition

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def _take(self) -> _Token:
        token = self._next
        self._at += 1
        return token

    def _fail(self, message: str, token: _Token | None = None) -> NoReturn:
        raise Malformed(message, (token or self._next).position)

    def _either(self) -> _Operand:
        return self._joined("||", self._both, Either)

    def _both(self) -> _Operand:
        return self._joined("&&", self._comparison, Both)

    def _joined(self, sign: str, part: Callable[[], _Operand], kind: type[Both | Either]) -> _Operand:
        start = self._next
        first = part()
        if self._next.text != sign:
            return first
        operands = [self._condition(first, start)]
        while self._next.text == sign:
            self._take()
            start = self._next
            operands.append(self._condition(part(), start))
        return kind(tuple(operands))

    def _comparison(self) -> _Operand:
        start = self._next
        left = self._operand()
        while self._next.text in _COMPARED:
            operator = self._take()
            place = self._next
            right = self._operand()
            if not isinstance(left, Measure):
                self._fail(f"left of `{operator.text}` must stand what is measured, like `NetworkErrorRatio()`", start)
            left = Comparison(left, operator.text, self._number(left, right, place))
        return left

    def _number(self, measure: Measure, operand: _Operand, place: _Token) -> float:
        wanted = int if isinstance(measure, Latency) else float
        if not isinstance(operand, _Number) or not isinstance(operand.value, wanted):
            example = "a whole number, like `100`" if wanted is int else "a number with a point, like `0.5`"
            self._fail(f"expected {example}", place)
        return operand.value

    def _operand(self) -> _Operand:
        token = self._take()
        if token.kind == "number":
            return _Number(self._value(token))
        if token.kind == "name":
            return self._measure(token)
        if token.text == "(":
            self._depth += 1
            if self._depth > DEEPEST:
                self._fail("too many parentheses in each other", token)
            inner = self._either()
            self._expect(")")
            self._depth -= 1
            return inner
        self._fail(f"expected what is measured, found {token}", token)

    def _measure(self, name: _Token) -> Measure:
        if name.text not in _MEASURES:
            self._fail(f"there is no `{name.text}`; there are {', '.join(sorted(_MEASURES))}", name)
        kind, types = _MEASURES[name.text]
        arguments = self._arguments()
        if tuple(type(each) for each in arguments) != types:
            numbers = {float: "a number with a point", int: "a whole number"}
            wanted = ", ".join(numbers[each] for each in types) or "nothing"
            self._fail(f"`{name.text}` takes {wanted}", name)
        return kind(*arguments)

    def _arguments(self) -> list[int | float]:
        self._expect("(")
        arguments: list[int | float] = []
        while self._next.text != ")":
            token = self._take()
            if token.kind != "number":
                self._fail(f"expected a number, found {token}", token)
            arguments.append(self._value(token))
            if self._next.text != ")":
                self._expect(",")
        self._take()
        return arguments

    def _value(self, token: _Token) -> int | float:
        text = token.text
        if text.isdecimal() and (text == "0" * len(text) or text[0] != "0" or not set(text) & set("89")):
            if int(text) > _LARGEST:
                self._fail(f"{text} is too large", token)
            return int(text)
        try:
            if _FLOAT.fullmatch(text):
                value = float(text)
            elif _HEXADECIMAL.fullmatch(text):
                value = float.fromhex(text)
            else:
                raise ValueError
        except (ValueError, OverflowError):
            self._fail(f"{text} is no number", token)
        if value == float("inf"):
            self._fail(f"{text} is too large", token)
        return value

    def _condition(self, operand: _Operand, start: _Token) -> Condition:
        if not isinstance(operand, Condition):
            self._fail("expected a comparison, like `NetworkErrorRatio() > 0.5`", start)
        return operand

    def _expect(self, sign: str) -> None:
        if self._next.text != sign:
            self._fail(f"expected `{sign}`, found {self._next}")
        self._take()


_MEASURES: dict[str, tuple[Callable[..., Measure], tuple[type[int | float], ...]]] = {
    "LatencyAtQuantileMS": (Latency, (float,)),
    "NetworkErrorRatio": (NetworkErrors, ()),
    "ResponseCodeRatio": (Statuses, (int, int, int, int)),
}
