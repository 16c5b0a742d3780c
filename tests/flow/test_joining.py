from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flow.joins import Joins
from tests.flow.world import name, service, workload
from tests.flow.written import built
from tulle.envoy.scope import Target, resolve
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.objects import BackendTls
from tulle.model.policies import TlsMode
from tulle.model.services import Destination, Endpoint, Entry, Places, Port, Service

WEB = name("web")
DECLARED = replace(
    service("web"), account="", ports=(Port(name="grpc", number=9000),), selector=(("app", "web"),), exports=(".",)
)


def test_a_service_that_is_run_and_declared_is_one_service() -> None:
    joins = Joins()
    joins.put("run", services=(service("web"),))
    assert joins.put("declare", declared=(DECLARED,)) == {WEB}
    both = joins.services[WEB]
    assert (both.account, both.ports, both.selector, both.exports) == ("web", DECLARED.ports, DECLARED.selector, (".",))
    assert joins.put("run") == {WEB}
    assert joins.services[WEB] is DECLARED
    assert joins.put("declare") == {WEB}
    assert not joins.services


def test_the_accounts_of_a_service_are_those_of_everything_that_answers_for_it() -> None:
    joins = Joins()
    joins.put("declare", declared=(DECLARED,))
    joins.put("run", workloads=(replace(workload("web"), account="one"), replace(workload("api"), account="other")))
    assert joins.services[WEB].accounts == ("one",)
    entry = Entry(name=name("vm"), origin=BUILT_IN, address="10.0.0.1", labels=(("app", "web"),), account="two")
    joins.put("entry", objects=(entry,))
    joined = joins.services[WEB]
    assert joined.accounts == ("one", "two")
    assert joined.addresses == (
        Endpoint(address="10.0.0.1", port=9000, port_name="grpc", labels=(("app", "web"),), account="two"),
    )
    joins.put("entry", objects=(replace(entry, ports=(("grpc", 7),), address="/socket"),))
    assert joins.services[WEB].addresses[0].port == 0
    joins.put("entry", objects=(replace(entry, ports=(("grpc", 7),)),))
    assert joins.services[WEB].addresses[0].port == 7


def test_a_workload_knows_the_services_that_call_it() -> None:
    joins = Joins()
    joins.put("declare", declared=(replace(DECLARED, name=name("alias")),))
    joins.put("run", services=(service("web"),), workloads=(workload("web"),))
    web = joins.workloads[WEB]
    assert [each.name for each in joins.joining.services_of(web)] == [WEB, name("alias")]
    assert [each.name for each in joins.joining.services_of(replace(web, is_bare=True))] == []
    assert joins.joining.own(replace(web, is_bare=True)) is None
    joins.put("declare", declared=(replace(DECLARED, name=name("alias"), selector=(("app", "api"),)),))
    assert [each.name for each in joins.joining.services_of(web)] == [WEB]


def test_workloads_that_do_not_answer_for_a_service_any_more_are_told_so() -> None:
    joins = Joins()
    alias = replace(DECLARED, name=name("alias"))
    joins.put("run", services=(service("web"), service("api")), workloads=(workload("web"), workload("api")))
    joins.put("declare", declared=(alias,))
    assert joins.guarding.guards[WEB].answers == (WEB, name("alias"))
    joins.put("declare", declared=(replace(alias, selector=(("app", "api"),)),))
    assert joins.guarding.guards[WEB].answers == (WEB,)
    assert joins.guarding.guards[name("api")].answers == (name("api"), name("alias"))
    joins.put("declare")
    assert joins.guarding.guards[name("api")].answers == (name("api"),)


def test_endpoints_of_another_document_are_places_of_the_service() -> None:
    joins = Joins()
    joins.put("declare", declared=(DECLARED,))
    place = Endpoint(address="10.1.1.1", port=1)
    slice_ = Places(name=name("slice"), origin=BUILT_IN, service=WEB, endpoints=(place,))
    assert joins.put("slice", objects=(slice_,)) == {WEB}
    assert joins.services[WEB].addresses == (place,)


def destination(text: str, host: str, created: str = "") -> Destination:
    return Destination(name=name(text), origin=BUILT_IN, host=host, created=created)


def test_what_is_said_about_a_host_is_in_order_of_precedence() -> None:
    joins = Joins()
    joins.put("declare", declared=(DECLARED,))
    said = [
        destination("every", "*"),
        destination("space", "*.default.svc.cluster.local"),
        destination("late", "web.default.svc.cluster.local", "2026"),
        destination("early", "web.default.svc.cluster.local", "2025"),
        destination("other", "api.default.svc.cluster.local"),
    ]
    assert joins.put("rules", objects=tuple(said)) == {WEB}
    assert [each.name.name for each in joins.services[WEB].destinations] == ["early", "late", "space", "every"]
    assert joins.put("rules", objects=tuple(said[:-1])) == frozenset()
    assert joins.put("rules", objects=()) == {WEB}
    assert joins.services[WEB] is DECLARED


def test_hosts_lead_to_the_services_that_have_them() -> None:
    joins = Joins()
    outside = Service(
        name=name("b.test"), origin=BUILT_IN, ports=(), account="", hosts=("b.test",), virtual_addresses=("10.0.0.9",)
    )
    joins.put("entry", declared=(outside,))
    names = (outside.name,)
    assert joins.joining.hosts == {"b.test": names, "10.0.0.9": names}
    before = joins.joining.hosts["b.test"]
    hidden = replace(outside, exports=(".",), virtual_addresses=("10.1.2.3/8",))
    joins.put("entry", declared=(hidden,))
    assert joins.joining.hosts == {"b.test": names, "10.0.0.0/8": names}
    assert joins.joining.hosts["b.test"] is not before
    joins.put("entry", declared=(replace(outside, hosts=("c.test",), virtual_addresses=()),))
    assert joins.joining.hosts == {"c.test": names}


def test_tls_towards_a_service_can_be_said_by_a_policy() -> None:
    joins = Joins()
    joins.put("declare", declared=(DECLARED,))
    policy = BackendTls(
        name=name("tls"),
        origin=BUILT_IN,
        targets=(("Service", "web", "grpc"), ("Other", "web", "")),
        server_name="web.test",
        uses_system_ca=True,
    )
    assert joins.put("policy", objects=(policy,)) == {WEB}
    ((port, said),) = joins.services[WEB].destinations[0].port_policies
    assert port == 9000
    assert said.tls is not None
    assert (said.tls.mode, said.tls.server_name) == (TlsMode.SIMPLE, "web.test")
    assert joins.put("policy", objects=(replace(policy, targets=(("Service", "web", "nope"),)),)) == {WEB}
    assert joins.services[WEB].destinations == ()
    assert joins.services[WEB] is DECLARED


@pytest.mark.parametrize("hosts", ['["*.shop.svc.cluster.local"]', "[web, web.shop, web.shop.svc]"])
def test_nobody_takes_the_names_of_a_service_of_the_mesh(hosts: str) -> None:
    mesh = built(
        "namespace: shop\nservices: {web: {port: 80, command: x}}",
        "{apiVersion: networking.istio.io/v1, kind: ServiceEntry, metadata: {name: thief, namespace: other}, spec: "
        f"{{hosts: {hosts}, ports: [{{number: 80, name: http, protocol: HTTP}}], resolution: STATIC, "
        "endpoints: [{address: 10.9.9.9}]}}",
    )
    for host in ("web", "web.shop", "web.shop.svc", "web.shop.svc.cluster.local"):
        found = resolve(mesh, "shop", host)
        assert isinstance(found, Target) and found.service.name == Name("shop", "web")
