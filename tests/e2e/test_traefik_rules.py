"""The real Traefik accepts the same rules, and what they match is what it matches."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random

import pytest

from tests.dialects.traefik.evaluating import Call, any_holds, evaluate
from tests.dialects.traefik.inventing import call, expression
from tests.dialects.traefik.texts import NAMES, Text, texts
from tests.e2e.real_traefik import Rules, Traefik, running
from tulle.dialects.traefik.alternatives import alternatives
from tulle.dialects.traefik.rules import formula, parse

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(120)]
SEED = 37
CALLS = 24
INVENTED = {"http v3": 30, "http v2": 18, "tcp v3": 12, "tcp v2": 8}
PLAIN = {
    "http v3": [
        "Host(`*`)",
        "Host(`*.test`)",
        "!Host(`a.test`)",
        "Query(`x`)",
        "Path(`/a b`)",
        "Path(`/a%2Fb`)",
        "Header(`Host`, `a.test`)",
        "HostRegexp(`^a`)",
        "PathPrefix(`/ü`)",
        "ClientIP(`127.0.0.2`)",
    ],
    "http v2": ["Host(`*`)", "Query(`x=`)", "Query(`x=a`, `z=b`)", "Path(`/{x}`)", "HostRegexp(`{l}.test`)"],
    "tcp v3": ["HostSNI(`*`)", "HostSNI(`A.test.`)", "HostSNI(`*.a.test`)", "HostSNIRegexp(`^$`)", "!ALPN(`h2`)"],
    "tcp v2": ["HostSNI(`*`, `a.test`)", "HostSNIRegexp(`{l}.TEST`)"],
}


def _rules() -> Rules:
    random = Random(SEED)
    invented = {
        grammar: [str(expression(random, NAMES[grammar])) for _ in range(many)] for grammar, many in INVENTED.items()
    }
    return tuple((grammar, rule) for grammar in NAMES for rule in PLAIN[grammar] + invented[grammar])


def _calls() -> list[Call]:
    """Their sources are addresses of this machine."""
    random = Random(SEED)
    return [replace(call(random), source=random.choice(["127.0.0.1", "127.0.0.2"])) for _ in range(CALLS)]


RULES, TEXTS = _rules(), tuple(texts())


@pytest.fixture(scope="module")
def traefik(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Traefik]:
    """Rules to be called by, and behind them texts that may be no rules."""
    others = [(text.grammar, text.rule) for text in TEXTS]
    with running(tmp_path_factory.mktemp("traefik"), RULES, others) as real:
        yield real


def test_the_same_texts_are_rules(traefik: Traefik) -> None:
    wrong = {**traefik.errors("http"), **traefik.errors("tcp")}

    def is_as_noted(number: int, text: Text) -> bool:
        return (len(RULES) + number not in wrong) is text.traefik_accepts

    assert [text for number, text in enumerate(TEXTS) if not is_as_noted(number, text)] == []
    assert [rule for number, rule in enumerate(RULES) if number in wrong] == []


@pytest.mark.parametrize("protocol", ["http", "tcp"])
def test_rules_match_the_same_calls(traefik: Traefik, protocol: str) -> None:
    differences = []
    for number, (grammar, rule) in enumerate(RULES):
        if not grammar.startswith(protocol):
            continue
        tree = parse(rule, NAMES[grammar])
        asked = alternatives(formula(tree, NAMES[grammar]))
        for each in _calls():
            is_taken = (traefik.takes_request if protocol == "http" else traefik.takes_connection)(number, each)
            assert evaluate(tree, each, NAMES[grammar]) is is_taken, (rule, each)
            if asked is not None and any_holds(asked, each) is not is_taken:
                differences.append((rule, each, is_taken))
    assert differences == []
