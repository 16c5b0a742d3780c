from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.native.texts import messages
from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]


def test_one_port_is_called_as_what_it_speaks(read: Read) -> None:
    (workload,) = read("workloads: {web: {command: x, port: 443, protocol: tls}}").workloads
    assert [(port.name, port.number, str(port.protocol)) for port in workload.ports] == [("tls", 443, "tls")]


def test_several_ports_have_names_that_say_what_they_speak(read: Read) -> None:
    (workload,) = read("workloads: {web: {command: x, ports: {grpc: 1, admin: {port: 2, protocol: tcp}}}}").workloads
    assert [(port.name, str(port.protocol)) for port in workload.ports] == [("grpc", "grpc"), ("admin", "tcp")]


def test_a_number_is_that_of_one_port(read: Read) -> None:
    (finding,) = read("workloads: {web: {command: x, ports: {a: 1, b: 1}}}").findings
    assert finding.message == 'workload web: "ports.b" has the number of port a: 1'


def test_the_port_behind_it_has_a_number_or_a_name(read: Read) -> None:
    (service,) = read(
        "services: {web: {select: {a: b}, ports: {http: {port: 80, target: 8080}, admin: {port: 81, target: admin}}}}"
    ).services
    assert [port.target for port in service.ports] == [8080, "admin"]


@pytest.mark.parametrize("target", ["0", "65536", "true", '"8080 "', "[1]"])
def test_nothing_else_is_a_port_behind_it(read: Read, target: str) -> None:
    (message,) = messages(read, f"services: {{web: {{port: 80, select: {{a: b}}, target: {target}}}}}")
    assert message.startswith('service web: "target" must be the number or the name of a port, not ')


def test_policies_are_for_ports_by_number(read: Read) -> None:
    text = "services: {web: {port: 80, command: x, port_policies: {%s: {load_balancing: random}}}}"
    (service,) = read(text % 80).services
    assert messages(read, text % "http") == [
        'service web: "port_policies.http" must be the number of a port, not "http"'
    ]
    assert messages(read, text % 81) == ['service web: "port_policies.81" is no port of the service']
    assert service.name.name == "web"
