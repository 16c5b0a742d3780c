from __future__ import annotations

from tests.dialects.traefik.reading import only, read
from tulle.dialects.traefik.alternatives import MOST


def test_hosts_that_cannot_be_counted_up() -> None:
    router = only("http: {routers: {a: {rule: 'Host(`a.test`) || Host(`*.b.test`) || !Host(`c.test`)', service: s}}}")
    assert router.hosts is None
    assert router.named == ("a.test", "*.b.test")


def test_too_many_alternatives() -> None:
    rule = " && ".join(f"(Header(`y`, `{i}`) || Header(`x`, `{i}`))" for i in range(8))
    objects, findings = read(f"http: {{routers: {{a: {{rule: '{rule}', service: s}}}}}}")
    assert objects == []
    assert findings == [
        f'1: router a: "rule" has more than {MOST} alternatives, multiplied out; make several routers of it'
    ]


def test_without_a_rule_everything_is_meant() -> None:
    router = only("http: {routers: {a: {parentRefs: [p], service: s}}}")
    assert router.alternatives == ((),)
    assert router.hosts is None
