from __future__ import annotations

import pytest

from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed
from tulle.flow.relabelling import is_written_elsewhere, label, relabelled, renames
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import Scope
from tulle.model.listeners import Listener
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import Backend, Forward, Match, RouteRule
from tulle.model.security import AccessPolicy, PeerAuthentication, Target
from tulle.model.services import Endpoint, Port, Service, Subset
from tulle.model.workloads import Workload


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("web", "web"),
        ("www.example.org", "www-example-org"),
        ("*.Example.org", "any-example-org"),
        ("...", "unnamed"),
        ("a." * 60, ("a-" * 32)[:63]),
    ],
)
def test_labels_are_near_to_what_they_stand_for(text: str, wanted: str) -> None:
    assert label(text) == wanted


def service(name: str, *ports: Port, **more: object) -> Service:
    return Service(name=Name("shop", name), origin=BUILT_IN, ports=ports, account="", **more)  # type: ignore[arg-type]


def test_services_and_all_that_refers_to_them_get_labels() -> None:
    host = Name("shop", "a.b")
    backend = Backend(service=host, subset="V1", origin=BUILT_IN)
    rule = RouteRule(name="", origin=BUILT_IN, matches=(Match(),), action=Forward(backends=(backend,)))
    calls = (host, Name("shop", "c"))
    workload = Workload(name=Name("shop", "w"), origin=BUILT_IN, service=host, command="x", directory="/", calls=calls)
    content = Content(
        offers=(Offer(service=service("a.b", subsets=(Subset(name="V1", labels=()),)), workloads=(workload,)),),
        routes=(Placed(namespace="shop", hosts=("*",), rules=(rule,)),),
        access=(AccessPolicy(name=Name("shop", "p.q"), origin=BUILT_IN, targets=(Target(kind="Service", name=host),)),),
    )
    found = relabelled(content)
    named = Name("shop", "a-b")
    assert found.offers[0].service.name == named
    assert [subset.name for subset in found.offers[0].service.subsets] == ["v1"]
    assert found.offers[0].workloads[0].service == named
    assert found.offers[0].workloads[0].calls == (named, Name("shop", "c"))
    action = found.routes[0].rules[0].action
    assert isinstance(action, Forward) and (action.backends[0].service, action.backends[0].subset) == (named, "v1")
    assert (found.access[0].name, found.access[0].targets[0].name) == (Name("shop", "p-q"), named)
    assert renames(content, found) == {"a.b.shop": "a-b.shop"}


def test_names_that_would_be_the_same_stay_apart() -> None:
    offers = tuple(Offer(service=service(name)) for name in ("a.b", "a-b", "a_b"))
    assert [each.service.name.name for each in relabelled(Content(offers=offers)).offers] == ["a-b-2", "a-b", "a-b-3"]


def test_listeners_of_all_languages_stand_side_by_side() -> None:
    names = (Name("shop", "istio/edge/http"), Name("team", "edge/http"), Name(SYSTEM_NAMESPACE, "plain"))
    entrances = tuple(Entrance(listener=Listener(name=name, origin=BUILT_IN, port=80)) for name in names)
    placed = Placed(namespace="shop", hosts=("a",), listeners=tuple(each.listener.id for each in entrances))
    content = Content(entrances=entrances, routes=(placed,))
    found = relabelled(content)
    assert [each.listener.name.name for each in found.entrances] == ["edge-http", "edge-http-2", "plain"]
    assert found.routes[0].listeners == ("edge-http", "edge-http-2", "plain")
    assert renames(content, found) == {"shop/istio/edge/http": "edge-http", "team/edge/http": "edge-http-2"}


def test_ports_have_names_that_can_be_written() -> None:
    single = service("a", Port(name="", number=80, target=80), addresses=(Endpoint(address="h", port=1, port_name=""),))
    several = service(
        "b",
        Port(name="HTTP", number=80, target="Web_1"),
        Port(name="x", number=81),
        addresses=(Endpoint(address="h", port=1, port_name="HTTP"), Endpoint(address="h", port=1, port_name="gone")),
    )
    content = Content(offers=(Offer(service=single), Offer(service=several)))
    one, two = (each.service for each in relabelled(content).offers)
    assert (one.ports[0].name, one.ports[0].target, one.addresses[0].port_name) == ("http", None, "")
    assert [(port.name, port.target) for port in two.ports] == [("http", "web-1"), ("x", None)]
    assert [each.port_name for each in two.addresses] == ["http", "gone"]


def test_what_native_services_say_themselves_keeps_its_name() -> None:
    name = Name("shop", "service/web")
    assert is_written_elsewhere(name)
    peers = (PeerAuthentication(name=name, origin=BUILT_IN),)
    found = relabelled(Content(peers=peers, scopes=(Scope(name=Name("shop", "a.b"), origin=BUILT_IN),)))
    assert (found.peers[0].name, found.scopes[0].name.name) == (name, "a-b")
