from __future__ import annotations

from dataclasses import replace

from tests.envoy.policies import token_rule, tokens
from tests.flow.joins import Joins
from tests.flow.world import name, service, workload
from tulle.flow.guarding import GATEWAY_NAME, peer_mode
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import Scope
from tulle.model.mesh import Settings
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.objects import Gateway, ListenerSet
from tulle.model.policies import RateLimit
from tulle.model.routes import Backend, ExternalCheck
from tulle.model.security import (
    LISTENER,
    AccessAction,
    AccessPolicy,
    Authorizer,
    PeerAuthentication,
    PeerMode,
    RequestAuthentication,
    Target,
)
from tulle.model.services import Port, Protocol

WEB, ROOT = name("web"), "istio-system"
SELECTED = (("app", "web"),)


def policy(text: str, namespace: str = "default", **more: object) -> AccessPolicy:
    return AccessPolicy(name=Name(namespace, text), origin=BUILT_IN, **more)  # type: ignore[arg-type]


def running(**more: object) -> Joins:
    """A service with one workload of its own."""
    joins = Joins()
    web = replace(workload("web"), ports=(Port(name="http", number=80),), **more)  # type: ignore[arg-type]
    joins.put("run", services=(service("web"),), workloads=(web,))
    return joins


def test_a_workload_is_guarded_by_its_service_and_keeps_its_guard_while_nothing_differs() -> None:
    joins = running()
    before = joins.guarding.guards[WEB]
    assert (before.allow, before.rate_limit, before.answers, before.peer_mode) == (None, None, (WEB,), PeerMode.STRICT)
    joins.put("other", services=(service("api"),))
    assert joins.guarding.guards[WEB] is before
    limited = replace(service("web"), allow=(), policy=replace(service("web").policy, rate_limit=RateLimit(requests=1)))
    joins.put("run", services=(limited,), workloads=(joins.workloads[WEB],))
    after = joins.guarding.guards[WEB]
    assert after.allow == ()
    assert after.rate_limit == RateLimit(requests=1)
    joins.put("run")
    assert not joins.guarding.guards


def test_policies_are_about_the_workloads_that_they_select() -> None:
    joins = running()
    said = {
        "mesh": policy("mesh", ROOT),
        "mesh-selecting": policy("mesh-selecting", ROOT, selector=SELECTED),
        "space": policy("space"),
        "selecting": policy("selecting", selector=SELECTED),
        "others": policy("others", selector=(("app", "api"),)),
        "elsewhere": policy("elsewhere", "other"),
        "attached": policy("attached", targets=(Target(kind="Gateway", name=WEB),)),
    }
    joins.put("policies", objects=tuple(said.values()))
    found = [each.name.name for each in joins.guarding.guards[WEB].access]
    assert found == ["mesh", "mesh-selecting", "selecting", "space"]
    assert {each.name.name for each in joins.guarding.unused(AccessPolicy)} == {"others", "elsewhere", "attached"}
    joins.put("policies")
    assert joins.guarding.guards[WEB].access == ()


def test_only_the_policies_of_its_namespace_concern_a_workload() -> None:
    joins = running()
    before = joins.guarding.guards[WEB]
    joins.put("policies", objects=(policy("elsewhere", "other"),))
    assert joins.guarding.guards[WEB] is before


def test_a_policy_that_is_another_one_concerns_those_that_it_was_about_and_is_about() -> None:
    joins = Joins()
    api, web, db = map(workload, ("api", "web", "db"))
    joins.put("run", services=tuple(map(service, ("api", "web", "db"))), workloads=(api, web, db))
    others = policy("others", selector=(("app", "db"),))
    about_web = policy("one", selector=SELECTED)
    joins.put("policies", objects=(about_web, others))
    assert joins.guarding.changed == {WEB, db.name}
    about_api = policy("one", targets=(Target(kind="Service", name=api.name),))
    joins.put("policies", objects=(about_api, others))
    assert joins.guarding.changed == {WEB, api.name}
    assert [joins.guarding.guards[each.name].access for each in (api, web, db)] == [(about_api,), (), (others,)]
    everybody = policy("one")
    joins.put("policies", objects=(everybody, others))
    assert joins.guarding.changed == {WEB, api.name, db.name}
    joins.put("policies", objects=(replace(everybody, targets=(Target(kind="Gateway", name=WEB),)), others))
    assert all(everybody not in guard.access for guard in joins.guarding.guards.values())


def test_whoever_is_to_be_asked_is_found_by_name() -> None:
    joins = running()
    check = ExternalCheck(backend=Backend(service=WEB, origin=BUILT_IN))
    asked = [policy(each, action=AccessAction.CUSTOM, provider=each) for each in ("known", "unknown")]
    joins.put("policies", objects=tuple(asked))
    assert joins.guarding.guards[WEB].authorizers == ()
    joins.put("known", objects=(Authorizer(name="known", origin=BUILT_IN, check=check),))
    assert [each.name for each in joins.guarding.guards[WEB].authorizers] == ["known"]


