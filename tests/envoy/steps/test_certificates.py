from __future__ import annotations

from tulle.envoy.steps import certificates
from tulle.envoy.steps.parts import Where, Work
from tulle.model.steps import CertificateParts, ShowCertificate

HERE = Where("0", "router/1")


def test_only_what_is_asked_for_is_told() -> None:
    subject = CertificateParts(common_name=True, country=True)
    (work,) = certificates.show(ShowCertificate(shows_pem=True, subject=subject), HERE)
    assert isinstance(work, Work)
    (operation,) = work.request
    assert [each["as"] for each in operation["subject"]] == ["C", "CN"]
    assert "issuer" not in operation
    assert operation["pem"]
