from __future__ import annotations

from tulle.agent.consultant.remembered import Remembered


def test_what_was_used_last_stays() -> None:
    known: Remembered[str, int] = Remembered(2)
    assert known.put("a", 1) is None
    assert known.put("b", 2) is None
    assert known.get("a") == 1
    assert known.put("c", 3) == 2
    assert (known.get("b"), known.get("a"), len(known)) == (None, 1, 2)
    assert known.put("a", 4) is None


def test_what_is_not_known_is_made_once() -> None:
    known: Remembered[str, list[str]] = Remembered(2)
    first = known.get_or_make("a", list)
    assert first == ["a"]
    assert known.get_or_make("a", list) is first


def test_large_things_push_out_many() -> None:
    known: Remembered[str, int] = Remembered(10, lambda key, _: len(key))
    for key in ("aaa", "bbb", "ccc"):
        known.put(key, 1)
    assert known.put("ddddddd", 4) == 1
    assert [known.get(key) for key in ("aaa", "bbb", "ccc", "ddddddd")] == [None, None, 1, 4]
    assert known.put("ccc", 5) is None
    assert known.put("e" * 11, 6) == 6
    assert len(known) == 0