def test_the_gateway_is_found_by_its_labels_in_the_root_namespace() -> None:
    joins = running()
    assert joins.guarding.gateway is None
    joins.put("policies", objects=(policy("edge", ROOT, selector=(("istio", "ingressgateway"),)),))
    guard = joins.guarding.gateway
    assert guard is not None
    assert [each.name.name for each in guard.access] == ["edge"]
    joins.settings = Settings(gateway_labels=(("my", "edge"),))
    joins.put("other")
    assert joins.guarding.gateway is None
    joins.settings = Settings()
    joins.put("other")
    again = joins.guarding.gateway
    joins.put("mesh", objects=(policy("unrelated", "default"),))
    assert joins.guarding.gateway is again


def peers(
    text: str, namespace: str, mode: PeerMode | None, selector: tuple[tuple[str, str], ...] = ()
) -> PeerAuthentication:
    ports = ((80, PeerMode.DISABLE),) if selector else ()
    return PeerAuthentication(
        name=Name(namespace, text), origin=BUILT_IN, mode=mode, selector=selector, port_modes=ports
    )


def test_the_narrowest_policy_says_how_a_workload_is_called() -> None:
    mesh = peers("mesh", ROOT, PeerMode.PERMISSIVE)
    space = peers("space", "default", PeerMode.DISABLE)
    own = peers("own", "default", PeerMode.STRICT, SELECTED)
    inheriting = peers("own", "default", None, SELECTED)
    assert peer_mode((), ROOT, "default") == (PeerMode.STRICT, ())
    assert peer_mode((mesh,), ROOT, "default") == (PeerMode.PERMISSIVE, ())
    assert peer_mode((mesh, space), ROOT, "default") == (PeerMode.DISABLE, ())
    assert peer_mode((mesh, space, own), ROOT, "default") == (PeerMode.STRICT, ((80, PeerMode.DISABLE),))
    assert peer_mode((mesh, space, inheriting), ROOT, "default") == (PeerMode.DISABLE, ((80, PeerMode.DISABLE),))


def test_a_scope_with_a_selector_counts_before_that_of_the_namespace_and_of_the_mesh() -> None:
    joins = running()
    mesh = Scope(name=Name(ROOT, "mesh"), origin=BUILT_IN)
    space = Scope(name=Name("default", "space"), origin=BUILT_IN)
    own = Scope(name=Name("default", "zz"), origin=BUILT_IN, selector=SELECTED)
    for scopes, expected in (((mesh,), mesh), ((mesh, space), space), ((mesh, space, own), own)):
        joins.put("scopes", objects=scopes)
        assert joins.guarding.guards[WEB].scope is expected


def test_the_protocol_of_a_port_is_that_of_the_services_that_call_it() -> None:
    joins = running(is_bare=True, own_labels=SELECTED)
    declared = replace(
        service("web"),
        ports=(Port(name="x", number=8080, protocol=Protocol.TCP, target=80), Port(name="y", number=1)),
        selector=SELECTED,
    )
    assert joins.guarding.guards[WEB].ports[0].protocol is Protocol.HTTP
    joins.put("declare", declared=(declared,))
    assert joins.guarding.guards[WEB].ports[0].protocol is Protocol.TCP
    single = replace(declared, ports=(Port(name="x", number=1, protocol=Protocol.GRPC, target="z"),))
    joins.put("declare", declared=(single,))
    assert joins.guarding.guards[WEB].ports[0].protocol is Protocol.GRPC
    number = Port(name="u", number=1, protocol=Protocol.UDP, target=80)
    dual = replace(declared, ports=(number, replace(number, name="t", protocol=Protocol.TCP)))
    joins.put("declare", declared=(dual,))
    assert joins.guarding.guards[WEB].ports[0].protocol is Protocol.TCP, "UDP has a number of its own"


def test_keys_of_issuers_are_filled_in_for_whoever_looks_at_tokens() -> None:
    joins = running()
    api = replace(workload("api"), name=Name("other", "api"))
    joins.put("api", workloads=(api,))
    policy = tokens(token_rule(jwks_uri="https://a/b"))
    joins.put("tokens", objects=(policy,))
    web, other = joins.guarding.guards[WEB], joins.guarding.guards[api.name]
    assert web.tokens == (policy,)
    joins.keys = {"https://a/b": "{}"}
    joins.put("unrelated")
    (found,) = joins.guarding.guards[WEB].tokens
    assert (found.rules[0].jwks, found.rules[0].jwks_uri) == ("{}", "https://a/b")
    assert joins.guarding.guards[api.name] is other
    assert not [*joins.guarding.unused(RequestAuthentication)]
    after = joins.guarding.guards[WEB]
    joins.keys = {"https://a/b": "{}", "https://c": "{}"}
    joins.put("unrelated")
    assert joins.guarding.guards[WEB] is after


