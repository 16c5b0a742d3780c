from __future__ import annotations

from collections.abc import Callable

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
