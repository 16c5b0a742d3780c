from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mesh: {trust_domain: A}", 'mesh: "trust_domain" must be a trust domain such as cluster.local, not "A"'),
        ("mesh: {outside: deny}", 'mesh: "outside" must be one of allow, known, not "deny"'),
        ("mesh: {certificate_lifetime: 1s}", 'mesh: "certificate_lifetime" must be at least 10, not "1s"'),
        ("mesh: {sidecar_threads: 0}", 'mesh: "sidecar_threads" must be at least 1, not 0'),
        ("mesh: {access_log: maybe}", 'mesh: "access_log" must be true or false, not "maybe"'),
        ("mesh: {}\nmesh: {}", '"mesh" is written twice (first in line 1); the first one counts'),
        ("mesh: {outside: known, outside: allow}", 'mesh: "outside" is written twice (first in line 1)'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]
