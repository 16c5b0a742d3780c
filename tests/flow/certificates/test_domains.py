from __future__ import annotations

import pytest

from tulle.flow.certificates.domains import are_good_for, canonical_set, is_good_for, without_covered


def test_names_have_one_form() -> None:
    assert canonical_set(["A.Example.", " a.example", "", "bücher.example", "*.A.example"]) == (
        "a.example",
        "xn--bcher-kva.example",
        "*.a.example",
    )
    assert canonical_set(["ü" * 70 + ".example"]) == ("ü" * 70 + ".example",), "the authority will say what is wrong"


@pytest.mark.parametrize(
    ("domain", "is_good"),
    [
        ("a.example", True),
        ("b.example", False),
        ("x.b.example", True),
        ("*.b.example", True),
        ("x.y.b.example", False),
        ("*.x.b.example", False),
        ("example", False),
    ],
)
def test_a_wildcard_stands_for_one_label(domain: str, is_good: bool) -> None:
    assert is_good_for(["a.example", "*.b.example"], domain) is is_good


def test_a_certificate_must_have_every_name() -> None:
    assert are_good_for(["*.a.example"], ["x.a.example", "y.a.example"])
    assert not are_good_for(["*.a.example"], ["x.a.example", "a.example"])


def test_what_a_wildcard_of_the_same_router_is_good_for_is_left_out() -> None:
    sets = [("*.a.example", "a.example"), ("x.a.example",), ("y.a.example", "b.example"), ("b.example",)]
    assert without_covered(sets) == (("*.a.example", "a.example"), ("b.example",))
