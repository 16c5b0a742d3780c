from __future__ import annotations

from tulle.model.documents import BUILT_IN
from tulle.model.security import Identity, Rule, Values


def test_an_identity_is_a_spiffe_name() -> None:
    assert str(Identity("cluster.local", "shop", "web")) == "spiffe://cluster.local/ns/shop/sa/web"


def test_methods_and_paths_can_only_be_seen_in_http() -> None:
    assert Rule(origin=BUILT_IN, methods=("GET",)).needs_http
    assert Rule(origin=BUILT_IN, paths=("/api/*",)).needs_http
    assert not Rule(origin=BUILT_IN, namespaces=("shop",), ports=(80,)).needs_http


def test_values_say_something_if_any_pattern_does() -> None:
    assert Values(excluded=("a",))
    assert not Values()
