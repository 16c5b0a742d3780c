from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from tests.envoy.policies import token_rule, tokens
from tests.flow.world import mesh
from tulle.flow.keys import Failure, Keyed, Wanted, address, endpoints_address, findings, wanted, with_keys
from tulle.model.mesh import Mesh
from tulle.model.routers import EdgeState
from tulle.model.security import RequestAuthentication

URI, DISCOVERED = "https://keys.example/jwks", "https://issuer.example/.well-known/openid-configuration"
KEYS = '{"keys":[{"kty":"RSA"}]}'
INLINE = token_rule(jwks="{}")
NAMED = token_rule(jwks_uri=URI)
BARE = token_rule("https://issuer.example/")


def holding(*policies: RequestAuthentication, base: Mesh | None = None) -> Mesh:
    return replace(base or Mesh(), tokens={each.name: each for each in policies})


def test_keys_are_where_the_rule_says_or_else_where_the_issuer_says() -> None:
    assert [address(rule) for rule in (INLINE, NAMED, BARE)] == ["", URI, DISCOVERED]


def test_every_address_is_wanted_once() -> None:
    patient = replace(NAMED, timeout=9.0)
    found = wanted(holding(tokens(INLINE, NAMED, BARE), tokens(patient, name="other")))
    assert found == {DISCOVERED: Wanted(DISCOVERED, (BARE,)), URI: Wanted(URI, (NAMED, patient))}
    assert found[URI].timeout == 9.0


def test_steps_of_routers_want_keys_too() -> None:
    edge = EdgeState(token_rules=(NAMED, INLINE))
    assert wanted(replace(Mesh(), edge=edge)) == {URI: Wanted(URI, (NAMED,))}


def test_steps_that_let_people_sign_in_want_to_know_where() -> None:
    edge = EdgeState(token_rules=(BARE,), sign_in_rules=(BARE,))
    where = endpoints_address(BARE)
    found = wanted(replace(Mesh(), edge=edge))
    assert found == {DISCOVERED: Wanted(DISCOVERED, (BARE,)), where: Wanted(where, (BARE,))}
    never, once = Failure("down"), Failure("down", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))
    (finding,) = findings({where: found[where]}, {where: never})
    sentence = f'where people sign in at issuer "https://issuer.example/" cannot be fetched from {DISCOVERED}: down; '
    assert finding.message == f"{sentence}nobody can sign in yet"
    (finding,) = findings({where: found[where]}, {where: once})
    assert finding.message == f"{sentence}what it said last, at 2026-01-02 03:04 UTC, still counts"


def test_whose_keys_they_are_is_told_if_that_is_known() -> None:
    nameless = replace(NAMED, issuer="")
    (finding,) = findings({URI: Wanted(URI, (nameless,))}, {URI: Failure("down")})
    assert finding.message.startswith("the keys cannot be fetched")


def test_servers_within_the_mesh_are_asked_by_proxies_only() -> None:
    places = ("http://web/keys", "http://web.default:80/keys", "https://web/keys", "http://web:81/keys", "rubbish")
    rules = [token_rule(jwks_uri=place) for place in places]
    found = wanted(holding(tokens(*rules), base=mesh("web")))
    assert list(found) == sorted(["https://web/keys", "http://web:81/keys", "rubbish"])


def test_a_policy_without_known_keys_stays_what_it_is() -> None:
    policy = tokens(INLINE, NAMED)
    assert with_keys(policy, {}) is policy
    assert with_keys(policy, {DISCOVERED: KEYS}) is policy


def test_known_keys_are_filled_in_where_they_are_missing() -> None:
    policy = tokens(INLINE, NAMED, BARE)
    found = with_keys(policy, {URI: KEYS})
    assert [(rule.jwks, rule.jwks_uri) for rule in found.rules] == [("{}", ""), (KEYS, URI), ("", "")]
    assert with_keys(policy, {URI: KEYS, "other": KEYS}) is found
    assert with_keys(policy, {DISCOVERED: KEYS}).rules[2].jwks == KEYS
    assert with_keys(found, {URI: KEYS}) is found


def test_only_the_policies_that_use_them_differ_when_keys_change() -> None:
    keyed, one, two = Keyed(), tokens(NAMED, name="one"), tokens(INLINE, name="two")
    both = {one.name: one, two.name: two}
    assert keyed.update(both, both, {}) == {one.name, two.name}
    assert keyed.policies == both
    keys = {URI: KEYS}
    assert keyed.update(both, (), keys) == {one.name}
    assert keyed.update(both, {two.name}, keys) == frozenset()
    before = keyed.policies
    assert keyed.update(both, (), {**keys, "other": KEYS}) == frozenset()
    assert keyed.policies is before
    assert keyed.update({two.name: two}, {one.name}, keys) == {one.name}
    assert keyed.policies == {two.name: two}


def test_what_cannot_be_fetched_is_told_at_every_rule_that_needs_it() -> None:
    wishes = {URI: Wanted(URI, (NAMED, replace(NAMED, issuer="b"))), DISCOVERED: Wanted(DISCOVERED, (BARE,))}
    assert findings(wishes, {}) == ()
    found = findings(wishes, {URI: Failure("gone", datetime(2026, 1, 2, 3, 4, tzinfo=UTC))})
    assert [each.is_error for each in found] == [False, False]
    assert found[1].message == (
        f'the keys of issuer "b" cannot be fetched from {URI}: gone; '
        "the last known keys from 2026-01-02 03:04 UTC still count"
    )
    named, bare = findings(
        {URI: Wanted(URI, (NAMED,)), DISCOVERED: wishes[DISCOVERED]}, dict.fromkeys(wishes, Failure("no"))
    )
    assert named.message.endswith(
        ": no; no token of it can be verified yet, unless proxies reach that address themselves"
    )
    assert bare.message.endswith(": no; no token of it can be verified yet")
