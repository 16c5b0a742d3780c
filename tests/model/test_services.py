from __future__ import annotations

from dataclasses import replace

from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.services import Endpoint, Port, Protocol, Service, Subset

PORTS = (Port(name="http", number=80), Port(name="grpc", number=90, protocol=Protocol.GRPC))
SERVICE = Service(
    name=Name("default", "web"), origin=BUILT_IN, ports=PORTS, account="web", subsets=(Subset(name="v1", labels=()),)
)


def test_a_port_is_found_by_its_number_and_the_first_is_the_usual_one() -> None:
    assert SERVICE.port() is PORTS[0]
    assert SERVICE.port(90) is PORTS[1]
    assert SERVICE.port(91) is None
    assert Service(name=SERVICE.name, origin=BUILT_IN, ports=(), account="web").port() is None


def test_udp_has_numbers_of_its_own() -> None:
    quic, web = Port(name="quic", number=443, protocol=Protocol.UDP), Port(name="https", number=443)
    service = Service(name=SERVICE.name, origin=BUILT_IN, ports=(quic, web), account="web")
    assert service.port(443) is web and service.port(443, is_udp=True) is quic
    only = Service(name=SERVICE.name, origin=BUILT_IN, ports=(quic,), account="web")
    assert only.port(443) is quic, "there is no other one that could be meant"


def test_a_subset_is_found_by_its_name() -> None:
    assert SERVICE.subset("v1") is SERVICE.subsets[0]
    assert SERVICE.subset("v2") is None


def test_sidecars_stand_before_what_we_run() -> None:
    there = Endpoint(address="10.0.0.5", port=80)
    assert SERVICE.is_meshed
    assert not Service(name=SERVICE.name, origin=BUILT_IN, ports=(), account="web", addresses=(there,)).is_meshed


def test_protocols_know_what_can_be_done_with_them() -> None:
    assert [protocol for protocol in Protocol if protocol.is_http] == [Protocol.HTTP, Protocol.HTTP2, Protocol.GRPC]
    assert [protocol for protocol in Protocol if protocol.is_http2] == [Protocol.HTTP2, Protocol.GRPC]


def test_a_service_goes_by_its_full_name_unless_it_says_its_hosts() -> None:
    assert SERVICE.full_hosts == ("web.default.svc.cluster.local",)
    assert replace(SERVICE, hosts=("x.test", "*.y.test")).full_hosts == ("x.test", "*.y.test")
