from __future__ import annotations

from datetime import UTC, datetime

from cryptography import x509

from tulle.identity.pem import pair_problem
from tulle.identity.stand_in import LIFETIME, NAME, self_signed


def test_it_is_good_for_a_handshake_and_nothing_else() -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    certificate, key = self_signed(now)
    assert pair_problem(certificate.encode(), key.encode()) == ""
    found = x509.load_pem_x509_certificate(certificate.encode())
    assert found.subject == found.issuer
    assert found.subject.rfc4514_string() == f"CN={NAME}"
    assert found.not_valid_before_utc < now < found.not_valid_after_utc == now + LIFETIME
