from __future__ import annotations

import pytest

from tests.dialects.traefik.reading import read


@pytest.mark.parametrize(
    ("text", "fields"),
    [
        ("log: {level: ERROR, format: common}", []),
        ("log: {level: INFO, format: json, filePath: a, maxSize: 1}", ["level", "format", "filePath", "maxSize"]),
        ("metrics: {datadog: {address: x}, statsD: {}}", ["datadog", "statsD"]),
        ("metrics: {prometheus: {buckets: [0.1, 0.3, 1.2, 5.0]}}", []),
        ("metrics: {prometheus: {buckets: '1,2'}}", ["prometheus.buckets"]),
        ("experimental: {plugins: {a: {moduleName: b}}}", ["plugins"]),
        ("hostResolver: {cnameFlattening: true}", ["cnameFlattening"]),
        ("spiffe: {workloadAPIAddr: localhost}", ["workloadAPIAddr"]),
        ("tracing: {safeQueryParams: [a]}", ["safeQueryParams"]),
        ("providers: {kubernetesCRD: {}, nomad: {prefix: a}}", ["nomad", "kubernetesCRD"]),
    ],
)
def test_what_has_no_effect_is_said(text: str, fields: list[str]) -> None:
    said = [each.split('"')[1] for each in read(text)[1] if '"' in each and "has no effect" in each]
    assert said == fields
