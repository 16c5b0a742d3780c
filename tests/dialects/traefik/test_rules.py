from __future__ import annotations

import inspect
import os
import sys
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.dialects.traefik.evaluating import any_holds, evaluate, holds
from tests.dialects.traefik.inventing import PIECES, call, expression, spoilt
from tests.dialects.traefik.texts import NAMES, texts
from tulle.dialects.traefik.alternatives import alternatives
from tulle.dialects.traefik.conditions import names, negation
from tulle.dialects.traefik.expressions import And, Expression, Matcher, Not, Or
from tulle.dialects.traefik.matchers import GRAMMARS, HTTP_V3, TCP_V3, Grammar
from tulle.dialects.traefik.rules import MAX_DEPTH, MAX_LENGTH, formula, parse
from tulle.dialects.traefik.tokens import RuleError

MANY = int(os.environ.get("TULLE_RULES", "500"))
"""Random rules that are tried; more by hand now and then, as a million takes minutes."""
A, B, C = (Matcher("Host", (name,)) for name in "abc")
ANY_GRAMMAR = st.sampled_from(GRAMMARS)
RANDOM = st.randoms(use_true_random=False)


def is_rule(text: str, grammar: Grammar) -> bool:
    """Whether it can be read; nothing but RuleError is raised if not, and what can be read is written again."""
    try:
        tree = parse(text, grammar)
    except RuleError as error:
        assert 1 <= error.column <= len(text) + 1
        return False
    assert parse(str(tree), grammar) == tree
    return True


def check(random: Random, grammar: Grammar) -> None:
    """A random rule is read as it was written, and what it asks is what it matches."""
    tree, seen = expression(random, grammar), call(random)
    text = str(tree)
    assert parse(text, grammar) == tree
    meaning = formula(tree, grammar)
    is_matched = evaluate(tree, seen, grammar)
    assert holds(meaning, seen) is is_matched
    found, hosts = alternatives(meaning), names(meaning)
    assert found is None or any_holds(found, seen) is is_matched
    assert not is_matched or hosts is None or seen.canonical_host.removesuffix(".") in hosts
    is_rule(spoilt(random, text), grammar)


def test_texts_are_read_as_traefik_reads_them() -> None:
    assert [text for text in texts() if is_rule(text.rule, NAMES[text.grammar]) is not text.tulle_accepts] == []


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("Host(`a`)", A),
        (' ( HOST ( "a" , ) ) // all\n', A),
        ("!Host(`a`) && !!Host(`b`)", And((Not(A), Not(Not(B))))),
        ("Host(`a`) || Host(`b`) && Host(`c`)", Or((A, And((B, C))))),
        ("(Host(`a`) || Host(`b`)) && Host(`c`)", And((Or((A, B)), C))),
        ("!(Host(`a`) && Host(`b`)) || Host(`c`)", Or((Not(And((A, B))), C))),
        ("Host(`a`) && (Host(`b`) && Host(`c`))", And((A, And((B, C))))),
        ("Host(`a`) &&\nHost(`b`) && Host(`c`)", And((A, B, C))),
    ],
)
def test_operators_bind_as_in_go(text: str, tree: Expression) -> None:
    assert parse(text, HTTP_V3) == tree


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("Hots(`a`)", 'column 1: "Hots" is no matcher of HTTP rules; did you mean "Host"?'),
        (
            "Headers(`a`, `b`)",
            'column 1: "Headers" is no matcher of HTTP rules, only of HTTP rules in the v2 syntax; '
            'did you mean "Header"?',
        ),
        (
            "not(Host(`a`))",
            'column 1: "not" is no matcher of HTTP rules; write ! for the opposite; there are ClientIP, Header, '
            "HeaderRegexp, Host, HostRegexp, Method, Path, PathPrefix, PathRegexp, Query, QueryRegexp",
        ),
        ("Host:a", 'column 1: "Host" has no arguments in parentheses behind it; write Host(`shop.example.org`)'),
        ("Host()", 'column 1: "Host" cannot have no arguments; write Host(`shop.example.org`)'),
        ("Header(`a`)", 'column 1: "Header" cannot have 1 argument; write Header(`X-Name`, `value`)'),
        ("Host(`a`, `b`)", 'column 1: "Host" cannot have 2 arguments; write Host(`a`) || Host(`b`)'),
        ("Host(`a`) && Host(``)", "column 19: `` is empty; name something, or leave the matcher out"),
        ("Path(`a`)", "column 6: `a` is no path; a path begins with /"),
        ("Host(a.test)", 'column 6: "a.test" is no text; write `a.test`'),
        ("Host(“a”)", 'column 6: "“a”" is no text; write `a`'),
        ("Host(,`a`)", "column 6: an argument is missing here; write it between ` and `"),
        ("Host(`a`", "column 9: the rule ends within the arguments of a matcher; write ) behind them"),
        ("Host(`a`\n)", "line 1, column 9: an argument is followed by a line break; write , or ) before it"),
        ("Host(`a` b)", 'column 10: "b" stands where , or ) is expected'),
        ("`a`", "column 1: `a` is the argument of no matcher; write Host(`a`)"),
        ("", "column 1: a matcher is missing at the end of the rule, such as PathPrefix(`/api`)"),
        ("|| Host(`a`)", 'column 1: "||" stands where a matcher is expected, such as PathPrefix(`/api`)'),
        ("(Host(`a`)", "column 11: the rule ends within 1 of its parentheses; write ) for each"),
        ("Host(`a`))", "column 10: there is no ( for this ); take it out"),
        (
            "Host(`a`)\n&& Path(`/`)",
            "line 1, column 10: the rule ends with this line; write && or || at its end, not on the next one",
        ),
        ("Host(`a`) and Path(`/`)", 'column 11: "and" joins no matchers; write &&'),
        ("Host(`a`), Path(`/`)", 'column 10: "," joins no matchers; write ||'),
        ("Host(`a`) Path(`/`)", 'column 11: "Path" follows without && or || before it'),
    ],
)
def test_mistakes_are_told_with_a_remedy(text: str, message: str) -> None:
    with pytest.raises(RuleError) as caught:
        parse(text, HTTP_V3)
    assert str(caught.value) == message


