from __future__ import annotations

from dataclasses import replace

from tests.flow.gateway_world import service
from tulle.flow.surroundings import Surroundings, differences, grants_key, namespace_key, seen
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Admission, LabelSelector, Listener, ListenerHost
from tulle.model.names import Name
from tulle.model.objects import Gateway, Grant, GrantFrom, GrantTo, ListenerSet, Namespace
from tulle.model.routes import Referrer

GW = Name("shop", "gw")
GATEWAY = Gateway(name=GW, origin=BUILT_IN, class_name="any")
GRANT = Grant(
    name=Name("far", "grant"),
    origin=BUILT_IN,
    sources=(GrantFrom(group="g", kind="HTTPRoute", namespace="shop"),),
    targets=(GrantTo(group="", kind="Service"), GrantTo(group="", kind="Secret", name="one")),
)


def listener(section: str, *hosts: str, port: int = 80) -> Listener:
    return Listener(
        name=Name("shop", f"gw/{section}"),
        origin=BUILT_IN,
        port=port,
        gateway=GW,
        section=section,
        hosts=tuple(ListenerHost(host=host) for host in hosts),
    )


def test_labels_of_namespaces() -> None:
    written = Namespace(name="shop", origin=BUILT_IN, labels=(("team", "a"),))
    around = Surroundings(namespaces={"shop": written})
    assert around.labels("shop") == {"kubernetes.io/metadata.name": "shop", "team": "a"}
    assert around.labels("far") == {"kubernetes.io/metadata.name": "far"}


def test_whom_an_admission_takes() -> None:
    around = Surroundings()
    assert around.admits(Admission(), "far") and around.admits(Admission(namespaces=("far",)), "far")
    assert not around.admits(Admission(namespaces=()), "far")
    selector = LabelSelector((("kubernetes.io/metadata.name", "far"),))
    assert around.admits(Admission(selector=selector), "far") and not around.admits(Admission(selector=selector), "b")


def test_who_consents() -> None:
    around = Surroundings(grants={"far": (GRANT,)})
    route = Referrer("g", "HTTPRoute", "shop")
    assert around.consents(route, "", "Service", Name("shop", "x"))
    assert around.consents(route, "", "Service", Name("far", "x"))
    assert around.consents(route, "", "Secret", Name("far", "one"))
    assert not around.consents(route, "", "Secret", Name("far", "two"))
    assert not around.consents(route, "", "ConfigMap", Name("far", "one"))
    assert not around.consents(Referrer("g", "TCPRoute", "shop"), "", "Service", Name("far", "x"))
    assert not around.consents(route, "", "Service", Name("other", "x"))


def test_listeners_of_a_gateway_are_isolated() -> None:
    every, wild, one, other = (
        listener("every", "*"),
        listener("wild", "*.a.b"),
        listener("one", "x.a.b"),
        listener("other", "*.a.b", port=81),
    )
    around = Surroundings(listeners={GW: (every, wild, one, other)}, gateways={GW: GATEWAY})
    assert around.is_owner(one, "x.a.b") and not around.is_owner(wild, "x.a.b") and not around.is_owner(every, "x.a.b")
    assert around.is_owner(wild, "*.a.b") and around.is_owner(every, "*.b") and around.is_owner(other, "x.a.b")
    assert around.is_owner(replace(one, port=82), "x.a.b")


def test_listeners_of_others_are_not() -> None:
    every, one = listener("every", "*"), listener("one", "x.a.b")
    assert Surroundings(listeners={GW: (every, one)}).is_owner(every, "x.a.b")
    assert Surroundings().is_owner(replace(every, gateway=None), "x.a.b")


def test_hints() -> None:
    web = service(Name("shop", "web"))
    around = Surroundings(services={web.name: web}, listeners={GW: ()})
    assert around.service_hint(Name("shop", "wbe"), "shop") == '; did you mean "web"?'
    assert around.service_hint(Name("shop", "wbe"), "far") == '; did you mean "web.shop"?'
    assert around.gateway_hint(Name("shop", "gww"), "shop") == '; did you mean "gw"?'
    assert seen(Name("shop", "ListenerSet/gw"), "shop") == "gw"


def test_what_is_different() -> None:
    one = listener("one", "*")
    everything = Surroundings(
        listeners={GW: (one,)},
        unusable=frozenset((one.name,)),
        gateways={GW: GATEWAY},
        sets={(a := ListenerSet(name=Name("x", "a"), origin=BUILT_IN, parent=GW)).key: a},
        namespaces={"shop": Namespace(name="shop", origin=BUILT_IN)},
        grants={"far": (GRANT,)},
        untrusted={Name("shop", "web"): (("", "no"),)},
    )
    assert differences(everything, everything) == frozenset()
    expected = {GW, a.key, namespace_key("shop"), grants_key("far"), Name("shop", "web")}
    assert differences(Surroundings(), everything) == expected
    usable = Surroundings(listeners={GW: (one,), Name("x", "y"): ()})
    assert differences(Surroundings(listeners=usable.listeners, unusable=frozenset((one.name,))), usable) == {GW}
