from __future__ import annotations

import pytest

from tulle.dialects.traefik.tokens import Kind, RuleError, tokens

BREAK = (Kind.BREAK, "\n")


def pieces(text: str) -> list[tuple[Kind, str]]:
    return [(token.kind, token.written) for token in tokens(text)][:-1]


def value(text: str) -> str:
    (token, _) = tokens(text)
    return token.value


def test_words_texts_and_signs() -> None:
    assert pieces('Host(`a`,"b")&&!x||()') == [
        (Kind.NAME, "Host"),
        (Kind.SIGN, "("),
        (Kind.TEXT, "`a`"),
        (Kind.SIGN, ","),
        (Kind.TEXT, '"b"'),
        (Kind.SIGN, ")"),
        (Kind.SIGN, "&&"),
        (Kind.SIGN, "!"),
        (Kind.NAME, "x"),
        (Kind.SIGN, "||"),
        (Kind.SIGN, "("),
        (Kind.SIGN, ")"),
    ]
    assert pieces("a == 1.5 & b") == [
        (Kind.NAME, "a"),
        (Kind.OTHER, "=="),
        (Kind.OTHER, "1.5"),
        (Kind.OTHER, "&"),
        (Kind.NAME, "b"),
    ]


def test_places_count_from_the_beginning() -> None:
    assert [token.position for token in tokens("\ufeff a // b\n")] == [2, 9]


@pytest.mark.parametrize("space", ["\n", " \r\n\t", "// c\n", "/* c\n */ ", "/* c */\n", "\n\n// c\n"])
def test_a_line_ends_where_an_operand_does(space: str) -> None:
    for operand in ("a", "`a`", '"a"', ")"):
        kinds = pieces(f"{operand}{space}b")
        assert kinds[1:] == [BREAK, (Kind.NAME, "b")]
        assert pieces(f"{operand}{space}") == kinds[:1]
    for operator in ("&&", "||", "!", "(", ","):
        assert pieces(f"{operator}{space}b") == [(Kind.SIGN, operator), (Kind.NAME, "b")]


def test_the_break_stands_at_the_end_of_the_line() -> None:
    assert [token.position for token in tokens("a /* b */\nc")] == [0, 9, 10, 11]


@pytest.mark.parametrize(
    ("text", "meaning"),
    [
        (r"`\d`", r"\d"),
        ("`a\r\nb`", "a\nb"),
        (r'"\a\b\f\n\r\t\v\\\""', '\a\b\f\n\r\t\v\\"'),
        (r'"\x41\101\u0041\U00000041"', "AAAA"),
        (r'"\xc3\xbc\303\274ü"', "üüü"),
        (r'"\U0001F600"', "😀"),
        ('"a\rb"', "a\rb"),
    ],
)
def test_texts_mean_what_go_reads(text: str, meaning: str) -> None:
    assert value(text) == meaning


@pytest.mark.parametrize(
    ("text", "column", "sentence"),
    [
        ("a `b", 3, "the text that begins here has no end; write ` behind it"),
        ('"a\n"', 1, 'the text that begins here has no end; write " behind it'),
        ("a /* b", 3, "the comment that begins here has no end; write */ behind it"),
        ("a\xa0b", 2, "U+00A0 is no space; write a usual one"),
        ("a\x07b", 2, "U+0007 is no space; write a usual one"),
        ("`\0`", 2, "U+0000 can stand nowhere in a rule; take it out"),
        (" \ufeff", 2, "U+FEFF can stand nowhere in a rule; take it out"),
        ("\ud800", 1, "U+D800 can stand nowhere in a rule; take it out"),
        (r'"\xff"', 1, r'"\xff" spells bytes that are no UTF-8'),
    ],
)
def test_what_go_cannot_read_is_told(text: str, column: int, sentence: str) -> None:
    with pytest.raises(RuleError) as caught:
        list(tokens(text))
    assert caught.value.column == column
    assert str(caught.value).endswith(f"column {column}: {sentence}")


@pytest.mark.parametrize("escape", [r"\'", r"\q", r"\ud800", r"\U00110000", r"\400", r"\x4", r"\1", "\\\\\\"])
def test_escapes_that_go_does_not_know(escape: str) -> None:
    with pytest.raises(RuleError, match="is no escape of Go; write"):
        list(tokens(f'"{escape} "'))


def test_lines_are_told_where_there_are_several() -> None:
    error = RuleError("a &&\nb c\n", 7, "no")
    assert (str(error), error.line, error.column) == ("line 2, column 3: no", 2, 3)
    assert str(RuleError("a b\n", 2, "no")) == "column 3: no"
