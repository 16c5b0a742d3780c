from __future__ import annotations

import pytest

from tests.envoy.connections import Connection
from tests.envoy.connections import holds as decides
from tests.envoy.decoded import as_json
from tulle.envoy import connection_conditions as conditions
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.listeners import Forwarded

EXACT, ONE_LABEL, REGEX, SUBNET = Comparison.EXACT, Comparison.ONE_LABEL, Comparison.REGEX, Comparison.SUBNET


def holds(condition: Condition, connection: Connection, proxies: Forwarded | None = None) -> bool:
    return decides(as_json(conditions.holds(condition, proxies)), connection)


@pytest.mark.parametrize(
    ("comparison", "value", "fitting", "others"),
    [
        (EXACT, "a.test", ["a.test"], ["b.test", "b.a.test", ""]),
        (ONE_LABEL, "*.a.test", ["b.a.test"], ["a.test", "c.b.a.test", "b-a.test", ""]),
        (REGEX, r"^[a-c]+\.re\.test$", ["abc.re.test"], ["xabc.re.test", "abc.re.test.x", ""]),
        (REGEX, "re", ["are.test", "re"], ["a.test", ""]),
        (REGEX, "(?i)^x[a-z]*$", ["x", "xyz"], ["y", ""]),
        (REGEX, ".*", ["a", ""], []),
    ],
)
def test_server_names(comparison: Comparison, value: str, fitting: list[str], others: list[str]) -> None:
    condition = Condition(Subject.SERVER_NAME, comparison, value)
    opposite = Condition(Subject.SERVER_NAME, comparison, value, is_negated=True)
    for name in (*fitting, *others):
        assert holds(condition, Connection(name=name)) is (name in fitting)
        assert holds(opposite, Connection(name=name)) is (name not in fitting)


def test_protocols() -> None:
    condition = Condition(Subject.ALPN, EXACT, "h2")
    assert holds(condition, Connection(protocols=("http/1.1", "h2")))
    assert not holds(condition, Connection(protocols=("h2c", "xh2")))
    assert not holds(condition, Connection())
    others = as_json(conditions.offers_others(("h2", "http/1.1")))
    assert decides(others, Connection(protocols=("mine",)))
    assert not decides(others, Connection(protocols=("mine", "http/1.1")))
    assert not decides(others, Connection())


@pytest.mark.parametrize(
    ("proxies", "source", "peer", "expected"),
    [
        (None, "10.1.1.1", "10.1.1.1", True),
        (None, "11.1.1.1", "11.1.1.1", False),
        (Forwarded(trusts_all=True), "10.1.1.1", "11.1.1.1", True),
        (Forwarded(), "10.1.1.1", "11.1.1.1", False),
        (Forwarded(), "11.1.1.1", "10.1.1.1", True),
        (Forwarded(trusted=("127.0.0.0/8",)), "10.1.1.1", "127.0.0.1", True),
        (Forwarded(trusted=("127.0.0.0/8",)), "11.1.1.1", "127.0.0.1", False),
        (Forwarded(trusted=("127.0.0.0/8",)), "10.1.1.1", "11.1.1.1", False),
        (Forwarded(trusted=("127.0.0.0/8",)), "11.1.1.1", "10.1.1.1", True),
    ],
)
def test_where_connections_come_from(proxies: Forwarded | None, source: str, peer: str, expected: bool) -> None:
    condition = Condition(Subject.SOURCE, SUBNET, "10.0.0.0/8")
    assert holds(condition, Connection(source=source, peer=peer), proxies) is expected


def test_several_at_once() -> None:
    both = conditions.all_of([conditions.named(["a", "*.b"]), conditions.within(["10.0.0.0/8"], conditions.CALLED)])
    assert decides(as_json(both), Connection(name="x.b", called="10.0.0.1"))
    assert not decides(as_json(both), Connection(name="x.b"))
    assert not decides(as_json(both), Connection(name="x", called="10.0.0.1"))
