from __future__ import annotations

from tulle.model.documents import BUILT_IN
from tulle.model.findings import Finding
from tulle.model.mesh import Fragment, Mesh


def test_a_fragment_with_an_error_must_not_replace_an_older_one() -> None:
    assert Fragment().is_usable
    assert Fragment(findings=(Finding.warning(BUILT_IN, "odd"),)).is_usable
    assert not Fragment(findings=(Finding.warning(BUILT_IN, "odd"), Finding.error(BUILT_IN, "bad"))).is_usable


def test_an_empty_mesh_has_the_usual_settings() -> None:
    settings = Mesh().settings
    assert settings.trust_domain == "cluster.local"
    assert settings.allow_outside
    assert settings.certificate_lifetime == 24 * 3600
