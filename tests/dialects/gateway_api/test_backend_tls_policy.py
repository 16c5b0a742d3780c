from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.names import Name
from tulle.model.objects import BackendTls

TARGETS = 'targetRefs: [{group: "", kind: Service, name: web, sectionName: https}]\n'


def policy(say: Say, text: str) -> BackendTls:
    (made,) = say("BackendTLSPolicy", text).objects
    assert isinstance(made, BackendTls)
    return made


def test_a_policy(say: Say) -> None:
    text = f"""{TARGETS}validation:
  hostname: web.example
  caCertificateRefs: [{{group: "", kind: ConfigMap, name: ca}}]
  subjectAltNames: [{{type: Hostname, hostname: a.example}}, {{type: URI, uri: "spiffe://a/b"}}]
"""
    for version in ("v1", "v1alpha3"):
        assert not say("BackendTLSPolicy", text, f"gateway.networking.k8s.io/{version}").findings
    made = policy(say, text)
    assert (made.targets, made.server_name) == ((("Service", "web", "https"),), "web.example")
    assert (made.ca_maps, made.uses_system_ca) == ((Name("shop", "ca"),), False)
    assert made.subject_alt_names == ("a.example", "spiffe://a/b")
    made = policy(say, f"{TARGETS}validation: {{hostname: a.b, wellKnownCACertificates: System}}")
    assert made.uses_system_ca and not made.ca_maps


def test_authorities_of_other_kinds(say: Say, complain: Complain) -> None:
    text = f'{TARGETS}validation: {{hostname: a.b, caCertificateRefs: [{{group: "", kind: Secret, name: ca}}]}}'
    message = "authorities are in a ConfigMap, not in a Secret"
    assert complain("BackendTLSPolicy", text) == [
        f'2 warning: "spec.validation.caCertificateRefs[0]" cannot be used: {message}'
    ]
    assert policy(say, text).problems == (
        ("ResolvedRefs", "InvalidKind", message),
        ("Accepted", "NoValidCACertificate", "there are no authorities that could be used"),
    )


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("", '2 error: "spec.validation" needs either caCertificateRefs or wellKnownCACertificates'),
        (
            ", wellKnownCACertificates: System, subjectAltNames: [{type: URI, hostname: a.b, uri: 'a://b'}]",
            '2 error: "spec.validation.subjectAltNames[0].hostname" does not belong to a name of type URI',
        ),
        (
            ", wellKnownCACertificates: System, subjectAltNames: [{type: Hostname}]",
            '2 error: "spec.validation.subjectAltNames[0].hostname" is missing, as the type is Hostname',
        ),
    ],
)
def test_what_cannot_be(complain: Complain, more: str, message: str) -> None:
    assert complain("BackendTLSPolicy", f"{TARGETS}validation: {{hostname: a.b{more}}}") == [message]


def test_targets(complain: Complain) -> None:
    validation = "validation: {hostname: a.b, wellKnownCACertificates: System}"
    web = '{group: "", kind: Service, name: web'
    text = f"targetRefs: [{{group: x.io, kind: Bucket, name: b}}]\n{validation}"
    assert complain("BackendTLSPolicy", text) == [
        '1 warning: "spec.targetRefs[0]" has no effect: TLS is for a Service, not for a Bucket'
    ]
    text = f"targetRefs: [{web}}}, {web}}}, {web}, sectionName: a}}]\n{validation}"
    assert complain("BackendTLSPolicy", text) == [
        '1 error: "spec.targetRefs[1]" names the same as one before it',
        '1 error: "spec.targetRefs[2]" needs a sectionName, as others name the same target',
    ]
    assert not complain(
        "BackendTLSPolicy", f"targetRefs: [{web}, sectionName: b}}, {web}, sectionName: a}}]\n{validation}"
    )


def test_a_policy_that_cannot_be_read(complain: Complain) -> None:
    assert complain("BackendTLSPolicy", TARGETS) == ['0 error: "spec.validation" is missing']
