from __future__ import annotations

from tulle.flow.sharing import findings, together
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.services import Endpoint, Port, Protocol, Resolution, Service

HOST = "api.example.org"
TLS = Port(name="tls", number=443, protocol=Protocol.TLS)


def entry(name: str, *ports: Port, **more: object) -> Service:
    """One document about the host, with a place for each of its ports."""
    places = tuple(Endpoint(address=f"{name}.test", port=port.number, port_name=port.name) for port in ports)
    fields = {"addresses": places, "hosts": (HOST,), "resolution": Resolution.DNS, "is_outside": True, **more}
    origin = Origin("file", f"{name}.yaml", subject=f"ServiceEntry {name}")
    return Service(name=Name("default", HOST), origin=origin, ports=ports, account="", **fields)  # type: ignore[arg-type]


def said(first: Service, other: Service) -> list[str]:
    return [f"{finding.origin.file}: {finding.message}" for finding in findings(first, other)]


def test_ports_of_several_documents_add_up() -> None:
    one = entry("one", Port(name="http", number=80))
    two = entry("two", TLS, virtual_addresses=("10.0.0.1",), identities=("x",))
    service = together((one, two))
    assert [port.number for port in service.ports] == [80, 443]
    assert [place.address for place in service.addresses] == ["one.test", "two.test"]
    assert (service.virtual_addresses, service.identities) == (("10.0.0.1",), ("x",))
    assert service.origin is one.origin
    assert together((one, two)) is service
    assert said(one, two) == []


def test_a_name_that_is_taken_is_told_apart_by_the_number() -> None:
    service = together((entry("one", Port(name="http", number=80)), entry("two", Port(name="http", number=8080))))
    assert [port.name for port in service.ports] == ["http", "http-8080"]
    assert [place.port_name for place in service.addresses] == ["http", "http-8080"]


def test_places_of_one_port_add_up() -> None:
    service = together((entry("one", TLS), entry("two", Port(name="https", number=443, protocol=Protocol.TLS))))
    assert service.ports == (TLS,)
    assert [(place.address, place.port_name) for place in service.addresses] == [
        ("one.test", "tls"),
        ("two.test", "tls"),
    ]


def test_what_a_port_speaks_is_said_once() -> None:
    one, two = entry("one", TLS), entry("two", Port(name="http", number=443))
    service = together((one, two))
    assert service.ports == (TLS,)
    assert [place.address for place in service.addresses] == ["one.test"]
    assert said(one, two) == [
        f"two.yaml: ServiceEntry two: port 443 of {HOST} speaks tls as ServiceEntry one (one.yaml:1) says, "
        "which is used"
    ]


def test_documents_that_differ_in_more_than_ports_do_not_add_up() -> None:
    one, two = entry("one", TLS), entry("two", Port(name="http", number=80), resolution=Resolution.NONE)
    assert together((one, two)) is one
    assert said(one, two) == [
        f"two.yaml: ServiceEntry two: host {HOST} is that of ServiceEntry one (one.yaml:1) already, which is used; "
        "only documents that differ in ports add up"
    ]


def test_a_service_of_the_cluster_is_not_added_to() -> None:
    one, two = entry("one", TLS, hosts=()), entry("two", Port(name="http", number=80))
    assert together((one, two)) is one
    assert said(two, one) == said(two, one) != []
