from __future__ import annotations

from tulle.model.documents import BUILT_IN
from tulle.model.findings import Finding
from tulle.model.guards import Guard
from tulle.model.mesh import Fragment, Mesh
from tulle.model.names import GATEWAY, Name


def test_a_fragment_with_an_error_must_not_replace_an_older_one() -> None:
    assert Fragment().is_usable
    assert Fragment(findings=(Finding.warning(BUILT_IN, "odd"),)).is_usable
    assert not Fragment(findings=(Finding.warning(BUILT_IN, "odd"), Finding.error(BUILT_IN, "bad"))).is_usable


def test_an_empty_mesh_has_the_usual_settings() -> None:
    settings = Mesh().settings
    assert settings.trust_domain == "cluster.local"
    assert settings.allow_outside
    assert settings.certificate_lifetime == 24 * 3600


def test_the_gateway_enforces_what_is_for_all_of_it_and_for_single_gateways() -> None:
    usual, other = (
        Guard(workload=GATEWAY, origin=BUILT_IN, service=GATEWAY, account=account) for account in ("gateway", "other")
    )
    gateways = {Name("shop", "a"): other, Name("shop", "b"): other, Name("shop", "c"): usual}
    assert Mesh().all_gateway_guards == ()
    assert Mesh(gateway_guards=gateways).all_gateway_guards == (other, usual)
    assert Mesh(gateway_guard=usual, gateway_guards=gateways).all_gateway_guards == (usual, other)
    mesh = Mesh(gateway_guard=usual, gateway_guards={Name("shop", "a"): other})
    assert mesh.guard_of((None, Name("shop", "b"))) is usual
    assert mesh.guard_of((None, Name("shop", "b"), Name("shop", "a"))) is other
