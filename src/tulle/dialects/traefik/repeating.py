"""When a middleware that buffers sends a request again: conditions such as `IsNetworkError() && Attempts() < 3`."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Mapping

from tulle.model.policies import Retry

MOST = 10
"""Tries, whatever is written."""
STATUSES = range(200, 600)
NETWORK_ERRORS = (502, 504)
_SIGNS = ((r"&&", " and "), (r"\|\|", " or "), (r"!(?!=)", " not "))
_COMPARED: Mapping[type[ast.cmpop], Callable[[int, int], bool]] = {
    ast.Lt: int.__lt__,
    ast.LtE: int.__le__,
    ast.Gt: int.__gt__,
    ast.GtE: int.__ge__,
    ast.Eq: int.__eq__,
    ast.NotEq: int.__ne__,
}
_NUMBERS = ("Attempts", "ResponseCode")


class Malformed(ValueError):
    """A text is no such condition."""


def retry(text: str) -> Retry:
    """What it means: how often, and after which answers.

    Raises:
        Malformed: it means nothing.
    """
    plain = text
    for sign, word in _SIGNS:
        plain = re.sub(sign, word, plain)
    try:
        condition = ast.parse(plain.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:  # All that `ast.parse` is known to raise.
        raise Malformed("cannot be read") from error
    codes = tuple(code for code in STATUSES if _holds(condition, 1, code))
    tries = next((tries for tries in range(1, MOST) if not any(_holds(condition, tries, code) for code in codes)), MOST)
    lost = any(code in codes for code in NETWORK_ERRORS)
    return Retry(
        attempts=tries - 1,
        conditions=("reset",) if lost else (),
        status_codes=codes,
        non_idempotent=True,
        any_host=True,
    )


def _holds(node: ast.expr, attempts: int, code: int) -> bool:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all([_holds(each, attempts, code) for each in values])
        case ast.BoolOp(values=values):
            return any([_holds(each, attempts, code) for each in values])
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _holds(operand, attempts, code)
        case ast.Call(func=ast.Name(id="IsNetworkError"), args=[], keywords=[]):
            return code in NETWORK_ERRORS
        case ast.Compare(
            left=ast.Call(func=ast.Name(id=name), args=[], keywords=[]),
            ops=[operator],
            comparators=[ast.Constant(value=int(number))],
        ) if name in _NUMBERS and type(operator) in _COMPARED:
            return _COMPARED[type(operator)](attempts if name == "Attempts" else code, number)
    raise Malformed("is made of IsNetworkError(), Attempts() and ResponseCode(), compared with numbers")