def test_matchers_of_others_are_told_apart() -> None:
    with pytest.raises(RuleError, match="of TCP rules, only of HTTP rules and of HTTP rules in the v2 syntax; did you"):
        parse("Host(`a`)", TCP_V3)


def test_depth_and_length_have_limits() -> None:
    for before, behind in (("(", ")"), ("!", ""), ("!(", ")")):
        fits = MAX_DEPTH // len(before) - 1
        assert is_rule(before * fits + "Host(`a`)" + behind * fits, HTTP_V3)
        with pytest.raises(RuleError, match="are in each other more than 32 times; write it flatter"):
            parse(before * 50_000 + "Host(`a`)" + behind * 50_000, HTTP_V3)
    with pytest.raises(RuleError, match=f"the rule is longer than {MAX_LENGTH} characters"):
        parse("Host(`a`)".ljust(MAX_LENGTH + 1), HTTP_V3)


def test_the_deepest_rule_can_be_walked_through() -> None:
    deepest = MAX_DEPTH // 2 - 1
    text = "Query(`x`, `a`) || Header(`x`, `b`) && !(" * deepest + "Host(`a`)" + ")" * deepest
    tree, limit = parse(text, HTTP_V3), sys.getrecursionlimit()
    sys.setrecursionlimit(len(inspect.stack()) + 400)
    try:
        assert alternatives(negation(formula(tree, HTTP_V3))) is not None
        assert parse(str(tree), HTTP_V3) == tree and hash(tree) and repr(tree)
    finally:
        sys.setrecursionlimit(limit)


def test_long_rules_take_no_time() -> None:
    started = time.perf_counter()
    for text in ("Host(`a`) && ", "!(Host(`a`)) || ", "/*", "`", '"\\"', "// a\n", "Host(`a`)\n"):
        is_rule((text * MAX_LENGTH)[: MAX_LENGTH - 20] + "Host(`a`)", HTTP_V3)
    assert time.perf_counter() - started < 20


@given(RANDOM, ANY_GRAMMAR)
def test_rules_are_read_as_written_and_ask_what_they_match(random: Random, grammar: Grammar) -> None:
    check(random, grammar)


@given(st.text() | st.lists(st.sampled_from(PIECES)).map("".join), ANY_GRAMMAR)
def test_any_text_is_read_or_refused(text: str, grammar: Grammar) -> None:
    is_rule(text, grammar)


@given(st.text(min_size=1))
@settings(max_examples=300)
def test_any_argument_is_written_so_that_it_is_read_again(value: str) -> None:
    tree = Matcher("Header", (value, f"{value}`"))
    assert parse(str(tree), HTTP_V3) == tree


@pytest.mark.timeout(max(120, MANY // 500))
def test_many_rules() -> None:
    random = Random(MANY)
    for _ in range(MANY):
        check(random, random.choice(GRAMMARS))
