from __future__ import annotations

import pytest

from tulle.kit.go_syntax import BadTemplate
from tulle.sources.labels.rules import DefaultRule


def test_names_and_labels_make_rules() -> None:
    rule = DefaultRule('Host(`{{ normalize .Name }}.{{ index .Labels "zone" | default "local" }}`)')
    assert not rule.problem
    assert rule.rule({"Name": "a_b"}, {"zone": "eu"}) == "Host(`a-b.eu`)"
    assert rule.rule({"Name": "a_b"}, {}) == "Host(`a-b.local`)"


def test_one_that_cannot_be_read_fails_where_it_is_needed() -> None:
    rule = DefaultRule("{{ .Name")
    assert "has no end" in rule.problem
    with pytest.raises(BadTemplate, match="has no end"):
        rule.rule({"Name": "a"}, {})


def test_one_that_does_not_fit() -> None:
    with pytest.raises(BadTemplate, match=r"there is no .Nmae"):
        DefaultRule("{{ .Nmae }}").rule({"Name": "a"}, {})
