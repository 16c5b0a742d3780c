from __future__ import annotations

import pytest

from tests.flow.written import documents
from tulle.dialects import registry
from tulle.dialects.native.writing.content import Content, Entrance, Offer, Placed
from tulle.flow.build import Builder
from tulle.flow.gathering import gathered
from tulle.flow.relabelling import LONGEST, is_written_elsewhere, label, relabelled, renames
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener
from tulle.model.names import Name
from tulle.model.routes import Backend, Forward, Match, RouteRule
from tulle.model.security import AccessPolicy, PeerAuthentication, Target
from tulle.model.services import Endpoint, Port, Protocol, Service, Subset
from tulle.model.workloads import Workload

API = Name("shop", "api.example.org")


def service(name: str, *ports: Port, **more: object) -> Service:
    return Service(name=Name("shop", name), origin=BUILT_IN, ports=ports, account="", **more)  # type: ignore[arg-type]


def listener(namespace: str, name: str) -> Listener:
    return Listener(name=Name(namespace, name), origin=BUILT_IN, port=8080)


def workload(calls: tuple[Name, ...] | None) -> Workload:
    return Workload(
        name=Name("shop", "web"), origin=BUILT_IN, service=API, command="web", directory="/", calls=calls, is_bare=True
    )


def forwarding(subset: str | None, name: Name = API) -> RouteRule:
    action = Forward(backends=(Backend(service=name, subset=subset, origin=BUILT_IN),))
    return RouteRule(name="", origin=BUILT_IN, matches=(Match(),), action=action)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("web", "web"),
        ("www.example.org", "www-example-org"),
        ("*.Example.org", "any-example-org"),
        ("edge/http", "edge-http"),
        ("-", "unnamed"),
        ("a." * 60, ("a-" * 32)[:LONGEST]),
    ],
)
def test_the_nearest_label(text: str, wanted: str) -> None:
    assert label(text) == wanted


def test_services_that_would_get_one_label_are_told_apart_and_labels_stay() -> None:
    names = ("api.example.org", "api_example_org", "api-example-org")
    before = Content(offers=tuple(Offer(service=service(name)) for name in names))
    after = relabelled(before)
    made = [each.service.name.name for each in after.offers]
    assert made[2] == "api-example-org"
    assert sorted(made) == ["api-example-org", "api-example-org-2", "api-example-org-3"]
    assert renames(before, after) == {
        "api.example.org.shop": f"{made[0]}.shop",
        "api_example_org.shop": f"{made[1]}.shop",
    }


def test_what_refers_to_a_service_follows_it() -> None:
    target = Target(kind="Service", name=API)
    policy = AccessPolicy(name=Name("shop", "some.policy"), origin=BUILT_IN, targets=(target,))
    offer = Offer(service=service(API.name, subsets=(Subset(name="V1", labels=()), Subset(name="v2", labels=()))))
    content = Content(
        offers=(offer,),
        routes=(Placed(namespace="shop", hosts=("a",), rules=(forwarding("V1"),)),),
        workloads=(workload((API, Name("shop", "other"))),),
        access=(policy,),
    )
    after = relabelled(content)
    renamed = Name("shop", "api-example-org")
    action = after.routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert (action.backends[0].service, action.backends[0].subset) == (renamed, "v1")
    assert [each.name for each in after.offers[0].service.subsets] == ["v1", "v2"]
    assert (after.workloads[0].service, after.workloads[0].calls) == (renamed, (renamed, Name("shop", "other")))
    assert (after.access[0].name, after.access[0].targets[0].name) == (Name("shop", "some-policy"), renamed)


def test_what_is_only_referred_to_is_renamed_too_and_the_rest_stays() -> None:
    web = forwarding("v1", Name("shop", "web"))
    after = relabelled(Content(routes=(Placed(namespace="shop", hosts=("a",), rules=(forwarding(None), web)),)))
    first, second = after.routes[0].rules
    assert isinstance(first.action, Forward)
    assert (first.action.backends[0].service.name, first.action.backends[0].subset) == ("api-example-org", None)
    assert second is web
    other = Target(kind="Gateway", name=API)
    policy = AccessPolicy(name=Name("shop", "p"), origin=BUILT_IN, targets=(other,))
    assert relabelled(Content(access=(policy,), workloads=(workload(None),))).access[0].targets == (other,)


def test_policies_follow_their_listeners() -> None:
    targets = tuple(Target(kind="Listener", name=Name("tulle-system", it)) for it in ("shop/istio/edge/http", "gone"))
    policy = AccessPolicy(name=Name("shop", "p"), origin=BUILT_IN, targets=targets)
    content = Content(entrances=(Entrance(listener=listener("shop", "istio/edge/http")),), access=(policy,))
    found = relabelled(content).access[0].targets
    assert [each.name.name for each in found] == ["edge-http", "gone"]


def test_listeners_of_all_namespaces_stand_side_by_side() -> None:
    known = (listener("shop", "istio/edge/http"), listener("till", "edge/http"), listener("tulle-system", "http"))
    placed = Placed(namespace="shop", hosts=("a",), listeners=("till/edge/http", "shop/istio/edge/http", "gone"))
    before = Content(entrances=tuple(Entrance(listener=each) for each in known), routes=(placed,))
    after = relabelled(before)
    assert [each.listener.id for each in after.entrances] == ["edge-http", "edge-http-2", "http"]
    assert after.routes[0].listeners == ("edge-http", "edge-http-2", "gone")
    assert renames(before, after) == {"shop/istio/edge/http": "edge-http", "till/edge/http": "edge-http-2"}


def test_ports_have_names_and_places_name_the_same_ports() -> None:
    ports = (Port(name="", number=80, target=80), Port(name="Web_UI", number=81, target="Main_Port"))
    places = (
        Endpoint(address="10.0.0.1", port=1, port_name="Web_UI", labels=(("b", "1"), ("a", "1"))),
        Endpoint(address="10.0.0.1", port=2, port_name="gone"),
    )
    found = relabelled(Content(offers=(Offer(service=service("web", *ports, addresses=places)),))).offers[0].service
    assert [(each.name, each.target) for each in found.ports] == [("http", None), ("web-ui", "main-port")]
    assert [each.port_name for each in found.addresses] == ["web-ui", "gone"]
    assert found.addresses[0].labels == (("a", "1"), ("b", "1"))


def test_places_of_a_single_port_need_not_name_it() -> None:
    port = Port(name="grpc", number=80, protocol=Protocol.GRPC)
    place = Endpoint(address="10.0.0.1", port=1, port_name="grpc")
    found = relabelled(Content(offers=(Offer(service=service("web", port, addresses=(place,))),))).offers[0].service
    assert (found.ports, found.addresses[0].port_name) == ((port,), "")


def test_a_policy_that_a_service_has_keeps_its_name() -> None:
    name = Name("shop", "service/web")
    peers = tuple(PeerAuthentication(name=each, origin=BUILT_IN) for each in (name, Name("shop", "some.peers")))
    assert is_written_elsewhere(name)
    assert [each.name.name for each in relabelled(Content(peers=peers)).peers] == ["service/web", "some-peers"]


def test_what_native_documents_say_keeps_its_names() -> None:
    given = documents("""
services: {web: {addresses: ['10.0.0.1:80']}}
gateway: {listeners: {http: {port: 8080}}}
routes: [{host: www.example.org, to: web}]
""")
    mesh = Builder().build(given)
    content = gathered(mesh, [each for part in registry.split(given[0])[0] for each in registry.read(part).objects])
    assert renames(content, relabelled(content)) == {}
