from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.gateway_world import GatewayWorld, authorities, certificate, secret
from tulle.flow.listener_references import Inventory, resolve_listener
from tulle.model.documents import BUILT_IN, Origin
from tulle.model.listeners import Certificate, ClientTrust, Listener, ListenerProtocol
from tulle.model.names import Name

CERT, CA = Name("shop", "cert"), Name("shop", "ca")
GATEWAY = """
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: gw, namespace: shop}}
spec:
  gatewayClassName: any
  listeners:
  - name: one
    port: 443
    protocol: HTTPS
    tls: {{certificateRefs: [{refs}]}}
{more}
"""
GRANT = """
---
apiVersion: gateway.networking.k8s.io/v1
kind: ReferenceGrant
metadata: {name: grant, namespace: far}
spec:
  from: [{group: gateway.networking.k8s.io, kind: Gateway, namespace: shop}]
  to: [{group: "", kind: Secret}, {group: "", kind: ConfigMap}]
"""


def world(refs: str = "{name: cert}", more: str = "", grant: str = "") -> GatewayWorld:
    secrets = [secret(CERT), secret(Name("far", "cert")), secret(Name("shop", "odd"), tls_key=b"x")]
    secrets.append(secret(Name("shop", "cas"), ca_crt=certificate()[0]))
    maps = (authorities(CA), authorities(Name("shop", "empty"), ""), authorities(Name("far", "ca")))
    return GatewayWorld(GATEWAY.format(refs=refs, more=more) + grant, secrets=secrets, config_maps=maps)


def conditions(made: GatewayWorld) -> dict[str, str]:
    return made.conditions("Gateway", Name("shop", "gw"), "one")


def test_certificates_that_can_be_used() -> None:
    made = world()
    assert conditions(made)["ResolvedRefs"] == "True ResolvedRefs" and not made.findings
    made = world("{name: cert, namespace: far}", grant=GRANT)
    assert conditions(made)["Programmed"] == "True Programmed" and not made.findings


@pytest.mark.parametrize(
    ("refs", "reason", "message"),
    [
        ("{name: zzz}", "InvalidCertificateRef", 'secret "zzz": it does not exist'),
        ("{name: odd}", "InvalidCertificateRef", 'secret "odd": there is no certificate in it'),
        (
            "{name: cert, namespace: far}",
            "RefNotPermitted",
            'secret "cert.far" may not be used from here: no ReferenceGrant in namespace far allows it',
        ),
    ],
)
def test_certificates_that_cannot_be_used(refs: str, reason: str, message: str) -> None:
    made = world(refs)
    assert conditions(made) == {
        "Accepted": "True Accepted",
        "ResolvedRefs": f"False {reason}",
        "Conflicted": "False NoConflicts",
        "Programmed": "False Invalid",
    }
    assert made.findings == [f"11 error: Gateway gw: {message}"] and not made.placed


def test_one_good_certificate_is_enough() -> None:
    made = world("{name: zzz}, {name: cert}")
    assert conditions(made)["ResolvedRefs"] == "False InvalidCertificateRef"
    assert conditions(made)["Programmed"] == "True Programmed"
    (listener,) = made.arrangement.usable.values()
    assert [each.secret for each in listener.certificates] == [CERT]


def test_files_are_looked_at_elsewhere() -> None:
    listener = Listener(
        name=Name("shop", "a"),
        origin=BUILT_IN,
        port=1,
        protocol=ListenerProtocol.HTTPS,
        certificates=(Certificate(certificate_file="/a"), Certificate(secret=CERT)),
        client_trust=ClientTrust(ca_file="/ca"),
    )
    found = resolve_listener(listener, Inventory(secrets={CERT: secret(CERT)}))
    assert found.listener is listener and not found.faults


def frontend(refs: str) -> str:
    return f"  tls: {{frontend: {{default: {{validation: {{caCertificateRefs: [{refs}]}}}}}}}}"


@pytest.mark.parametrize(
    "refs",
    [
        '{group: "", kind: ConfigMap, name: ca}',
        '{group: "", kind: Secret, name: cas}',
        '{group: "", kind: ConfigMap, name: ca, namespace: far}',
    ],
)
def test_authorities_that_can_be_used(refs: str) -> None:
    made = world(more=frontend(refs), grant=GRANT)
    assert not made.findings and conditions(made)["Accepted"] == "True Accepted"


@pytest.mark.parametrize(
    ("refs", "reason", "message"),
    [
        ('{group: "", kind: ConfigMap, name: zzz}', "InvalidCACertificateRef", 'ConfigMap "zzz": it does not exist'),
        (
            '{group: "", kind: ConfigMap, name: empty}',
            "InvalidCACertificateRef",
            'ConfigMap "empty": there is no certificate of an authority in it',
        ),
        ('{group: "", kind: Secret, name: zzz}', "InvalidCACertificateRef", 'Secret "zzz": it does not exist'),
        (
            '{group: "", kind: ConfigMap, name: ca, namespace: far}',
            "RefNotPermitted",
            'ConfigMap "ca.far" may not be used from here: no ReferenceGrant in namespace far allows it',
        ),
    ],
)
def test_authorities_that_cannot_be_used(refs: str, reason: str, message: str) -> None:
    made = world(more=frontend(refs))
    found = conditions(made)
    assert (found["ResolvedRefs"], found["Accepted"]) == (f"False {reason}", "False NoValidCACertificate")
    assert found["Programmed"] == "False Invalid"
    assert made.findings == [f"12 error: Gateway gw: {message}"]


def test_authorities_of_other_languages_are_missed_where_the_listener_begins() -> None:
    trust = ClientTrust(secrets=(Name("shop", "zzz"),))
    origin = Origin("file", "a.yaml", subject="Gateway gw")
    listener = Listener(
        name=Name("shop", "gw/one"), origin=origin, port=1, protocol=ListenerProtocol.HTTPS, client_trust=trust
    )
    (finding,) = resolve_listener(listener, Inventory()).findings
    assert (finding.origin, finding.message) == (origin, 'Gateway gw: Secret "zzz": it does not exist')


def test_one_good_authority_is_enough() -> None:
    refs = '{group: "", kind: ConfigMap, name: zzz}, {group: "", kind: ConfigMap, name: ca}'
    made = world(more=frontend(refs))
    (listener,) = made.arrangement.usable.values()
    assert listener.client_trust is not None and listener.client_trust.ca_maps == (CA,)
    again = resolve_listener(made.inventory.listeners[0], made.inventory).listener
    assert again is resolve_listener(made.inventory.listeners[0], made.inventory).listener


def test_authorities_of_other_kinds_are_noted_once() -> None:
    made = world(more=frontend("{group: x.io, kind: Odd, name: a}"))
    faults = made.arrangement.faults[Name("shop", "gw/one")]
    assert [reason for _, reason, _ in faults] == ["InvalidCACertificateKind", "NoValidCACertificate"]


def test_without_a_referrer_nobody_needs_to_consent() -> None:
    listener = Listener(
        name=Name("shop", "a"), origin=BUILT_IN, port=1, certificates=(Certificate(secret=Name("far", "cert")),)
    )
    found = resolve_listener(listener, Inventory(secrets={Name("far", "cert"): secret(Name("far", "cert"))}))
    assert found.listener is listener
    assert resolve_listener(replace(listener, certificates=()), Inventory()).faults == []