def test_policies_are_attached_to_services_and_so_to_their_workloads() -> None:
    joins = running()
    attached = policy("attached", targets=(Target(kind="Service", name=WEB),))
    joins.put("policies", objects=(attached, policy("other", targets=(Target(kind="Service", name=name("api")),))))
    assert joins.guarding.guards[WEB].access == (attached,)
    assert {each.name.name for each in joins.guarding.unused(AccessPolicy)} == {"other"}


def test_policies_are_attached_to_gateways_and_their_classes() -> None:
    joins = running()
    edge, site = (Gateway(name=name(each), origin=BUILT_IN, class_name="tulle") for each in ("edge", "site"))
    added = ListenerSet(name=name("more"), origin=BUILT_IN, parent=edge.name)
    mesh, own = policy("mesh", ROOT), policy("own", targets=(Target(kind="Gateway", name=edge.name),))
    joins.put("gateways", objects=(edge, site, added))
    joins.put("policies", objects=(own, mesh, policy("space"), policy("tests", selector=SELECTED)))
    guarding = joins.guarding
    assert guarding.gateway is not None and guarding.gateway.access == (mesh,)
    space = joins.guarding.gateways[site.name].access[1]
    assert guarding.gateways.keys() == {edge.name, added.key, site.name}
    assert guarding.gateways[edge.name].access == (mesh, own, space)
    assert guarding.gateways[added.key] is guarding.gateways[edge.name]
    assert guarding.alike[edge.name] == guarding.alike[added.key] != guarding.alike[site.name]
    before = guarding.gateways
    joins.put("other", objects=(policy("more", "elsewhere"),))
    assert guarding.gateways is before
    class_wide = policy("class", ROOT, targets=(Target(kind="GatewayClass", name=Name(ROOT, "tulle")),))
    joins.put("class", objects=(class_wide,))
    assert guarding.gateways[site.name].access == (class_wide, mesh, space)
    joins.put("gateways")
    assert guarding.gateways == {}


def test_policies_of_its_namespace_hold_for_a_gateway_as_if_it_ran_there() -> None:
    joins = running()
    edge, more, far = (
        Gateway(name=each, origin=BUILT_IN, class_name="tulle")
        for each in (name("edge"), name("more"), Name("far", "edge"))
    )
    joins.put("gateways", objects=(edge, more, far))
    assert joins.guarding.gateways == {}
    space = policy("space")
    joins.put("policies", objects=(space, policy("istio", selector=(("istio", "ingressgateway"),))))
    guarding = joins.guarding
    assert guarding.gateway is None
    assert guarding.gateways.keys() == {edge.name, more.name}
    assert guarding.gateways[edge.name] is guarding.gateways[more.name]
    assert guarding.gateways[edge.name].access == (space,)
    assert guarding.alike == {edge.name: edge.name, more.name: edge.name}
    single = policy("single", selector=((GATEWAY_NAME, "edge"),))
    rooted = policy("rooted", ROOT, selector=((GATEWAY_NAME, "edge"),))
    joins.put("policies", objects=(space, single, rooted))
    assert guarding.gateways[edge.name].access == (rooted, single, space)
    assert guarding.gateways[more.name].access == (space,)
    assert guarding.gateways[far.name].access == (rooted,)


def test_what_is_about_sidecars_means_nothing_to_gateways() -> None:
    joins = running()
    joins.put("gateways", objects=(Gateway(name=name("edge"), origin=BUILT_IN, class_name="tulle"),))
    mode = PeerAuthentication(name=name("peers"), origin=BUILT_IN, mode=PeerMode.PERMISSIVE)
    joins.put("policies", objects=(mode, Scope(name=name("scope"), origin=BUILT_IN)))
    joins.put("root", objects=(PeerAuthentication(name=Name(ROOT, "p"), origin=BUILT_IN, mode=PeerMode.DISABLE),))
    assert joins.guarding.gateway is None and joins.guarding.gateways == {}


def test_native_policies_are_attached_to_listeners() -> None:
    joins = Joins()
    http = Target(kind=LISTENER, name=Name(SYSTEM_NAMESPACE, "http"))
    own = policy("own", targets=(http,))
    joins.put("own", objects=(own,))
    assert joins.guarding.gateway is None
    assert joins.guarding.gateways[http.name].access == (own,)
    other, everywhere = policy("other", "shop", targets=(http,)), policy("all", ROOT)
    joins.put("others", objects=(other, everywhere))
    assert joins.guarding.gateways[http.name].access == (everywhere, own, other)
