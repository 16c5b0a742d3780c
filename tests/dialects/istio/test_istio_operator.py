from __future__ import annotations

import pytest

from tests.dialects.conftest import Write
from tests.dialects.istio.objects import fragment, messages
from tulle.dialects.istio.dialect import DIALECT
from tulle.dialects.istio.istio_operator import KIND


def test_what_is_installed_has_no_meaning() -> None:
    assert messages(KIND, {"tag": "1.31.0"}) == ['IstioOperator it: "spec.tag" has no effect: Istio is not installed']
    assert fragment(KIND, {"tag": "1.31.0"}).objects == ()


def test_the_mesh_config_in_it_has() -> None:
    (defaults,) = fragment(KIND, {"meshConfig": {"rootNamespace": "root"}}).objects
    assert getattr(defaults, "root_namespace", None) == "root"


@pytest.mark.parametrize("metadata", ["", "metadata:\n", "metadata: {namespace: istio-system}\n"])
def test_it_may_have_no_name(write: Write, metadata: str) -> None:
    text = f"apiVersion: install.istio.io/v1alpha1\nkind: IstioOperator\n{metadata}"
    (part,), findings = DIALECT.split(write(f"{text}spec: {{meshConfig: {{rootNamespace: root}}}}"), {})
    assert part.key.name.name == "installed-state" and not findings
    assert DIALECT.read(part).objects
