from __future__ import annotations

from collections.abc import Callable

from tulle.model.mesh import Fragment
from tulle.model.services import Places

Read = Callable[[str], Fragment]
SLICE = (
    "{{apiVersion: discovery.k8s.io/v1, kind: EndpointSlice, addressType: IPv4, "
    "metadata: {{name: web-1, labels: {{kubernetes.io/service-name: web}}}}, {rest}}}"
)


def messages(fragment: Fragment) -> list[str]:
    return [finding.message for finding in fragment.findings]


def test_places_that_cannot_be_called_are_told(read: Read) -> None:
    fragment = read(SLICE.format(rest="endpoints: [{addresses: [10.0.0.1]}], ports: [{name: http}]"))
    assert messages(fragment) == ['EndpointSlice web-1: "ports[0]" has no number: it is left out']
    fragment = read(SLICE.format(rest="endpoints: [{addresses: [10.0.0.1]}]"))
    assert messages(fragment) == ["EndpointSlice web-1 names no ports, so nothing can be called there"]


def test_a_port_without_a_name_is_every_port(read: Read) -> None:
    (places,) = read(SLICE.format(rest="endpoints: [{addresses: [10.0.0.1, 10.0.0.2]}], ports: [{port: 80}]")).objects
    assert isinstance(places, Places)
    assert [(each.address, each.port, each.port_name) for each in places.endpoints] == [("10.0.0.1", 80, "")]


def test_subsets_without_ports_are_told(read: Read) -> None:
    fragment = read("{apiVersion: v1, kind: Endpoints, metadata: {name: db}, subsets: [{addresses: [{ip: 10.0.0.1}]}]}")
    assert messages(fragment) == ['Endpoints db: "subsets[0].ports" names no ports, so nothing can be called there']


def test_malformed_objects_say_nothing(read: Read) -> None:
    fragment = read("{apiVersion: v1, kind: Endpoints, metadata: {name: db}, subsets: [{addresses: [{ip: here}]}]}")
    assert not fragment.objects and "must be an IP address" in messages(fragment)[0]
    fragment = read(SLICE.format(rest="endpoints: [{addresses: []}]"))
    assert not fragment.objects
    assert messages(fragment) == ['EndpointSlice web-1: "endpoints[0].addresses" is empty; name at least one']


def test_what_is_no_address_is_left_out(read: Read) -> None:
    fragment = read(SLICE.format(rest="endpoints: [{addresses: [a.b]}, {addresses: [10.0.0.2]}], ports: [{port: 80}]"))
    assert messages(fragment) == [
        'EndpointSlice web-1: "endpoints[0].addresses[0]" is "a.b", which is no IP address: it is left out'
    ]
    (places,) = fragment.objects
    assert isinstance(places, Places) and [each.address for each in places.endpoints] == ["10.0.0.2"]
