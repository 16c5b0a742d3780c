from __future__ import annotations

from tests.flow.gateway_world import GatewayWorld, secret
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Listener
from tulle.model.names import Name

HTTP = "{name: http, port: 80, protocol: HTTP}"


def gateway(name: str, listeners: str = HTTP, more: str = "", created: str = "") -> str:
    stamp = f", creationTimestamp: '{created}'" if created else ""
    return f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: Gateway
metadata: {{name: {name}, namespace: shop{stamp}}}
spec: {{gatewayClassName: any, listeners: [{listeners}]{more}}}
"""


def listener_set(name: str, parent: str, listeners: str = HTTP, created: str = "2024") -> str:
    return f"""---
apiVersion: gateway.networking.k8s.io/v1
kind: ListenerSet
metadata: {{name: {name}, namespace: shop, creationTimestamp: '{created}'}}
spec: {{parentRef: {{name: {parent}}}, listeners: [{listeners}]}}
"""


OPEN = ", allowedListeners: {namespaces: {from: Same}}"


def test_gateways_share_ports_as_long_as_hosts_differ() -> None:
    one = "{name: http, port: 80, protocol: HTTP, hostname: a.b}"
    made = GatewayWorld(gateway("one", one) + gateway("two", one.replace("a.b", "c.d")))
    assert made.placed == {"shop/one/http": "127.0.0.1:8080", "shop/two/http": "127.0.0.1:8080"}


def test_a_gateway_moves_as_a_whole() -> None:
    both = f"{HTTP}, {{name: other, port: 8000, protocol: HTTP}}"
    made = GatewayWorld(gateway("two", both) + gateway("one") + gateway("zoo", both, created="2024"))
    assert made.placed == {
        "shop/zoo/http": "127.0.0.1:8080",
        "shop/zoo/other": "127.0.0.1:8000",
        "shop/one/http": "127.0.0.2:8080",
        "shop/two/http": "127.0.0.3:8080",
        "shop/two/other": "127.0.0.3:8000",
    }
    assert not made.findings


def test_addresses_that_were_written_count_first() -> None:
    fixed = gateway("two", HTTP, ", addresses: [{value: 127.0.0.1}, {value: 127.0.0.9}]")
    made = GatewayWorld(gateway("one") + fixed)
    assert made.placed == {
        "shop/two/http": "127.0.0.1:8080",
        "shop/two/http@127.0.0.9": "127.0.0.9:8080",
        "shop/one/http": "127.0.0.2:8080",
    }


def test_of_two_gateways_that_want_an_address_the_older_one_has_it() -> None:
    fixed = ", addresses: [{value: 127.0.0.5}]"
    made = GatewayWorld(gateway("one", HTTP, fixed) + gateway("two", HTTP, fixed, created="2024"))
    assert made.placed == {"shop/two/http": "127.0.0.5:8080"}
    message = 'listener "http": every host on port 80 cannot be told from one that is older, at 127.0.0.5'
    assert made.findings == [f"5 error: Gateway one: {message}"]
    assert made.conditions("Gateway", Name("shop", "one"), "http") == {
        "Accepted": "False Invalid",
        "ResolvedRefs": "True ResolvedRefs",
        "Conflicted": "True HostnameConflict",
        "Programmed": "False Invalid",
    }


def test_within_a_gateway_nobody_wins() -> None:
    listeners = (
        "{name: a, port: 8443, protocol: HTTPS, tls: {mode: Terminate, options: {x: y}, certificateRefs: []}}, "
        "{name: b, port: 80, protocol: HTTP}, {name: c, port: 80, protocol: TCP}, "
        "{name: d, port: 8000, protocol: HTTP, hostname: a.b}"
    )
    made = GatewayWorld(gateway("one", listeners))
    assert made.placed == {"shop/one/d": "127.0.0.1:8000"}
    for section in ("b", "c"):
        found = made.conditions("Gateway", Name("shop", "one"), section)
        assert found["Conflicted"] == "True ProtocolConflict" and found["Accepted"] == "False Invalid"
    message = "HTTP on port 80 cannot be told from another listener of this gateway"
    assert f'5 error: Gateway one: listener "b": {message}' in made.findings


def test_listeners_of_other_languages_stay_where_they_are() -> None:
    gw = Name("istio", "gw")
    own = Listener(name=Name("istio", "gw/http"), origin=BUILT_IN, port=8080, gateway=gw, section="http")
    native = Listener(name=Name("tulle-system", "http"), origin=BUILT_IN, port=9000)
    made = GatewayWorld(gateway("one"), listeners=(own, native))
    assert made.placed == {
        "istio/gw/http": "127.0.0.1:8080",
        "http": "127.0.0.1:9000",
        "shop/one/http": "127.0.0.2:8080",
    }
    assert made.around.listeners[gw] == (own,)


def test_where_somebody_listens_on_every_address_there_is_no_room() -> None:
    native = Listener(name=Name("tulle-system", "http"), origin=BUILT_IN, port=8080, address="0.0.0.0")
    made = GatewayWorld(gateway("one"), listeners=(native,))
    assert made.placed == {"http": "0.0.0.0:8080"}
    assert made.conditions("Gateway", Name("shop", "one"))["Programmed"] == "False Invalid"


def test_sets_of_listeners_are_added_to_gateways() -> None:
    other = "{name: other, port: 8000, protocol: HTTP}"
    made = GatewayWorld(gateway("old") + gateway("one", HTTP, OPEN) + listener_set("more", "one", other))
    assert made.placed == {
        "shop/old/http": "127.0.0.1:8080",
        "shop/one/http": "127.0.0.2:8080",
        "shop/ListenerSet/more/other": "127.0.0.2:8000",
    }


def test_sets_are_at_all_addresses_of_their_gateway() -> None:
    fixed = f", addresses: [{{value: 127.0.0.5}}, {{value: 127.0.0.6}}]{OPEN}"
    other = "{name: other, port: 8000, protocol: HTTP}"
    made = GatewayWorld(gateway("one", HTTP, fixed) + listener_set("more", "one", other))
    assert made.placed == {
        "shop/one/http": "127.0.0.5:8080",
        "shop/one/http@127.0.0.6": "127.0.0.6:8080",
        "shop/ListenerSet/more/other": "127.0.0.5:8000",
        "shop/ListenerSet/more/other@127.0.0.6": "127.0.0.6:8000",
    }
    assert len(made.statuses["ListenerSet", Name("shop", "more")].sections) == 1


def test_of_conflicting_sets_the_older_one_counts() -> None:
    other = "{name: other, port: 8000, protocol: HTTP}"
    made = GatewayWorld(
        gateway("one", HTTP, OPEN)
        + listener_set("a", "one", other, "2025")
        + listener_set("b", "one", other, "2024")
        + listener_set("c", "one")
    )
    assert made.placed == {"shop/one/http": "127.0.0.1:8080", "shop/ListenerSet/b/other": "127.0.0.1:8000"}
    assert made.conditions("ListenerSet", Name("shop", "a")) == {
        "Accepted": "False ListenersNotValid",
        "Programmed": "False ListenersNotValid",
    }
    found = made.conditions("ListenerSet", Name("shop", "a"), "other")
    assert [found[each] for each in ("Accepted", "Programmed", "Conflicted")] == ["False HostnameConflict"] * 2 + [
        "True HostnameConflict"
    ]
    assert made.statuses["Gateway", Name("shop", "one")].attached_sets == 1, "only those that are accepted count"


def test_sets_show_what_their_gateway_shows() -> None:
    tls = ", tls: {backend: {clientCertificateRef: {name: client}}}"
    other = "{name: other, port: 8000, protocol: HTTP}"
    made = GatewayWorld(
        gateway("one", HTTP, f"{OPEN}{tls}") + listener_set("a", "one", other),
        secrets=(secret(Name("shop", "client")),),
    )
    assert [each.shown_secret for each in made.arrangement.usable.values()] == [Name("shop", "client")] * 2


def test_a_set_without_certificates_is_not_accepted() -> None:
    secure = "{name: a, port: 443, protocol: HTTPS, tls: {certificateRefs: [{name: none}]}}"
    made = GatewayWorld(gateway("one", HTTP, OPEN) + listener_set("a", "one", secure))
    assert made.conditions("ListenerSet", Name("shop", "a"))["Accepted"] == "False ListenersNotValid"
    made = GatewayWorld(gateway("one", f"{HTTP}, {secure}"))
    assert made.conditions("Gateway", Name("shop", "one"))["Accepted"] == "True Accepted"


def test_sets_that_are_not_taken() -> None:
    bad = gateway("bad", HTTP, f"{OPEN}, addresses: [{{type: Hostname, value: a.b}}]")
    made = GatewayWorld(
        gateway("one") + bad + listener_set("a", "one") + listener_set("b", "zzz") + listener_set("c", "bad")
    )
    assert made.placed == {"shop/one/http": "127.0.0.1:8080"}
    assert made.conditions("ListenerSet", Name("shop", "a")) == {
        "Accepted": "False NotAllowed",
        "Programmed": "False NotAllowed",
    }
    assert made.conditions("ListenerSet", Name("shop", "b"))["Accepted"] == "False ParentNotAccepted"
    assert made.conditions("ListenerSet", Name("shop", "c"))["Accepted"] == "False ParentNotAccepted"
    assert made.conditions("Gateway", Name("shop", "bad"))["Accepted"] == "False UnsupportedAddress"
    assert made.findings[1:] == [
        '15 warning: ListenerSet a: gateway "one" takes no listener sets of namespace shop (allowedListeners)',
        '20 warning: ListenerSet b: gateway "zzz" does not exist',
        '25 warning: ListenerSet c: gateway "bad" is not accepted',
    ]


def test_a_gateway_whose_listeners_are_missing() -> None:
    made = GatewayWorld(gateway("one", HTTP, OPEN) + listener_set("a", "zzz"))
    inventory = made.inventory
    assert [each.name.name for each in inventory.listeners] == ["one/http", "ListenerSet/a/http"]
    assert made.around.sets.keys() == {Name("shop", "ListenerSet/a")}
