from __future__ import annotations

from types import SimpleNamespace
from typing import cast

from tests.flow.advised import Desk, written
from tulle.flow.advisors.base import Advised, Ledger, World, account_key, gateway_key, labelled, workloads_of
from tulle.model.names import Name


def test_labels_are_shown_as_they_are_typed_elsewhere() -> None:
    assert labelled((("app", "web"), ("version", "v1"))) == "app=web, version=v1"


def test_keys_are_different_things() -> None:
    keys = {account_key("a", "b"), gateway_key(Name("a", "b")), workloads_of("a"), workloads_of("b"), Name("a", "b")}
    assert len(keys) == 5


def test_hints_follow_the_names_that_exist() -> None:
    desk = Desk()
    (finding,) = desk.put("rule.yaml", written("DestinationRule", "x", "{host: revews}"))
    assert "did you mean" not in finding
    (finding,) = desk.put("reviews.yaml", "services: {reviews: {port: 8000, command: x}}")
    assert finding.endswith('did you mean "reviews"?')
    assert not desk.put("rule.yaml", "")


def test_what_did_not_change_is_not_looked_at_again() -> None:
    desk = Desk()
    desk.put("web.yaml", "services: {web: {port: 8000, command: x}}")
    desk.put("rule.yaml", written("DestinationRule", "x", "{host: wbe}"))
    (before,) = list(desk.builder._checking.advice.findings())
    desk.put("other.yaml", written("AuthorizationPolicy", "x", "{selector: {matchLabels: {app: web}}, rules: [{}]}"))
    (after,) = list(desk.builder._checking.advice.findings())
    assert before is after


def test_things_that_were_never_looked_at_are_forgotten_and_those_that_stayed_left_alone() -> None:
    seen: list[str] = []

    def advise(thing: str, world: World) -> Advised:
        seen.append(thing)
        return Advised(keys=frozenset((Name("a", thing),)))

    world = cast(World, SimpleNamespace(touched=frozenset(), is_renamed=False))
    ledger = Ledger(advise)
    one, two = Name("a", "one"), Name("a", "two")
    ledger.update((), ("stranger",), world)
    ledger.track({one: "one", two: "two"}, (one, two), world)
    ledger.track({one: "one", two: "other"}, (one, two), world)
    assert seen.count("one") == 1
    assert sorted(seen) == ["one", "other", "two"]
    assert list(ledger.findings()) == []
