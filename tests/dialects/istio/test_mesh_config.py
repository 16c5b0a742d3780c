from __future__ import annotations

import pytest

from tulle.dialects.istio.mesh_config import is_mesh_config, read_config_map
from tulle.dialects.written import Written
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.extensions import MeshDefaults
from tulle.model.mesh import Fragment
from tulle.model.names import Name


def document(data: str, name: str = "istio", namespace: str = "istio-system") -> Document:
    """A ConfigMap that begins in the fifth line of its file; its data begins in the ninth."""
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {name}}}\ndata:\n{data}"
    value = parse(text)
    assert isinstance(value, dict)
    return Document(Origin("file", "in.yaml", Anchor(5)), Key("core/configmap", Name(namespace, name)), value)


def read(data: str) -> Fragment:
    return read_config_map(Written(document(data), "ConfigMap istio", ()))


@pytest.mark.parametrize(
    ("data", "name", "namespace", "expected"),
    [
        ("  mesh: a", "istio", "istio-system", True),
        ("  mesh: a", "istio-1-31", "istio-system", True),
        ("  mesh: a", "istiod", "istio-system", False),
        ("  mesh: a", "istio", "default", False),
        ("  other: a", "istio", "istio-system", False),
        ("  mesh: {}", "istio", "istio-system", False),
        ("  -", "istio", "istio-system", False),
    ],
)
def test_which_config_maps_are_istios(data: str, name: str, namespace: str, expected: bool) -> None:
    assert is_mesh_config(document(data, name, namespace)) is expected


def test_it_says_what_holds_for_the_mesh() -> None:
    found = read("  mesh: |\n    accessLogFile: /dev/stdout\n    outboundTrafficPolicy: {mode: ALLOW_ANY}\n")
    (defaults,) = found.objects
    assert isinstance(defaults, MeshDefaults)
    assert (defaults.allow_outside, defaults.sidecar_concurrency, defaults.trust_domain) == (True, None, None)
    assert defaults.access_log is not None
    assert (defaults.access_log.file, defaults.access_log.origin.line) == ("/dev/stdout", 10)


@pytest.mark.parametrize(
    ("data", "finding"),
    [
        (
            "  mesh: |-\n    # first\n    trustDomain: a\n    defaultConfig:\n      foo: 1\n",
            'in.yaml:13: error: MeshConfig istio: unknown field "foo" in "defaultConfig"',
        ),
        (
            '  mesh: "{foo: 1}"\n',
            'in.yaml:9: error: MeshConfig istio: unknown field "foo"',
        ),
        (
            "  mesh: |\n    a: 1\n    b: [\n",
            "in.yaml:11: error: ConfigMap istio: not YAML: a value is missing here, or a bracket above is never closed",
        ),
        ("  mesh: |\n    - 1\n", 'in.yaml:9: error: ConfigMap istio: "data.mesh" must be a mapping, as text'),
    ],
)
def test_mistakes_are_told_at_their_lines(data: str, finding: str) -> None:
    assert [str(each) for each in read(data).findings] == [finding]


def test_an_empty_one_says_nothing() -> None:
    found = read("  mesh: ''\n")
    (defaults,) = found.objects
    assert isinstance(defaults, MeshDefaults)
    assert (defaults.access_log, defaults.allow_outside, found.findings) == (None, None, ())
