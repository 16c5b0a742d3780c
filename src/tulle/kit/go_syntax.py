"""The syntax of Go's text templates, as a tree. Named templates (`define`, `template`, `block`) are not read."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Set
from dataclasses import dataclass, field

DEEPEST = 50
"""How far templates and parentheses may be nested."""
LONGEST = 64 * 1024
"""Characters of a template."""


class BadTemplate(ValueError):
    """A template cannot be used; the message says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Literal:
    """A text, a number, `true`, `false` or `nil`."""

    value: object


@dataclass(frozen=True, slots=True)
class Chain:
    """`.Labels.x`, `$name.x`, `(…).x`: where it begins (None: the dot) and the fields behind it."""

    start: Pipe | str | None
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Call:
    """A function by its name; arguments stand beside it."""

    name: str


Operand = Literal | Chain | Call
Command = tuple[Operand, ...]


@dataclass(frozen=True, slots=True)
class Pipe:
    """`$a := x | f 1 | g`."""

    commands: tuple[Command, ...]
    variables: tuple[str, ...] = ()
    is_new: bool = True
    """Whether the variables begin here (`:=`); otherwise they are changed (`=`)."""


@dataclass(frozen=True, slots=True)
class Print:
    """`{{ … }}`; nothing is printed if it sets a variable."""

    pipe: Pipe


@dataclass(frozen=True, slots=True)
class Jump:
    """`{{ break }}` or `{{ continue }}`."""

    name: str


@dataclass(frozen=True, slots=True)
class Block:
    """`if`, `with` or `range`, until its `end`."""

    keyword: str
    pipe: Pipe
    body: tuple[Node, ...]
    otherwise: tuple[Node, ...]


Node = str | Print | Jump | Block
_TRIM = " \t\r\n"
_TOKEN = re.compile(
    r"""(?P<space>[ \t\r\n]+)|(?P<text>"(?:[^"\\\n]|\\.)*")|(?P<raw>`[^`]*`)|(?P<char>'(?:[^'\\\n]|\\.)+')
    |(?P<number>[+-]?(?:0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)(?![0-9A-Za-z_]))
    |(?P<chain>(?:\$\w*|)(?:\.[^\W\d]\w*)+|\$\w*|\.(?![\w]))|(?P<word>[^\W\d]\w*)|(?P<sign>:=|[|(),=])""",
    re.VERBOSE,
)
_ACTION_END = re.compile(r"""(?:"(?:[^"\\\n]|\\.)*"|`[^`]*`|'(?:[^'\\\n]|\\.)*'|[^"`'])*?(?P<trim>[ \t\r\n]-)?\}\}""")
_COMMENT = re.compile(r"(?P<before>-[ \t\r\n])?[ \t\r\n]*/\*.*?\*/(?P<after>[ \t\r\n]+-)?\}\}", re.DOTALL)
_NAMED = frozenset(("define", "template", "block"))


def parsed(template: str, functions: Set[str], longest: int = LONGEST) -> tuple[Node, ...]:
    """The tree of a template that may call these functions; `longest` bounds its characters.

    Raises:
        BadTemplate: it is none, or needs more than is known here.
    """
    if len(template) > longest:
        raise BadTemplate(f"it is longer than {longest // 1024} KiB")
    return _Parser(tuple(_pieces(template)), functions).everything()


@dataclass(frozen=True, slots=True)
class _Action:
    content: str


def _pieces(template: str) -> Iterator[str | _Action]:
    position, trims = 0, False
    while True:
        begin = template.find("{{", position)
        text = template[position:] if begin < 0 else template[position:begin]
        text = text.lstrip(_TRIM) if trims else text
        if begin < 0:
            yield text
            return
        begin += 2
        before = template[begin : begin + 1] == "-" and template[begin + 1 : begin + 2] in tuple(_TRIM)
        yield text.rstrip(_TRIM) if before else text
        if comment := _COMMENT.match(template, begin):
            position, trims = comment.end(), comment["after"] is not None
            continue
        end = _ACTION_END.match(template, begin)
        if end is None:
            raise BadTemplate("an action that begins with {{ has no end")
        trims, position = end["trim"] is not None, end.end()
        yield _Action(template[begin + before : position - 2 - 2 * trims])


