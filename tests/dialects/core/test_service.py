from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]
FRAME = "{{apiVersion: v1, kind: Service, metadata: {{name: {name}}}, spec: {spec}}}"


def service(spec: str, name: str = "web") -> str:
    return FRAME.format(name=name, spec=spec)


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{}", 'Service web: "spec" needs ports: at least one'),
        (
            "{type: ExternalName}",
            'Service web: "spec" has type ExternalName and needs externalName: a host, not nothing',
        ),
        (
            "{type: ExternalName, externalName: a b}",
            'Service web: "spec" has type ExternalName and needs externalName: a host, not "a b"',
        ),
        (
            "{ports: [{port: 1}, {port: 2, name: a}]}",
            'Service web: "spec.ports[0]" needs a name, as there are several ports',
        ),
        (
            "{ports: [{port: 1, name: a}, {port: 2, name: a}]}",
            'Service web: "spec.ports[1].name" is the name of another port: a',
        ),
        (
            "{ports: [{port: 1, name: a}, {port: 1, name: b}]}",
            'Service web: "spec.ports[1].port" is the number of another port: 1',
        ),
        (
            "{ports: [{port: 1, targetPort: '80'}]}",
            'Service web: "spec.ports[0].targetPort" must be the number or the name of a port of the workloads, '
            'not "80"',
        ),
        (
            "{ports: [{port: 1, targetPort: 0}]}",
            'Service web: "spec.ports[0].targetPort" must be the number or the name of a port of the workloads, not 0',
        ),
        (
            "{ports: [{port: 1}], clusterIP: 1.2.3}",
            'Service web: "spec.clusterIP" must be an IP address such as 10.0.0.5 or fd00::5, not "1.2.3"',
        ),
        (
            "{ports: [{port: 1}], externalIPs: [1]}",
            'Service web: "spec.externalIPs[0]" must be an IP address such as 10.0.0.5 or fd00::5, not 1',
        ),
        ("{prots: []}", 'Service web: unknown field "prots" in "spec"; did you mean "ports"?'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, spec: str, message: str) -> None:
    fragment = read(service(spec))
    assert [finding.message for finding in fragment.findings] == [message]
    assert not fragment.declared and not fragment.is_usable


@pytest.mark.parametrize(
    ("spec", "field"),
    [
        ("sessionAffinity: ClientIP", "sessionAffinity"),
        ("publishNotReadyAddresses: true", "publishNotReadyAddresses"),
        ("internalTrafficPolicy: Local", "internalTrafficPolicy"),
        ("externalTrafficPolicy: Local", "externalTrafficPolicy"),
        ("loadBalancerIP: 1.2.3.4", "loadBalancerIP"),
        ("loadBalancerSourceRanges: [10.0.0.0/8]", "loadBalancerSourceRanges"),
    ],
)
def test_what_has_no_effect_is_told(read: Read, spec: str, field: str) -> None:
    fragment = read(service(f"{{ports: [{{port: 80}}], {spec}}}"))
    (finding,) = fragment.findings
    assert f'"spec.{field}" has no effect' in finding.message and not finding.is_error
    assert len(fragment.declared) == 1


def test_what_a_cluster_fills_in_is_taken_silently(read: Read) -> None:
    fragment = read(
        service(
            "{ports: [{port: 80, nodePort: 0}], clusterIP: '', ipFamilies: [IPv4], ipFamilyPolicy: SingleStack, "
            "internalTrafficPolicy: Cluster, sessionAffinity: None, type: LoadBalancer, "
            "allocateLoadBalancerNodePorts: true}"
        )
    )
    assert fragment.findings == () and fragment.declared[0].virtual_addresses == ()


def test_a_name_with_a_point_cannot_be_called(read: Read) -> None:
    (finding,) = read(service("{ports: [{port: 80}]}", "a.b")).findings
    assert finding.message == 'Service a.b: "metadata.name" must be a name without a point, not "a.b"'


def test_a_port_with_sctp_is_left_out(read: Read) -> None:
    fragment = read(service("{ports: [{port: 1, name: a, protocol: SCTP}, {port: 2, name: b}]}"))
    assert [port.number for port in fragment.declared[0].ports] == [2]
    assert [finding.is_error for finding in fragment.findings] == [False]


def test_a_service_can_be_seen_by_nobody(read: Read) -> None:
    text = (
        "{apiVersion: v1, kind: Service, spec: {ports: [{port: 80}]}, "
        "metadata: {name: web, annotations: {networking.istio.io/exportTo: '~'}}}"
    )
    assert read(text).declared[0].exports == ()
