from __future__ import annotations

from tests.flow.gateway_world import GatewayWorld, authorities, service
from tulle.model.names import Name
from tulle.model.policies import ClientTls, TlsMode

WEB = Name("shop", "web")
CA = '{group: "", kind: ConfigMap, name: ca}'


def policy(name: str, refs: str = CA, target: str = "name: web", created: str = "", more: str = "") -> str:
    stamp = f", creationTimestamp: '{created}'" if created else ""
    return f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: BackendTLSPolicy
metadata: {{name: {name}, namespace: shop{stamp}}}
spec:
  targetRefs: [{{group: "", kind: Service, {target}}}]
  validation: {{hostname: web.example, caCertificateRefs: [{refs}]{more}}}
"""


def world(*policies: str) -> GatewayWorld:
    return GatewayWorld("".join(policies), services=(service(WEB),), config_maps=(authorities(Name("shop", "ca")),))


def told(made: GatewayWorld, name: str) -> dict[str, str]:
    return {each.type: f"{each.status} {each.reason}" for each in made.policies.conditions[Name("shop", name)]}


def test_a_policy_that_counts() -> None:
    made = world(policy("one"))
    assert not made.findings and not made.policies.untrusted
    assert made.policies.tls == {
        WEB: {
            "": ClientTls(
                mode=TlsMode.SIMPLE,
                ca_maps=(Name("shop", "ca"),),
                uses_system_ca=False,
                server_name="web.example",
                subject_alt_names=("web.example",),
            )
        }
    }
    assert told(made, "one") == {"Accepted": "True Accepted", "ResolvedRefs": "True ResolvedRefs"}


def test_system_authorities_and_other_names() -> None:
    more = ", wellKnownCACertificates: System, subjectAltNames: [{type: Hostname, hostname: a.b}]"
    made = world(policy("one", "", "name: web, sectionName: http", more=more))
    tls = made.policies.tls[WEB]["http"]
    assert tls.uses_system_ca and tls.subject_alt_names == ("a.b",) and not made.findings


def test_the_oldest_policy_counts() -> None:
    made = world(policy("one"), policy("two", created="2025"), policy("three", created="2024"))
    assert told(made, "three")["Accepted"] == "True Accepted"
    for name in ("one", "two"):
        assert told(made, name)["Accepted"] == "False Conflicted"
    message = "BackendTLSPolicy three (in.yaml:16) is for the same service, and older"
    assert made.findings == [
        f"9 warning: BackendTLSPolicy two: is not used for service web: {message}",
        f"2 warning: BackendTLSPolicy one: is not used for service web: {message}",
    ]


def test_authorities_that_cannot_be_used() -> None:
    made = world(policy("one", CA.replace("ca}", "zzz}")))
    assert told(made, "one") == {
        "Accepted": "False NoValidCACertificate",
        "ResolvedRefs": "False InvalidCACertificateRef",
    }
    assert made.findings == ['2 error: BackendTLSPolicy one: ConfigMap "zzz": it does not exist']
    why = "BackendTLSPolicy one wants TLS to it, but there are no authorities that could be used"
    assert made.policies.untrusted == {WEB: (("", why),)} and not made.policies.tls
    made = world(policy("one", CA.replace("ConfigMap", "Secret")))
    assert told(made, "one") == {"Accepted": "False NoValidCACertificate", "ResolvedRefs": "False InvalidKind"}
    assert made.policies.untrusted


def test_one_good_authority_is_enough() -> None:
    made = world(policy("one", f"{CA}, {CA.replace('ca}', 'zzz}')}"))
    assert told(made, "one") == {"Accepted": "True Accepted", "ResolvedRefs": "False InvalidCACertificateRef"}
    assert made.policies.tls[WEB][""].ca_maps == (Name("shop", "ca"),)


def test_targets_that_do_not_exist() -> None:
    made = world(policy("one", target="name: zzz"), policy("two", target="name: web, sectionName: zzz"))
    assert made.findings == [
        '2 warning: BackendTLSPolicy one: service "zzz" does not exist; the policy has no effect',
        '9 warning: BackendTLSPolicy two: service "web" has no port "zzz"; it has http',
    ]
    made = world(policy("one").replace('group: "", kind: Service', "group: x.io, kind: Odd"))
    assert not made.policies.tls and not made.policies.untrusted