@dataclass
class _Parser:
    pieces: tuple[str | _Action, ...]
    functions: Set[str]
    position: int = 0
    scopes: list[str] = field(default_factory=lambda: [""])
    """Names of variables that are known, in the order in which they began."""
    depth: int = 0
    loops: int = 0

    def everything(self) -> tuple[Node, ...]:
        nodes, ended = self._nodes()
        if ended:
            raise BadTemplate(f"{{{{ {ended[0]} }}}} stands where nothing is open")
        return nodes

    def _nodes(self) -> tuple[tuple[Node, ...], list[str]]:
        """Until an `end` or `else`, which is returned as its words."""
        nodes: list[Node] = []
        while self.position < len(self.pieces):
            piece = self.pieces[self.position]
            self.position += 1
            if isinstance(piece, str):
                nodes += [piece] if piece else []
                continue
            words = piece.content.split(maxsplit=1)
            if words and words[0] in {"end", "else"}:
                return tuple(nodes), [words[0], *words[1:]]
            nodes.append(self._action(piece.content, words[0] if words else ""))
        return tuple(nodes), []

    def _action(self, content: str, word: str) -> Node:
        if word in _NAMED:
            raise BadTemplate(f"named templates ({{{{ {word} … }}}}) are not supported here")
        if word in {"if", "with", "range"}:
            return self._block(word, content.strip().removeprefix(word))
        if word in {"break", "continue"} and content.strip() == word:
            if not self.loops:
                raise BadTemplate(f"{{{{ {word} }}}} stands outside of a range")
            return Jump(word)
        return Print(self._pipe(content))

    def _block(self, keyword: str, content: str) -> Block:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadTemplate(f"it is nested deeper than {DEEPEST} times")
        known = len(self.scopes)
        pipe = self._pipe(content, is_range=keyword == "range")
        self.loops += keyword == "range"
        body, ended = self._nodes()
        self.loops -= keyword == "range"
        del self.scopes[known + (len(pipe.variables) if pipe.is_new else 0) :]
        otherwise = self._otherwise(keyword, ended)
        del self.scopes[known:]
        self.depth -= 1
        return Block(keyword, pipe, body, otherwise)

    def _otherwise(self, keyword: str, ended: list[str]) -> tuple[Node, ...]:
        if not ended:
            raise BadTemplate(f"{{{{ {keyword} … }}}} has no {{{{ end }}}}")
        if ended == ["end"]:
            return ()
        if ended[0] == "else" and len(ended) == 2 and keyword != "range":
            again, *rest = ended[1].split(maxsplit=1)
            if again == keyword:
                return (self._block(keyword, "".join(rest)),)
        if ended != ["else"]:
            raise BadTemplate(f"{{{{ {' '.join(ended)} }}}} makes no sense after {{{{ {keyword} … }}}}")
        nodes, ended = self._nodes()
        if ended != ["end"]:
            raise BadTemplate(f"the {{{{ else }}}} of {{{{ {keyword} … }}}} has no {{{{ end }}}}")
        return nodes

    def _pipe(self, content: str, is_range: bool = False) -> Pipe:
        tokens = _Tokens(tuple(_tokens(content)))
        variables, is_new = tokens.declaration(is_range)
        pipe = self._inner(tokens, variables, is_new)
        if tokens.peek() is not None:
            raise BadTemplate(f"{tokens.shown()} is not expected there")
        for name in () if is_new else variables:
            self._known(name)
        self.scopes += variables if is_new else ()
        return pipe

    def _inner(self, tokens: _Tokens, variables: tuple[str, ...] = (), is_new: bool = True) -> Pipe:
        commands = [self._command(tokens)]
        while tokens.take("sign", "|") and tokens.peek() is not None:  # (A last one may have nothing behind it.)
            commands.append(self._command(tokens))
        for first, *_ in commands[1:]:
            if not isinstance(first, Call):
                raise BadTemplate("behind a | must stand a function")
        return Pipe(tuple(commands), variables, is_new)

    def _command(self, tokens: _Tokens) -> Command:
        operands: list[Operand] = []
        while (found := tokens.peek()) is not None and found not in {("sign", "|"), ("sign", ")")}:
            operands.append(self._operand(tokens))
        if not operands:
            raise BadTemplate("a value is missing")
        if len(operands) > 1 and not isinstance(operands[0], Call):
            raise BadTemplate("arguments stand behind something that is no function")
        return tuple(operands)

    def _operand(self, tokens: _Tokens) -> Operand:
        kind, text = tokens.next()
        if kind == "chain":
            name, *fields = text.split(".")
            if text.startswith("$"):
                self._known(name[1:])
                return Chain(name[1:], tuple(fields))
            return Chain(None, tuple(each for each in fields if each))
        if kind == "word":
            return self._word(text)
        if (kind, text) == ("sign", "("):
            return self._parenthesised(tokens)
        if kind == "sign":
            raise BadTemplate(f"{text} is not expected there")
        return Literal(_literal(kind, text))

    def _parenthesised(self, tokens: _Tokens) -> Chain:
        self.depth += 1
        if self.depth > DEEPEST:
            raise BadTemplate(f"it is nested deeper than {DEEPEST} times")
        inner = self._inner(tokens)
        if not tokens.take("sign", ")"):
            raise BadTemplate("a ( has no )")
        self.depth -= 1
        return Chain(inner, tokens.fields_behind())

    def _word(self, text: str) -> Operand:
        if text in {"true", "false", "nil"}:
            return Literal({"true": True, "false": False, "nil": None}[text])
        if text not in self.functions:
            raise BadTemplate(f"the function {text} is not known here")
        return Call(text)

    def _known(self, name: str) -> None:
        if name not in self.scopes:
            raise BadTemplate(f"the variable ${name} is not defined there")


