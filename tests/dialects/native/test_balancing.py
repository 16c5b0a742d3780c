from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.policies import Balance, HashOn, LoadBalancing, LocalityBalancing

Read = Callable[[str], Fragment]


def balancing(read: Read, text: str) -> LoadBalancing:
    (service,) = read(f"services: {{web: {{port: 1, command: x, load_balancing: {text}}}}}").services
    return service.policy.load_balancing


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{near: {failover: {a: b}, labels: c}}", '.near" takes only one of failover, distribute, labels'),
        ("{near: {distribute: {a: {b: 50, c: 40}}}}", '.near.distribute" gives "a" shares that are not 100 together'),
        ("{near: 5}", '.near" must be a mapping, not 5'),
        ("{balance: maglev, table_size: 2, hash_on: {query: a}}", '.table_size" must be at least 3, not 2'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    (finding,) = read(f"services: {{web: {{port: 1, command: x, load_balancing: {text}}}}}").findings
    assert finding.message == f'service web: "load_balancing{message}'


def test_hashes_may_be_of_cookies_with_a_path(read: Read) -> None:
    found = balancing(
        read,
        "{balance: ring_hash, minimum_ring_size: 64, table_size: 65537, "
        "hash_on: {cookie: c, cookie_ttl: 0, cookie_path: /a}}",
    )
    assert found.balance is Balance.RING_HASH and found.minimum_ring_size == 64 and found.table_size == 65537
    assert found.hash_on == HashOn(cookie="c", cookie_ttl=0, cookie_path="/a")


def test_near_instances_may_be_preferred(read: Read) -> None:
    assert balancing(read, "random").locality is None
    assert balancing(read, "{near: true}").locality == LocalityBalancing()
    assert balancing(read, "{near: {failover: {eu: us}}}").locality == LocalityBalancing(failover=(("eu", "us"),))
    distribute = balancing(read, "{near: {distribute: {eu/*: {eu/a: 80, us/*: 20}}}}").locality
    assert distribute == LocalityBalancing(distribute=(("eu/*", (("eu/a", 80), ("us/*", 20))),))
    labels = balancing(read, "{near: {labels: [rack, row=1]}}").locality
    assert labels == LocalityBalancing(failover_priority=("rack", "row=1"))
