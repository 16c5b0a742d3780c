from __future__ import annotations

from tests.dialects.istio.objects import fragment, messages
from tulle.dialects.istio.istio_operator import KIND


def test_what_is_installed_has_no_meaning() -> None:
    assert messages(KIND, {"tag": "1.31.0"}) == ['IstioOperator it: "spec.tag" has no effect: Istio is not installed']
    assert fragment(KIND, {"tag": "1.31.0"}).objects == ()


def test_the_mesh_config_in_it_has() -> None:
    (defaults,) = fragment(KIND, {"meshConfig": {"rootNamespace": "root"}}).objects
    assert getattr(defaults, "root_namespace", None) == "root"
