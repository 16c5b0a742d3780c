from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.dialects.istio.workloads import WorkloadSpec
from tulle.model.mesh import Fragment
from tulle.model.policies import Locality

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({}, False),
        ({"serviceAccount": "a"}, True),
        ({"serviceAccount": "a", "labels": {"security.istio.io/tlsMode": "disabled"}}, False),
        ({"labels": {"security.istio.io/tlsMode": "istio"}}, True),
    ],
)
def test_where_sidecars_stand(given: dict[str, object], expected: bool) -> None:
    assert WorkloadSpec.model_validate({"address": "a", **given}).is_meshed is expected


def test_places() -> None:
    spec = WorkloadSpec.model_validate({"address": "unix:///a/b", "locality": "r/z/s"})
    assert spec.place == Locality(region="r", zone="z", subzone="s")
    assert spec.where == "/a/b"
    assert WorkloadSpec.model_validate({}).place is None


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        ("{}", ['4 error: "spec" has no address; write an IP address, a host name or unix:///path']),
        (
            "address: 999.1.1.1",
            ['5 error: "spec.address" must be an IP address, a host name or unix:///path, not "999.1.1.1"'],
        ),
        (
            "address: unix://a",
            ['5 error: "spec.address" must be an absolute path of at most 107 bytes after unix://, not "unix://a"'],
        ),
        (
            "address: unix:///a\nports: {b: 1}",
            ['6 error: "spec.ports" cannot stand beside a Unix socket, which has no ports'],
        ),
        (
            "address: a b",
            ['5 error: "spec.address" must be an IP address, a host name or unix:///path, not "a b"'],
        ),
        ("address: a.example\nports: {b: 1}", []),
        ("address: unix:///a", []),
    ],
)
def test_addresses(read: Read, spec: str, expected: list[str]) -> None:
    assert findings(read(document("WorkloadEntry", spec))) == expected
