"""Random documents of Traefik in which names are few, and edits of them: one thing is put, replaced or taken away."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from tulle.identity.stand_in import self_signed

Things = dict[tuple[str, ...], Any]
"""By the path to a thing in the document."""
Edit = tuple[tuple[str, ...], Any]
"""A path, and what is there from now on; None: nothing."""
PAIRS = [
    {"certFile": certificate, "keyFile": key}
    for certificate, key in (self_signed(datetime(2026, month, 1, tzinfo=UTC)) for month in (1, 2))
]
NAMES = ("a", "b", "c")


def _named(**fields: Any) -> st.SearchStrategy[dict[str, Any]]:
    """A mapping in which fields may be missing; one that begins with `_` is always there."""
    always = {name[1:]: each for name, each in fields.items() if name.startswith("_")}
    return st.fixed_dictionaries(always, optional={n: each for n, each in fields.items() if not n.startswith("_")})


def _of(*values: Any) -> st.SearchStrategy[Any]:
    return st.sampled_from(values)


def _list(*values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(values), min_size=1, max_size=2, unique=True)


def _servers(key: str, *values: str, **more: Any) -> st.SearchStrategy[dict[str, Any]]:
    servers = _list(*values).map(lambda found: [{key: each} for each in found])
    return _named(_loadBalancer=_named(_servers=servers, **more))


def _weighted() -> st.SearchStrategy[dict[str, Any]]:
    return _list(*NAMES).map(lambda found: {"weighted": {"services": [{"name": each, "weight": 2} for each in found]}})


NAME = _of(*NAMES, "spare")
POINTS = _list("web", "two", "http", "traefik", "dns")
OPTIONS = _of("o", "default", "gone")
ROUTER = _named(
    _rule=_of("Path(`/a`)", "Host(`a.test`)", "Host(`a.test`) || Host(`b.test`)", "PathPrefix(`/`)", "Host(`b.test`)"),
    service=NAME,
    middlewares=_list(*NAMES),
    entryPoints=POINTS,
    priority=_of(3, 4),
    tls=st.one_of(st.just({}), st.builds(lambda name: {"options": name}, OPTIONS)),
    parentRefs=_list("a", "b"),
)
SERVICE = st.one_of(
    _servers("url", "http://10.0.0.1", "http://10.0.0.2:81", serversTransport=_of("t", "gone")),
    _servers("url", "https://10.0.0.2:8443", serversTransport=_of("t", "gone")),
    _weighted(),
    st.builds(lambda one, two: {"failover": {"service": one, "fallback": two}}, NAME, NAME),
    st.builds(lambda one, two: {"mirroring": {"service": one, "mirrors": [{"name": two, "percent": 5}]}}, NAME, NAME),
)
MIDDLEWARE = st.one_of(
    st.builds(lambda prefix: {"addPrefix": {"prefix": prefix}}, _of("/x", "/y")),
    st.builds(lambda parts: {"chain": {"middlewares": parts}}, _list(*NAMES)),
    st.builds(lambda service: {"errors": {"status": ["500"], "service": service, "query": "/"}}, NAME),
    st.just({"headers": {"customRequestHeaders": {"X-A": "1"}}}),
)
TRANSPORT = _named(serverName=_of("one.test", "two.test"), rootCAs=st.just([PAIRS[0]["certFile"]]))
FEW = {"_service": NAME, "entryPoints": POINTS, "priority": _of(3, 4)}
STREAM = st.one_of(
    _named(_rule=_of("HostSNI(`*`)", "ClientIP(`10.0.0.0/8`)"), **FEW),
    _named(
        _rule=_of("HostSNI(`*`)", "HostSNI(`a.test`)", "HostSNI(`a.test`) || HostSNI(`c.test`)"),
        _tls=_of({}, {"options": "o"}, {"passthrough": True}),
        **FEW,
    ),
)
DATAGRAMS = _named(_service=NAME, entryPoints=POINTS)
POINT = st.builds(
    lambda port, http: {"address": f":{port}", **({"http": http} if http else {})},
    _of(8080, 81, 8443),
    _named(
        tls=st.just({}),
        middlewares=_of(["a@file"], ["b@file"]),
        redirections=_of({"entryPoint": {"to": "two"}}, {"entryPoint": {"to": "gone"}}),
    ),
)
PLACES: Mapping[tuple[str, ...], tuple[tuple[str, ...], st.SearchStrategy[Any]]] = {
    ("entryPoints",): (("web", "two"), POINT),
    ("http", "routers"): (NAMES, ROUTER),
    ("http", "services"): (NAMES, SERVICE),
    ("http", "middlewares"): (NAMES, MIDDLEWARE),
    ("http", "serversTransports"): (("t", "default"), TRANSPORT),
    ("tcp", "routers"): (NAMES, STREAM),
    ("tcp", "services"): (NAMES, st.one_of(_servers("address", "10.0.0.1:1", "10.0.0.2:2"), _weighted())),
    ("udp", "routers"): (("a", "b"), DATAGRAMS),
    ("udp", "services"): (NAMES, _servers("address", "10.0.0.1:1", "10.0.0.2:2")),
    ("tls", "options"): (("o", "default"), _named(minVersion=_of("VersionTLS12", "VersionTLS13"))),
}
SINGLE: Mapping[tuple[str, ...], st.SearchStrategy[Any]] = {
    ("entryPoints", "dns"): st.just({"address": ":5353/udp"}),
    ("tls", "certificates"): _list(0, 1).map(lambda found: [PAIRS[each] for each in found]),
}
ALL = {
    **{(*path, name): strategy for path, (names, strategy) in PLACES.items() for name in names},
    **SINGLE,
}


@st.composite
def edits(draw: st.DrawFn) -> Edit:
    """Of one thing."""
    path = draw(st.sampled_from(sorted(ALL)))
    return path, draw(st.one_of(ALL[path], st.none()))


@st.composite
def histories(draw: st.DrawFn) -> list[str]:
    """Documents, of which each differs from the one before in a few things."""
    things: Things = {path: draw(strategy) for path, strategy in ALL.items() if draw(st.booleans())}
    texts = [written(things)]
    for _ in range(draw(st.integers(1, 4))):
        for path, value in draw(st.lists(edits(), min_size=1, max_size=2)):
            things = {**things, path: value}
        texts.append(written(things))
    return texts


def written(things: Things) -> str:
    """Things as a document, in which each has a line of its own for as long as there is something."""
    tree: dict[str, Any] = {}
    for path, value in sorted(things.items()):
        if value is not None:
            part = tree
            for step in path[:-1]:
                part = part.setdefault(step, {})
            part[path[-1]] = value
    return json.dumps(tree, indent=1)
