from __future__ import annotations

from fractions import Fraction

from tests.flow.edge.building import file, http, mesh, routes, told
from tests.flow.edge.services import HERE, blend, failover, lookup, mirroring, name, pool, to
from tulle.flow.edge.sending import WIDEST, Chosen, Part, Sending, sending, whole
from tulle.model.documents import BUILT_IN
from tulle.model.routers import USUAL_TRANSPORT, Reference, ServiceTree, Sharing, Sticky, Transport
from tulle.model.routes import Backend, Forward

PAIR = """
    a: {loadBalancer: {servers: [{url: "http://10.0.0.1"}], healthCheck: {path: /}}}
    b: {loadBalancer: {servers: [{url: "http://10.0.0.2"}], healthCheck: {path: /}}}
"""


def forward(service: str) -> Forward:
    found = mesh(http("r: {rule: Path(`/`), service: x}", services=f"\n  services:{PAIR}    x: {{{service}}}\n"))
    assert told(found) == []
    action = routes(found)["r"].rules[-1].action
    assert isinstance(action, Forward)
    return action


def test_shares_of_services_in_services() -> None:
    found = forward("weighted: {services: [{name: a, weight: 3}, {name: b, weight: 1}]}")
    assert [(each.service, each.weight) for each in found.backends] == [(file("a"), 3), (file("b"), 1)]
    assert forward("weighted: {services: [{name: a}]}").backends[0].weight == 1
    by_client = forward("highestRandomWeight: {services: [{name: a}, {name: b}]}")
    assert by_client.is_by_client and by_client.hash_on[0].source_ip


def test_copies() -> None:
    found = forward("mirroring: {service: a, mirrors: [{name: b, percent: 10}]}")
    assert [(each.backend.service, each.percent) for each in found.mirrors] == [(file("b"), 10.0)]


def test_fallbacks() -> None:
    (backend,) = forward("failover: {service: a, fallback: b}").backends
    assert [each.service for each in backend.fallbacks] == [file("b")]


def test_services_in_themselves() -> None:
    services = "\n  services:\n    x: {weighted: {services: [{name: x}]}}\n"
    found = mesh(http("r: {rule: Path(`/`), service: x}", services=services))
    assert told(found) == ['6: router r: service "x" is part of itself'] or told(found)
    assert routes(found) == {}


def test_weights_are_never_too_great() -> None:
    odd = Fraction(1, 999_983)
    backend = Backend(service=file("a"), origin=BUILT_IN)
    weights = [each.weight for each in whole([Part(odd, backend), Part(Fraction(1, 7), backend)])]
    assert sum(weights) <= WIDEST
    assert min(weights) >= 1


MARK = (Reference(name("mark"), HERE),)


def sent(*things: ServiceTree | Transport, chosen: tuple[Chosen, ...] = ()) -> Sending:
    found = lookup(*things)
    target = sending(to("all"), found, chosen)
    assert not found.findings, found.findings
    return target


def wrong(*things: ServiceTree) -> str:
    found = lookup(*things)
    sending(to("all"), found)
    return found.findings[0].message


def shares(target: Sending) -> dict[str, int]:
    return {each.service.name: each.weight for each in target.backends}


def test_weights_of_services_within_services_are_multiplied() -> None:
    inner = blend("inner", ("two", 1), ("three", 1))
    found = sent(blend("all", ("one", 1), ("inner", 2)), inner, pool("one"), pool("two"), pool("three"))
    assert shares(found) == {"one": 1, "two": 1, "three": 1}


def test_a_service_without_weight_must_exist_and_gets_nothing() -> None:
    assert shares(sent(blend("all", ("one", 3), ("two", 0)), pool("one"), pool("two"))) == {"one": 1}
    assert "there is no service" in wrong(blend("all", ("one", 3), ("two", 0)), pool("one"))


def test_very_uneven_shares_are_rounded() -> None:
    parts = [Part(Fraction(n, 3_000_001), Backend(service=name(str(n)), origin=HERE)) for n in (1, 3_000_000)]
    assert [each.weight for each in whole(parts)] == [1, 1_000_000]


def test_nothing_is_part_of_itself() -> None:
    assert "part of itself" in wrong(blend("all", ("all", 1)))


def test_who_stands_in_must_be_told_when() -> None:
    assert "must have a healthCheck" in wrong(failover("all", "one", "two"), pool("one"), pool("two"))
    sick = pool("one", is_checked=True)
    assert "must have" in wrong(failover("all", "one", "two", is_checked=True), sick, pool("two"))
    assert "must have" in wrong(blend("all", ("one", 1), is_checked=True), pool("one"))
    assert "must have" in wrong(mirroring("all", "one", is_checked=True), pool("one"))


def test_each_part_of_the_fallback_stands_behind_each_part_of_the_service() -> None:
    spare = blend("spare", ("two", 1), ("three", 3))
    found = sent(
        failover("all", "one", "spare"),
        spare,
        pool("one", is_checked=True),
        pool("two"),
        pool("three", is_checked=True),
    )
    assert [(each.weight, [it.service.name for it in each.fallbacks]) for each in found.backends] == [
        (1, ["two"]),
        (3, ["three"]),
    ]


