from __future__ import annotations

from dataclasses import replace

from tulle.flow.folding import folded
from tulle.model.documents import BUILT_IN
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import Policy, RateLimit
from tulle.model.services import Destination, Endpoint, Entry, Port, Resolution, Service, Subset

SLOW, SLOWER = Policy(connect_timeout=9.0), Policy(connect_timeout=99.0)
LIMIT = RateLimit(requests=1)
WEB = Service(
    name=Name("shop", "web"),
    origin=BUILT_IN,
    ports=(Port(name="http", number=80),),
    account="web",
    policy=Policy(rate_limit=LIMIT),
    selector=(("app", "web"),),
)


def destination(name: str, *, exports: tuple[str, ...] = ("*",), **said: object) -> Destination:
    made = Destination(name=Name("shop", name), origin=BUILT_IN, host="web.shop.svc.cluster.local", exports=exports)
    return replace(made, **said)  # type: ignore[arg-type]


def test_what_documents_say_is_what_the_service_says() -> None:
    first, second = Subset(name="v1", labels=()), Subset(name="v1", labels=(("a", "b"),))
    one = destination("a", policy=SLOW, port_policies=((80, SLOWER), (81, SLOW)), subsets=(first,))
    two = destination("b", policy=SLOWER, port_policies=((80, SLOW),), subsets=(second,))
    found = folded(replace(WEB, destinations=(one, two)), (), Settings())
    assert found.service.policy == replace(SLOW, rate_limit=LIMIT)
    assert found.port_policies == ((80, SLOWER),)
    assert found.service.subsets == (first,)
    assert (found.service.destinations, found.others, len(found.origins)) == ((), (), 2)


def test_without_a_policy_it_is_its_own() -> None:
    found = folded(replace(WEB, destinations=(destination("a"),)), (), Settings())
    assert found.service.policy is WEB.policy


def test_what_is_for_some_callers_is_not_folded() -> None:
    everybody = destination("a", policy=SLOW)
    some = destination("b", policy=SLOWER, clients=(("app", "api"),))
    others = replace(destination("c", exports=("team",), policy=SLOWER), name=Name("team", "c"))
    found = folded(replace(WEB, destinations=(everybody, some, others)), (), Settings())
    assert found.service.policy.connect_timeout == 9.0
    assert [each.name.name for each in found.others] == ["b", "c"]


def test_places_of_workloads_that_it_selects_are_theirs() -> None:
    labels = (("app", "web"),)
    own = Endpoint(address="10.0.0.1", port=80)
    selected = Endpoint(address="10.0.0.2", port=80, labels=labels)
    entry = Entry(name=Name("shop", "vm"), origin=BUILT_IN, address="10.0.0.2", labels=labels)
    elsewhere = replace(entry, name=Name("other", "vm"))
    service = replace(WEB, addresses=(own, selected))
    assert folded(service, (entry,), Settings()).service.addresses == (own,)
    assert folded(service, (elsewhere,), Settings()).service.addresses == (own, selected)


def test_its_own_name_is_no_place() -> None:
    host = "www.example.org"
    service = replace(WEB, hosts=(host,), resolution=Resolution.DNS)
    usual = Endpoint(address=host, port=80, port_name="http")
    assert folded(replace(service, addresses=(usual,)), (), Settings()).service.addresses == ()
    other = replace(usual, port=81)
    assert folded(replace(service, addresses=(other,)), (), Settings()).service.addresses == (other,)
