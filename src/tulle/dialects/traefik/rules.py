"""The rule language of routers: a text as a tree, and a tree as what it asks of requests or connections."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import NoReturn

from tulle.dialects.traefik.conditions import Formula, every, negation, some
from tulle.dialects.traefik.expressions import And, Expression, Matcher, Not, Or
from tulle.dialects.traefik.matchers import GRAMMARS, Grammar, MatcherKind
from tulle.dialects.traefik.tokens import Kind, RuleError, Token, tokens
from tulle.model.findings import did_you_mean

MAX_LENGTH = 1 << 18
MAX_DEPTH = 32
"""Of parentheses and `!` in each other, so that whoever walks through a tree may do so by recursion."""
_SPELT_OTHERWISE = {"and": "&&", "or": "||", "&": "&&", "|": "||", ",": "||", ";": "&&"}
_WORD = re.compile(r"[^\s(),]+")


def parse(text: str, grammar: Grammar) -> Expression:
    """The tree of a rule; RuleError if it is none."""
    if len(text) > MAX_LENGTH:
        raise RuleError(
            text, MAX_LENGTH, f"the rule is longer than {MAX_LENGTH} characters; make several routers of it"
        )
    return _Reader(text, grammar).expression()


def formula(expression: Expression, grammar: Grammar) -> Formula:
    """What a rule asks."""
    match expression:
        case Matcher(name, arguments):
            return grammar.kinds[name].meaning(arguments)
        case Not(operand):
            return negation(formula(operand, grammar))
        case And(operands):
            return every(formula(each, grammar) for each in operands)
        case _:
            return some(formula(each, grammar) for each in expression.operands)


@dataclass(slots=True)
class _Group:
    """What is in a pair of parentheses, as far as it was read."""

    alternatives: list[list[Expression]] = field(default_factory=lambda: [[]])
    negations: int = 0
    """Before the next operand."""

    def add(self, expression: Expression) -> None:
        for _ in range(self.negations):
            expression = Not(expression)
        self.negations = 0
        self.alternatives[-1].append(expression)

    def whole(self) -> Expression:
        return _joined(Or, [_joined(And, each) for each in self.alternatives])


def _joined(join: type[And | Or], operands: list[Expression]) -> Expression:
    return operands[0] if len(operands) == 1 else join(tuple(operands))


class _Reader:
    """Reads operands and operators in turn; without recursion, whatever the text."""

    def __init__(self, text: str, grammar: Grammar) -> None:
        self._text = text
        self._grammar = grammar
        self._spellings = grammar.spellings
        self._tokens = tokens(text)
        self._groups = [_Group()]

    def expression(self) -> Expression:
        while True:
            self._operand()
            token = next(self._tokens)
            while token.written == ")" and len(self._groups) > 1:
                inner = self._groups.pop().whole()
                self._groups[-1].add(inner)
                token = next(self._tokens)
            if token.written == "||":
                self._groups[-1].alternatives.append([])
            elif token.written != "&&":
                if token.kind is Kind.END and len(self._groups) == 1:
                    return self._groups[0].whole()
                self._no_operator(token)

    def _operand(self) -> None:
        """Everything up to the end of the next matcher."""
        while (token := next(self._tokens)).kind is not Kind.NAME:
            if token.written == "!":
                self._groups[-1].negations += 1
            elif token.written == "(":
                self._groups.append(_Group())
            else:
                self._no_operand(token)
            if len(self._groups) + sum(group.negations for group in self._groups) > MAX_DEPTH:
                self._fail(token, f"parentheses and ! are in each other more than {MAX_DEPTH} times; write it flatter")
        self._groups[-1].add(self._matcher(token))

    def _matcher(self, token: Token) -> Matcher:
        name = self._spellings.get(token.written)
        if name is None:
            self._no_matcher(token)
        kind = self._grammar.kinds[name]
        opening = next(self._tokens)
        if opening.written != "(":
            usage = f"write {kind.usage}"
            self._fail(token, f'"{token.written}" has no arguments in parentheses behind it; {usage}')
        given = self._arguments()
        self._check(token, kind, given)
        return Matcher(name, tuple(each.value for each in given))

    def _arguments(self) -> list[Token]:
        given: list[Token] = []
        while (token := next(self._tokens)).kind is Kind.TEXT:
            given.append(token)
            if (token := next(self._tokens)).written == ")":
                return given
            if token.written != ",":
                self._no_comma(token)
        if token.written != ")":
            self._no_argument(token)
        return given

    def _check(self, name: Token, kind: MatcherKind, given: list[Token]) -> None:
        if not kind.takes(len(given)):
            self._wrong_count(name, kind, given)
        for index, token in enumerate(given):
            check = kind.checks[index % len(kind.checks)]
            if problem := check(token.value) if token.value else "is empty; name something, or leave the matcher out":
                self._fail(token, f"{token.written} {problem}")
        if kind.check_together and (problem := kind.check_together(tuple(each.value for each in given))):
            self._fail(name, f"{name.written} {problem}")

    def _fail(self, token: Token, sentence: str) -> NoReturn:
        raise RuleError(self._text, token.position, sentence)

    def _wrong_count(self, name: Token, kind: MatcherKind, given: list[Token]) -> NoReturn:
        remedy = f"write {kind.usage}"
        if kind.most == 1 and len(given) > 1:
            remedy = "write " + " || ".join(f"{name.written}({each.written})" for each in given[:3])
        number = f"{len(given) or 'no'} argument{'s' * (len(given) != 1)}"
        self._fail(name, f'"{name.written}" cannot have {number}; {remedy}')

    def _no_matcher(self, token: Token) -> NoReturn:
        sentence = f'"{token.written}" is no matcher of {self._grammar.title}'
        others = [grammar.title for grammar in GRAMMARS if token.written in grammar.spellings]
        if others:
            sentence += f", only of {' and of '.join(others)}"
        elif token.written.lower() == "not":
            sentence += "; write ! for the opposite"
        known = self._grammar.kinds
        self._fail(token, sentence + (did_you_mean(token.written, known) or f"; there are {', '.join(known)}"))

    def _no_operand(self, token: Token) -> NoReturn:
        if token.kind is Kind.END:
            self._fail(token, "a matcher is missing at the end of the rule, such as PathPrefix(`/api`)")
        if token.kind is Kind.TEXT:
            self._fail(token, f"{token.written} is the argument of no matcher; write Host({token.written})")
        self._fail(token, f'"{self._word(token)}" stands where a matcher is expected, such as PathPrefix(`/api`)')

    def _no_operator(self, token: Token) -> NoReturn:
        word = self._word(token)
        if token.kind is Kind.END:
            self._fail(token, f"the rule ends within {len(self._groups) - 1} of its parentheses; write ) for each")
        if token.kind is Kind.BREAK:
            self._fail(token, "the rule ends with this line; write && or || at its end, not on the next one")
        if token.written == ")":
            self._fail(token, "there is no ( for this ); take it out")
        if instead := _SPELT_OTHERWISE.get(word.lower()) or _SPELT_OTHERWISE.get(word[0]):
            self._fail(token, f'"{word}" joins no matchers; write {instead}')
        self._fail(token, f'"{word}" follows without && or || before it')

    def _no_comma(self, token: Token) -> NoReturn:
        if token.kind is Kind.END:
            self._fail(token, "the rule ends within the arguments of a matcher; write ) behind them")
        if token.kind is Kind.BREAK:
            self._fail(token, "an argument is followed by a line break; write , or ) before it")
        self._fail(token, f'"{self._word(token)}" stands where , or ) is expected')

    def _no_argument(self, token: Token) -> NoReturn:
        if token.kind in (Kind.END, Kind.SIGN):
            self._fail(token, "an argument is missing here; write it between ` and `")
        word = self._word(token)
        plain = word.strip("'\"“”‘’„")
        self._fail(token, f'"{word}" is no text; write `{plain}`')

    def _word(self, token: Token) -> str:
        """What a person would call the word there."""
        found = _WORD.match(self._text, token.position)
        return found.group() if found and token.kind in (Kind.NAME, Kind.OTHER) else token.written
