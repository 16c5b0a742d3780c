from __future__ import annotations

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING, http, mesh, told
from tulle.flow.build import Builder
from tulle.model.listeners import Listener
from tulle.model.mesh import Mesh
from tulle.model.names import Name

OPTIONS = "\ntls: {options: {new: {minVersion: VersionTLS13}, old: {maxVersion: VersionTLS12}}}"


def ended(found: Mesh) -> dict[str, tuple[str, list[str]]]:
    """Of listeners with TLS: by which options it is ended, and for whom."""
    return {
        name.name: (each.ending, [host.host for host in each.hosts])
        for name, each in found.listeners.items()
        if each.ending
    }


def listener(found: Mesh, name: str) -> Listener:
    return found.listeners[Name("@static", name)]


def test_hosts_have_the_options_of_their_routers() -> None:
    found = mesh(
        http(
            """a: {rule: Host(`b.test`) || Host(`a.test`), service: s, tls: {options: new}}
    b: {rule: Host(`c.test`), service: s, tls: {}}
    c: {rule: Path(`/`), service: s}""",
            OPTIONS,
        )
    )
    assert told(found) == []
    assert ended(found) == {"web|tls": ("default", ["*"]), "web|tls|new.@file": ("new.@file", ["a.test", "b.test"])}
    assert listener(found, "web|tls|new.@file").versions.minimum == "1.3"


def test_wildcards_come_after_names() -> None:
    found = mesh(
        http(
            """a: {rule: Host(`*.a.test`), service: s, tls: {options: new}}
    b: {rule: Host(`b.a.test`), service: s, tls: {}}""",
            OPTIONS,
        )
    )
    assert ended(found) == {
        "web|tls": ("default", ["*"]),
        "web|tls|default": ("default", ["b.a.test"]),
        "web|tls|new.@file|*": ("new.@file", ["*.a.test"]),
    }
    assert listener(found, "web|tls|default").rank < listener(found, "web|tls|new.@file|*").rank


def test_routers_that_contradict_each_other() -> None:
    found = mesh(
        http(
            """a: {rule: Host(`a.test`), service: s, tls: {options: new}}
    b: {rule: Host(`a.test`) && Path(`/b`), service: s, tls: {options: old}}
    c: {rule: Host(`a.test`) && Path(`/c`), service: s, tls: {}}""",
            OPTIONS,
        )
    )
    assert ended(found) == {"web|tls": ("default", ["*"])}
    sentence = "other routers want other TLS options for a.test, so the usual ones hold there"
    assert told(found) == [f"4: router a: {sentence}", f"5: router b: {sentence}"]


def test_a_router_that_is_contradicted_has_the_usual_ones_for_all_of_its_hosts() -> None:
    found = mesh(
        http(
            """a: {rule: Host(`a.test`) || Host(`b.test`), service: s, tls: {options: old}}
    b: {rule: Host(`a.test`) && Path(`/b`), service: s, tls: {options: new}}
    c: {rule: Host(`b.test`) && Path(`/c`) || Host(`c.test`), service: s, tls: {options: old}}""",
            OPTIONS,
        )
    )
    assert ended(found) == {"web|tls": ("default", ["*"]), "web|tls|old.@file": ("old.@file", ["b.test", "c.test"])}
    assert len(told(found)) == 2


def test_routers_that_contradict_each_other_may_be_for_nobody() -> None:
    text = http(
        """a: {rule: Host(`a.test`) || Host(`b.test`), service: s, tls: {options: old}}
    b: {rule: Host(`a.test`) && Path(`/b`), service: s, tls: {}, entryPoints: [web, other]}
    c: {rule: Host(`c.test`), service: s, tls: {options: old}}""",
        OPTIONS,
    )
    files = text.replace("address: ':8080'}", "address: ':8080', asDefault: true}, other: {address: ':81'}")
    found = mesh(f"core: {{strictTLSOptions: true}}\n{files}")
    assert {each.name.name: each.listeners for each in found.gateway_routes} == {
        "b": ("@static/other|tls",),
        "c": ("@static/web|tls",),
    }
    sentence = "other routers want other TLS options for a.test, so it is for nobody"
    assert [line.partition(": ")[2] for line in told(found)] == [f"router a: {sentence}", f"router b: {sentence}"]


def test_options_that_are_not_there() -> None:
    found = mesh(http("a: {rule: Host(`a.test`), service: s, tls: {options: nope}}", OPTIONS))
    assert told(found) == ['4: router a: there are no TLS options "nope", so connections are closed']
    assert listener(found, "web|tls|nope.@file").certificates == ()
    assert listener(found, "web|tls").certificates != ()


def test_options_of_an_entry_point() -> None:
    text = http("a: {rule: Host(`a.test`), service: s}", OPTIONS)
    found = mesh(text.replace("address: ':8080'", "address: ':8080', http: {tls: {options: new@file}}"))
    assert ended(found)["web|tls|new.@file"] == ("new.@file", ["a.test"])


def test_what_is_usual_is_said_once() -> None:
    text = http("a: {rule: Host(`a.test`), service: s, tls: {}}")
    one = document(f"{text}\ntls: {{options: {{default: {{minVersion: VersionTLS13}}}}}}")
    other = document("tls: {options: {default: {maxVersion: VersionTLS12}}}", source="docker")
    assert Builder().build((one, STANDING)).listeners[Name("@static", "web|tls")].versions.minimum == "1.3"
    both = Builder().build((one, other, STANDING))
    assert both.listeners[Name("@static", "web|tls")].versions.minimum == ""
    assert any("another provider says what is usual, too, so neither counts" in line for line in told(both))