@dataclass
class _Tokens:
    """What stands in one action; spaces are kept only where they mean something."""

    tokens: tuple[tuple[str, str, bool], ...]
    position: int = 0

    def peek(self, ahead: int = 0) -> tuple[str, str] | None:
        there = self.position + ahead
        return self.tokens[there][:2] if there < len(self.tokens) else None

    def next(self) -> tuple[str, str]:
        self.position += 1
        return self.tokens[self.position - 1][:2]

    def take(self, kind: str, text: str) -> bool:
        found = self.peek() == (kind, text)
        self.position += found
        return found

    def shown(self) -> str:
        return self.tokens[self.position][1]

    def fields_behind(self) -> tuple[str, ...]:
        """`.x.y` without a space before it."""
        if self.position < len(self.tokens):
            kind, text, is_apart = self.tokens[self.position]
            if kind == "chain" and text.startswith(".") and len(text) > 1 and not is_apart:
                self.position += 1
                return tuple(text[1:].split("."))
        return ()

    def declaration(self, is_range: bool) -> tuple[tuple[str, ...], bool]:
        """`$a :=`, `$a =` and, for a range, `$i, $a :=`."""
        names: list[str] = []
        ahead = 0
        while (found := self.peek(ahead)) is not None and found[0] == "chain" and re.fullmatch(r"\$\w+", found[1]):
            names.append(found[1][1:])
            sign = self.peek(ahead + 1)
            if sign in {("sign", ":="), ("sign", "=")}:
                self.position += ahead + 2
                return tuple(names), sign == ("sign", ":=")
            if sign != ("sign", ",") or not is_range or len(names) > 1:
                break
            ahead += 2
        return (), True


def _tokens(content: str) -> Iterator[tuple[str, str, bool]]:
    position, is_apart = 0, True
    while position < len(content):
        found = _TOKEN.match(content, position)
        if found is None or found.lastgroup is None:
            raise BadTemplate(f"{content[position : position + 10].split()[0]} makes no sense in an action")
        position = found.end()
        if found.lastgroup == "space":
            is_apart = True
            continue
        yield found.lastgroup, found.group(), is_apart
        is_apart = False


def _literal(kind: str, text: str) -> object:
    if kind == "raw":
        return text[1:-1]
    if kind == "number":
        if text.lstrip("+-").isdigit():
            return int(text)
        return int(text, 16) if "x" in text else float(text)
    try:
        # The escapes of Go that JSON does not have are rare, and of one letter each.
        inner = re.sub(
            r"\\([abfv'])", lambda found: {"a": "\\u0007", "v": "\\u000b"}.get(found[1], found[0]), text[1:-1]
        )
        inner = re.sub(r"\\x([0-9a-fA-F]{2})", r"\\u00\1", inner.replace("\\'", "'"))
        value = str(json.loads(f'"{inner}"', strict=False))
    except ValueError as error:
        raise BadTemplate(f"{text} is no text") from error
    if kind == "char":
        if len(value) != 1:
            raise BadTemplate(f"{text} is no single character")
        return ord(value)
    return value
