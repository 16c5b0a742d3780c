from __future__ import annotations

from tulle.sources.legacy.values import Section


def test_values_are_texts_or_what_they_mean() -> None:
    section = Section(
        {
            "Flag": True,
            "word": "t",
            "Number": 3,
            "text": "x",
            "list": ["a", 1],
            "commas": "a, b,",
            "by": {"1": "b", "0": "a"},
        },
        "it",
    )
    assert section.flag("flag") and section.flag("word") and section.flag("none", True)
    assert section.number("number") == 3
    assert section.number("none") is None
    assert section.text("TEXT") == "x"
    assert section.text("flag") == "true"
    assert section.text("list", "default") == "default"
    assert section.texts("list") == ["a", "1"]
    assert section.texts("commas") == section.texts("by") == ["a", "b"]
    assert section.taken("text", "none") == {"text": "x"}
    assert not section.errors


def test_mappings() -> None:
    section = Section(
        {"pairs": "A:b||C: d:e", "map": {"A": 1}, "inner": {"x": "y"}, "each": {"b": {}, "a": {"k": "v"}}}, "it"
    )
    assert section.pairs("pairs") == {"A": "b", "C": "d:e"}
    assert section.pairs("map") == {"A": "1"}
    assert section.pairs("none") == {}
    assert (inner := section.inner("INNER")) and inner.text("x") == "y"
    assert section.inner("pairs") is None
    assert list(section.each("each")) == ["a", "b"]
    assert not section.each("pairs")


def test_mistakes_are_told_and_count_as_nothing() -> None:
    section = Section({"flag": "yes", "number": "1.5", "pairs": "a"}, "frontend x")
    assert section.flag("flag", True)
    assert section.number("number") is None
    assert section.pairs("pairs") == {}
    assert section.errors == [
        'frontend x: flag must be true or false, not "yes"; it is left out',
        'frontend x: number must be a whole number, not "1.5"; it is left out',
        'frontend x: pairs must be name:value||name:value, not "a"; it is left out',
    ]
