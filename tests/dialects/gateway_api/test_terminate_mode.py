from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Say
from tulle.model.listeners import ClientCertificates, ClientTrust
from tulle.model.names import Name
from tulle.model.routes import Referrer

START = "gatewayClassName: a\nlisteners:\n- name: one\n  port: 443\n  protocol: HTTPS\n"
REFERRER = Referrer("gateway.networking.k8s.io", "Gateway", "shop")


def options(mode: str, references: str = "[{name: cert}]") -> str:
    return f"{START}  tls: {{certificateRefs: {references}, options: {{gateway.istio.io/tls-terminate-mode: {mode}}}}}"


@pytest.mark.parametrize(
    ("mode", "handling"),
    [
        ("MUTUAL", ClientCertificates.REQUIRED),
        ("OPTIONAL_MUTUAL", ClientCertificates.OPTIONAL),
    ],
)
def test_clients_show_certificates_where_the_option_says_it(say: Say, mode: str, handling: ClientCertificates) -> None:
    found = say("Gateway", options(mode))
    (listener,) = found.listeners
    assert not found.findings and not listener.problems
    assert listener.client_trust == ClientTrust(
        handling=handling, secrets=(Name("shop", "cert"),), searches_root=True, referrer=REFERRER
    )


def test_they_show_none_elsewhere(say: Say) -> None:
    found = say("Gateway", options("SIMPLE"))
    assert not found.findings and found.listeners[0].client_trust is None


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        (options("ODD"), "ODD is no way to end TLS here; known are SIMPLE, MUTUAL, OPTIONAL_MUTUAL"),
        (options("MUTUAL", "[{kind: Cert, name: a}]"), "MUTUAL needs a Secret with a certificate"),
    ],
)
def test_what_cannot_be_done_lets_nobody_in(say: Say, text: str, wrong: str) -> None:
    found = say("Gateway", text)
    (listener,) = found.listeners
    assert ("Programmed", "Invalid", wrong) in listener.problems
    assert any(f"cannot be done, so that nothing listens: {wrong}" in each.message for each in found.findings)
