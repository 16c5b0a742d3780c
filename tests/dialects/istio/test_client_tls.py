from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import ClientTls, TlsMode
from tulle.model.services import Destination

Read = Callable[[str], Fragment]


def one(text: str) -> str:
    return document("DestinationRule", f"host: a\ntrafficPolicy: {{tls: {text}}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ClientTls(mode=TlsMode.DISABLE)),
        ("{mode: ISTIO_MUTUAL}", ClientTls(mode=TlsMode.MESH)),
        (
            "{mode: SIMPLE, sni: x, subjectAltNames: [y], caCertificates: ca.pem, caCrl: /crl.pem}",
            ClientTls(
                mode=TlsMode.SIMPLE,
                server_name="x",
                subject_alt_names=("y",),
                ca_file="/folder/ca.pem",
                crl_file="/crl.pem",
            ),
        ),
        ("{mode: SIMPLE, caCertificates: system}", ClientTls(mode=TlsMode.SIMPLE)),
        ("{mode: SIMPLE, insecureSkipVerify: true}", ClientTls(mode=TlsMode.SIMPLE, skips_verification=True)),
        (
            "{mode: MUTUAL, clientCertificate: a.pem, privateKey: /b.pem}",
            ClientTls(mode=TlsMode.MUTUAL, certificate_file="/folder/a.pem", key_file="/b.pem"),
        ),
        ("{mode: MUTUAL, credentialName: s}", ClientTls(mode=TlsMode.MUTUAL, secret=Name("shop", "s"))),
        (
            "{mode: SIMPLE, credentialName: 'configmap://m'}",
            ClientTls(mode=TlsMode.SIMPLE, ca_maps=(Name("shop", "m"),)),
        ),
    ],
)
def test_modes(read: Read, text: str, expected: ClientTls) -> None:
    fragment = read(one(text))
    assert findings(fragment) == []
    (destination,) = fragment.objects
    assert isinstance(destination, Destination)
    assert destination.policy is not None
    assert destination.policy.tls == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{mode: ISTIO_MUTUAL, clientCertificate: a}",
            'error: "{}.clientCertificate" has no effect in mode ISTIO_MUTUAL; leave it out, or write another mode',
        ),
        (
            "{mode: SIMPLE, credentialName: a, caCertificates: b}",
            'error: "{}.caCertificates" cannot stand beside credentialName; write one of them',
        ),
        (
            "{mode: MUTUAL, clientCertificate: a}",
            'error: "{}" needs clientCertificate and privateKey, or credentialName, in mode MUTUAL',
        ),
        (
            "{mode: SIMPLE, privateKey: a}",
            'warning: "{}" shows no certificate to the server in mode SIMPLE; write MUTUAL',
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"6 {expected.replace('{}', 'spec.trafficPolicy.tls')}"]