def test_answers_send_to_the_fallback() -> None:
    over = failover("all", "one", "two", statuses=((500, 502),), largest_body=7)
    found = sent(blend("top", ("all", 1)), over, pool("one"), pool("two"))
    assert (found.statuses, found.largest_body) == (((500, 502),), 7)
    nested = lookup(blend("top", ("all", 1), ("one", 1)), over, pool("one"), pool("two"))
    assert sending(to("top"), nested).statuses == ((500, 502),)


def test_what_a_fallback_cannot_do_is_said() -> None:
    found = lookup(failover("all", "one", "two"), pool("one", is_checked=True), pool("two", prefix="/a"))
    sending(to("all"), found)
    assert "do not count" in found.findings[0].message
    assert found.is_complete


def test_services_that_are_well_share_what_the_ill_ones_had() -> None:
    pools = [pool(each, is_checked=True) for each in ("one", "two", "three")]
    found = sent(blend("all", ("one", 2), ("two", 1), ("three", 1), is_checked=True), *pools)
    ways = [(each.weight, each.service.name, each.fallbacks[0].service.name) for each in found.backends]
    assert ways[:2] == [(3, "one", "two"), (3, "one", "three")]
    assert sum(weight for weight, service, _ in ways if service == "one") == 6
    assert sum(weight for weight, _, _ in ways) == 12


def test_of_very_many_each_has_one_that_stands_in() -> None:
    pools = [pool(str(each), is_checked=True) for each in range(20)]
    found = sent(blend("all", *((str(each), 1) for each in range(20)), is_checked=True), *pools)
    assert len(found.backends) == 20
    assert sent(blend("all", ("0", 1), is_checked=True), *pools).backends[0].fallbacks == ()


def test_clients_that_stay_with_a_service() -> None:
    things = (blend("all", ("one", 1), ("two", 1), sticky=Sticky(name="which")), pool("one"), pool("two"))
    new = sent(*things)
    assert [each.name.name for each in new.sticky] == ["all"]
    cookies = [each.response_headers.add for each in new.backends if each.response_headers]
    assert cookies[0] == (("Set-Cookie", "%CEL(has(upstream.address) ? 'which=7692c3ad3540bb80; Path=/' : '')%"),)
    known = sent(*things, chosen=(Chosen(name("all"), "which", name("two")),))
    assert shares(known) == {"two": 1}
    assert known.backends[0].response_headers is None
    old = sent(*things, chosen=(Chosen(name("all"), "which", name("two"), is_renewed=True),))
    assert old.backends[0].response_headers is not None
    assert not old.sticky


def test_two_cookies_of_two_services() -> None:
    inner = blend("inner", ("one", 1), sticky=Sticky(name="b"))
    found = sent(blend("all", ("inner", 1), sticky=Sticky(name="a")), inner, pool("one"))
    (backend,) = found.backends
    assert backend.response_headers is not None
    assert [text.partition("'")[2].partition("=")[0] for _, text in backend.response_headers.add] == ["a", "b"]


def test_shares_by_the_address_of_the_client() -> None:
    found = sent(blend("all", ("one", 1), sharing=Sharing.CLIENTS), pool("one"))
    assert found.is_by_client
    assert found.hash_on[0].source_ip


def test_copies_are_made_of_a_part() -> None:
    two = blend("two", ("three", 1), ("four", 3))
    copied = mirroring("copied", "one", ("two", 40.0), largest_body=9)
    pools = [pool(each) for each in ("one", "three", "four", "five")]
    found = sent(blend("all", ("copied", 1), ("five", 1)), copied, two, *pools)
    assert [(each.backend.service.name, each.percent) for each in found.mirrors] == [("three", 5.0), ("four", 15.0)]
    assert found.largest_copied == 9
    again = sent(mirroring("all", "copied", largest_body=5), copied, two, *pools)
    assert again.largest_copied == 5
    unlimited = sent(blend("all", ("copied", 1), ("five", 1)), mirroring("copied", "one", ("five", 1)), *pools)
    assert unlimited.largest_copied is None


def test_steps_of_a_service_are_for_all_requests_or_for_its_share() -> None:
    assert sent(pool("all", steps=MARK)).steps == list(MARK)
    found = sent(blend("all", ("one", 1), ("two", 1)), pool("one", steps=MARK), pool("two"))
    assert [each.steps for each in found.parts] == [MARK, ()]


def test_transports_say_how_long_an_answer_may_take() -> None:
    usual = Transport(name=USUAL_TRANSPORT, origin=HERE, answer_timeout=3.0)
    own = Transport(name=name("own"), origin=HERE, answer_timeout=1.0)
    assert sent(pool("all"), usual).answer_timeout == 3.0
    assert sent(pool("all", transport=to("own")), usual, own).answer_timeout == 1.0
    assert "there is no serversTransport" in wrong(pool("all", transport=to("own")))


def test_servers_that_see_their_own_host() -> None:
    (one,) = sent(pool("all", passes_host=False)).backends
    assert one.host_rewrite == "10.0.0.1:80"
    (two,) = sent(pool("all", "a:80", "b:80", passes_host=False)).backends
    assert (two.host_rewrite, two.shows_own_host) == (None, True)


def test_those_who_stand_in_for_each_other_do_so_without_their_middlewares() -> None:
    marked = pool("one", is_checked=True, steps=(to("mark"),))
    found = lookup(blend("all", ("one", 1), ("two", 1), is_checked=True), marked, pool("two", is_checked=True))
    sending(to("all"), found)
    (finding,) = found.findings
    assert not finding.is_error
    assert "too ill" in finding.message
