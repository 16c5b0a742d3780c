from dataclasses import FrozenInstanceError, dataclass, field, fields, replace

import pytest

from tulle.kit.quick import quick


@dataclass(frozen=True, slots=True)
class Slow:
    name: str
    sizes: tuple[int, ...] = field(default_factory=tuple)
    color: str = field(default="red", kw_only=True)


@quick
@dataclass(frozen=True, slots=True)
class Quick:
    name: str
    sizes: tuple[int, ...] = field(default_factory=tuple)
    color: str = field(default="red", kw_only=True)


def test_is_given_as_before() -> None:
    assert repr(Quick("a", (1,), color="blue")) == repr(Slow("a", (1,), color="blue")).replace("Slow", "Quick")
    assert (Quick("a").sizes, Quick(name="a").color) == ((), "red")
    for wrong in ((), ("a", (), "blue")):
        with pytest.raises(TypeError):
            Quick(*wrong)


def test_is_compared_hashed_and_replaced_as_before() -> None:
    one = Quick("a", (1, 2))
    assert one == Quick("a", (1, 2))
    assert one != replace(one, color="blue")
    assert hash(one) == hash(Quick("a", (1, 2)))
    assert [each.name for each in fields(one)] == ["name", "sizes", "color"]


def test_has_no_other_attributes() -> None:
    with pytest.raises(AttributeError):
        setattr(Quick("a"), "other", 1)  # noqa: B010


def test_only_the_type_checker_refuses_a_change() -> None:
    with pytest.raises(FrozenInstanceError):
        Slow("a").name = "b"  # type: ignore[misc]
    Quick("a").name = "b"  # type: ignore[misc]
