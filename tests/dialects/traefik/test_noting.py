from __future__ import annotations

from tests.dialects.traefik.reading import read


def test_fields_without_effect_are_findings_and_the_rest_counts() -> None:
    text = "entryPoints: {web: {address: ':8000', forwardedHeaders: {insecure: true, connection: [x]}}}"
    (point,), findings = read(text)
    assert point.entrance.forwarded.trusts_all
    assert findings == [
        '1 warning: entry point web: "forwardedHeaders.connection" has no effect: headers that `Connection` names are '
        "never sent on"
    ]


def test_what_makes_no_sense_without_such_a_field_is_not_used() -> None:
    objects, findings = read("http: {serversTransports: {a: {spiffe: {}}}}")
    assert objects == []
    assert findings == ['1: serversTransport a: "spiffe" has no effect: nothing here asks a SPIFFE workload API']


def test_what_cannot_be_read_has_its_own_findings_only() -> None:
    objects, findings = read("http: {serversTransports: {a: {spifffe: {}}}}")
    assert objects == []
    assert len(findings) == 1


def test_a_better_finding_is_enough() -> None:
    objects, findings = read("http: {middlewares: {a: {plugin: {own: {}}}}}")
    assert objects == []
    assert len(findings) == 1 and "WasmPlugin" in findings[0]
