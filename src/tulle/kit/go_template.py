"""Go's text templates, as far as short texts need them: made of values, bounded in time and size. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tulle.kit.go_functions import FUNCTIONS
from tulle.kit.go_syntax import (
    BadTemplate,
    Block,
    Call,
    Chain,
    Command,
    Jump,
    Literal,
    Node,
    Operand,
    Pipe,
    Print,
    parsed,
)
from tulle.kit.go_values import Structure, is_true, shown

MOST_STEPS = 20_000
LONGEST = 64 * 1024
"""Characters of a result."""
_LAZY = frozenset(("and", "or"))
"""Functions that look at no more arguments than they need."""


class Template:
    """A template that was read once, and can be filled with values again and again."""

    def __init__(
        self,
        text: str,
        functions: Mapping[str, Callable[..., object]] | None = None,
        *,
        longest: int = LONGEST,
        most_steps: int = MOST_STEPS,
    ) -> None:
        """`functions` come on top of those that are built in; the rest are bounds, of the text and what becomes of it.

        Raises:
            BadTemplate: it is none, or needs more than is known here.
        """
        self.text = text
        self._functions = {**FUNCTIONS, **(functions or {})}
        self._longest, self._most_steps = longest, most_steps
        self._nodes = parsed(text, self._functions.keys() | _LAZY, longest)

    def filled(self, values: Structure) -> str:
        """The text that these values make of it.

        Raises:
            BadTemplate: they do not fit.
        """
        run = _Run(self._functions, [("", values)], self._longest, self._most_steps)
        try:
            run.nodes(self._nodes, values)
        except RecursionError as error:
            raise BadTemplate("it is nested too deeply") from error
        return "".join(run.result)


class _Jumped(Exception):
    pass


@dataclass
class _Run:
    functions: Mapping[str, Callable[..., object]]
    variables: list[tuple[str, object]]
    longest: int
    most_steps: int
    result: list[str] = field(default_factory=list)
    length: int = 0
    steps: int = 0

    def nodes(self, nodes: tuple[Node, ...], dot: object) -> None:
        known = len(self.variables)
        for node in nodes:
            self._count()
            if isinstance(node, str):
                self._print(node)
            elif isinstance(node, Print):
                value = self._pipe(node.pipe, dot)
                if not node.pipe.variables:
                    self._print(shown(value))
            elif isinstance(node, Jump):
                raise _Jumped(node.name)
            else:
                self._block(node, dot)
        del self.variables[known:]

    def _count(self) -> None:
        self.steps += 1
        if self.steps > self.most_steps:
            raise BadTemplate(f"it needs more than {self.most_steps:,} steps")

    def _print(self, text: str) -> None:
        self.length += len(text)
        if self.length > self.longest:
            raise BadTemplate(f"its result is longer than {self.longest // 1024} KiB")
        self.result.append(text)

    def _block(self, node: Block, dot: object) -> None:
        known = len(self.variables)
        if node.keyword == "range":
            self._range(node, dot)
        else:
            value = self._pipe(node.pipe, dot)
            inner = value if node.keyword == "with" else dot
            if is_true(value):
                self.nodes(node.body, inner)
            else:
                self.nodes(node.otherwise, dot)
        del self.variables[known:]

    def _range(self, node: Block, dot: object) -> None:
        entries = _entries(self._pipe(Pipe(node.pipe.commands), dot))
        if not entries:
            self.nodes(node.otherwise, dot)
        names, known = node.pipe.variables, len(self.variables)
        for key, value in entries:
            self._count()
            given = (key, value)[2 - len(names) :] if names else ()
            for name, each in zip(names, given, strict=True):
                self._set(name, each, node.pipe.is_new)
            try:
                self.nodes(node.body, value)
            except _Jumped as jump:
                if jump.args == ("break",):
                    break
            finally:
                del self.variables[known:]

    def _set(self, name: str, value: object, is_new: bool) -> None:
        if is_new:
            self.variables.append((name, value))
            return
        there = max(index for index, (known, _) in enumerate(self.variables) if known == name)
        self.variables[there] = (name, value)

    def _pipe(self, pipe: Pipe, dot: object) -> object:
        value: object = None
        for index, command in enumerate(pipe.commands):
            value = self._command(command, dot, (value,) if index else ())
        for name in pipe.variables:
            self._set(name, value, pipe.is_new)
        return value

    def _command(self, command: Command, dot: object, last: tuple[object, ...]) -> object:
        self._count()
        first, *rest = command
        if not isinstance(first, Call):
            if first == Literal(None):
                raise BadTemplate("nil is no value")
            return self._operand(first, dot)
        if first.name in _LAZY:
            return self._lazy(first.name, rest, dot, last)
        arguments = (*(self._operand(each, dot) for each in rest), *last)
        try:
            return self.functions[first.name](*arguments)
        except BadTemplate as error:
            raise BadTemplate(f"{first.name}: {error}") from error
        except (TypeError, ValueError, ArithmeticError, LookupError, AttributeError) as error:
            raise BadTemplate(f"{first.name} cannot be called with {_listed(arguments)}") from error

    def _lazy(self, name: str, operands: list[Operand], dot: object, last: tuple[object, ...]) -> object:
        if not operands and not last:
            raise BadTemplate(f"{name} needs an argument")
        value: object = None
        for operand in operands:
            value = self._operand(operand, dot)
            if is_true(value) == (name == "or"):
                return value
        return last[0] if last else value

    def _operand(self, operand: Operand, dot: object) -> object:
        if isinstance(operand, Literal):
            return operand.value
        if isinstance(operand, Call):
            return self._command((operand,), dot, ())
        return self._chain(operand, dot)

    def _chain(self, chain: Chain, dot: object) -> object:
        if isinstance(chain.start, Pipe):
            value = self._pipe(chain.start, dot)
        elif chain.start is None:
            value = dot
        else:
            value = next(value for name, value in reversed(self.variables) if name == chain.start)
        for name in chain.fields:
            value = _field(value, name)
        return value


def _field(value: object, name: str) -> object:
    if isinstance(value, Structure):
        if name not in value:
            raise BadTemplate(f"there is no .{name}; there are {', '.join(f'.{each}' for each in value)}")
        return value[name]
    if isinstance(value, Mapping):
        return value.get(name)
    raise BadTemplate(f"a value has no .{name}, because it is no mapping")


def _entries(value: object) -> list[tuple[object, object]]:
    if isinstance(value, Mapping) and not isinstance(value, Structure):
        return sorted(value.items(), key=lambda entry: str(entry[0]))
    if isinstance(value, list | tuple):
        return list(enumerate(value))
    if isinstance(value, int) and not isinstance(value, bool):
        if value > MOST_STEPS:
            raise BadTemplate(f"it needs more than {MOST_STEPS:,} steps")
        return [(each, each) for each in range(value)]
    if value is None:
        return []
    raise BadTemplate("range needs a list or a mapping")


def _listed(arguments: tuple[object, ...]) -> str:
    return ", ".join(f'"{each}"' if isinstance(each, str) else shown(each) for each in arguments)[:200] or "nothing"
