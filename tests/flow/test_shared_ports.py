from __future__ import annotations

from tulle.flow.shared_ports import shared
from tulle.model.documents import Origin
from tulle.model.listeners import Listener, ListenerHost, ListenerProtocol
from tulle.model.names import Name


def listener(name: str, *hosts: str, redirect: int | None = None, port: int = 80, is_safe: bool = False) -> Listener:
    return Listener(
        name=Name("shop", name),
        origin=Origin("file", f"{name}.yaml"),
        port=port,
        protocol=ListenerProtocol.HTTPS if is_safe else ListenerProtocol.HTTP,
        hosts=tuple(ListenerHost(host=host) for host in hosts),
        redirect_to_https=redirect,
    )


def test_listeners_that_share_nothing_stay_what_they_are() -> None:
    given = (listener("a", "*"), listener("b", "b.test"), listener("c", "*", port=81), listener("d", "*", is_safe=True))
    found = shared(given)
    assert tuple(found.listeners.values()) == given
    assert not found.owners and not found.origins
    assert found.has("shop/a", "*") and not found.has("shop/a", "b.test") and not found.has("shop/x", "*")


def test_a_host_belongs_to_the_first_that_serves_it() -> None:
    found = shared((listener("a", "*", "A.test"), listener("b", "a.test", "b.test"), listener("c", "b.test")))
    assert {name: [it.host for it in each.hosts] for name, each in found.listeners.items()} == {
        "shop/a": ["*", "A.test"],
        "shop/b": ["b.test"],
    }
    assert found.owners == {"shop/c": "shop/b"}
    assert [each.file for each in found.origins["shop/b"]] == ["c.yaml"]


def test_who_only_redirects_comes_last() -> None:
    found = shared((listener("a", "*", redirect=443), listener("b", "*")))
    assert (list(found.listeners), found.owners) == (["shop/b"], {"shop/a": "shop/b"})
