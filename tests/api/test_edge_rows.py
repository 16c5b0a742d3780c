from __future__ import annotations

from typing import Any

from tests.api.seen import Seen
from tulle.api.edge_rows import points, rows, statuses
from tulle.flow.build import Builder
from tulle.model.documents import Key
from tulle.model.names import Name

ROUTERS = """
entryPoints:
  web: {address: ":8080", http2: {maxConcurrentStreams: 9}}
  other: {address: ":8081"}
  dns: {address: ":53/udp"}
ping: {entryPoint: web}
api: {}
http:
  routers:
    a: {Rule: Path(`/a`), service: s, middlewares: "m,c", entrypoints: web, observability: {metrics: false}}
    b: {rule: Path(`/b`), service: nope, tls: {}}
    c: {rule: Hots(`/b`), service: s, entryPoints: [web, gone]}
    d: {rule: Path(`/d`), service: s, entryPoints: [web, gone]}
    e: {rule: Path(`/e`), service: s, entryPoints: [gone]}
    f: {rule: 7}
    g: {service: s}
  services:
    s:
      loadBalancer:
        servers: [{url: "http://10.0.0.1/x"}]
        healthCheck: {path: /}
        sticky: {cookie: {secure: true}}
        serversTransport: t
    w: {weighted: {services: [{name: s}]}}
    m: {mirroring: {service: s}}
  serversTransports: {t: {}}
  middlewares:
    m: {addPrefix: {prefix: /m}}
    c: {chain: {middlewares: [m]}}
    x: {rateLimit: {average: 7}}
tcp:
  routers: {t: {rule: HostSNI(`*`), service: db, entryPoints: [other]}}
  services: {db: {loadBalancer: {servers: [{address: "10.0.0.1:5432"}]}}}
  middlewares: {l: {inFlightConn: {amount: 1}}}
udp:
  routers: {u: {service: dns}, v: {service: nope}}
  services: {dns: {loadBalancer: {servers: [{address: "10.0.0.1:53"}]}}}
"""
SEEN = Seen(ROUTERS)


def found(protocol: str, kind: str, seen: Any = SEEN) -> Any:
    return rows(seen, protocol, kind)


def test_a_router_is_as_it_was_written() -> None:
    assert list(found("http", "routers")) == [*(f"{name}@file" for name in "abcdefg"), "ping@internal"]
    assert found("http", "routers")["a@file"] == {
        "entryPoints": ["web"],
        "middlewares": ["m@file", "c@file"],
        "service": "s",
        "rule": "Path(`/a`)",
        "priority": 10,
        "observability": {"accessLogs": True, "metrics": False, "tracing": True, "traceVerbosity": "minimal"},
        "status": "enabled",
        "using": ["web"],
        "name": "a@file",
        "provider": "file",
        "priorityStr": "10",
        "origin": "a.yml:10",
    }


def test_routers_that_are_wrong_say_why() -> None:
    table = found("http", "routers")
    said = {name: (row["status"], row.get("using"), len(row.get("error", ()))) for name, row in table.items()}
    assert said == {
        "a@file": ("enabled", ["web"], 0),
        "b@file": ("disabled", ["other", "web"], 1),
        "c@file": ("disabled", ["web"], 1),
        "d@file": ("warning", ["web"], 1),
        "e@file": ("disabled", None, 2),
        "f@file": ("disabled", ["other", "web"], 1),
        "g@file": ("disabled", ["other", "web"], 1),
        "ping@internal": ("enabled", ["web"], 0),
    }
    assert table["b@file"]["tls"] == {"options": "default"}
    assert (table["e@file"]["entryPoints"], table["c@file"]["priority"]) == (["gone"], 10)
    assert table["ping@internal"]["rule"] == "PathPrefix(`/ping`)"


def test_services_say_what_holds_where_nothing_is_written() -> None:
    table = found("http", "services")
    names = ["api@internal", "dashboard@internal", "m@file", "noop@internal", "ping@internal", "s@file", "w@file"]
    assert list(table) == names
    one = table["s@file"]
    assert one["loadBalancer"]["sticky"]["cookie"] == {"name": "_23300", "path": "/", "secure": True}
    assert one["loadBalancer"]["healthCheck"]["interval"] == "30s"
    assert (one["loadBalancer"]["strategy"], one["loadBalancer"]["serversTransport"]) == ("wrr", "t@file")
    assert (one["usedBy"], one["serverStatus"]) == (
        ["a@file", "d@file", "e@file"],
        {"http://10.0.0.1/x": "UP"},
    )
    assert (one["type"], table["w@file"]["type"]) == ("loadbalancer", "weighted")
    assert table["w@file"]["weighted"] == {"services": [{"name": "s", "weight": 1}]}
    assert table["m@file"]["mirroring"]["maxBodySize"] == -1
    assert table["ping@internal"] == {
        "status": "enabled", "usedBy": ["ping@internal"], "name": "ping@internal", "provider": "internal",
    }  # fmt: skip


def test_middlewares() -> None:
    table = found("http", "middlewares")
    assert (table["m@file"]["type"], table["m@file"]["usedBy"]) == ("addprefix", ["a@file"])
    assert table["c@file"]["chain"] == {"middlewares": ["m@file"]}
    assert table["x@file"]["rateLimit"] == {"average": 7, "period": "1s", "burst": 1}


def test_connections_and_datagrams() -> None:
    assert found("tcp", "routers")["t@file"]["priority"] == -1
    assert "observability" not in found("tcp", "routers")["t@file"]
    assert found("tcp", "services")["db@file"]["loadBalancer"] == {"servers": [{"address": "10.0.0.1:5432"}]}
    assert found("tcp", "services")["db@file"]["serverStatus"] == {"10.0.0.1:5432": "UP"}
    assert found("tcp", "middlewares")["l@file"]["type"] == "inflightconn"
    assert "serverStatus" not in found("udp", "services")["dns@file"]
    wrong, right = found("udp", "routers")["v@file"], found("udp", "routers")["u@file"]
    assert (wrong["status"], wrong["using"]) == ("disabled", ["dns"])
    assert set(right) == {"service", "status", "using", "name", "provider", "origin"}


def test_the_last_good_version_still_counts() -> None:
    broken = ROUTERS.replace("`/a`", "`/a").replace("prefix: /m", "prefix: 7x, y: 1").replace("name: s}", "nam: s}")
    seen = Seen(ROUTERS, broken)
    router, step = found("http", "routers", seen)["a@file"], found("http", "middlewares", seen)["m@file"]
    service = found("http", "services", seen)["w@file"]
    assert [(each["status"], bool(each["error"])) for each in (router, step, service)] == [("warning", True)] * 3
    status = statuses(seen)[Key("traefik/http-router", Name("@file", "a"))]
    assert [(each["type"], each["status"]) for each in status["conditions"]] == [
        *(("Accepted", "True"), ("WithoutFindings", "False")),
    ]
    assert status["conditions"][1]["message"].startswith("router a: ")


def test_whatever_is_written_has_a_row() -> None:
    seen = Seen(
        """
entryPoints: {web: {address: ":8080"}}
http:
  routers: {a: {rule: [x], priority: high, observability: 7, tls: yes, middlewares: 7}, b: 7, c: {}}
  services: {a: {weighted: {services: [7]}}, b: [], c: {loadBalancer: [x]}, d: {loadBalancer: {sticky: 7}}}
  middlewares: {a: {chain: {middlewares: 7}}, b: {}, c: {chain: 7}}
  nothing: {}
"""
    )
    for kind, count in (("routers", 3), ("services", 5), ("middlewares", 3)):
        table = found("http", kind, seen)
        assert len(table) == count
        assert {row["status"] for name, row in table.items() if name != "noop@internal"} <= {"disabled", "warning"}


def test_pieces_that_never_were_good() -> None:
    seen = Seen(ROUTERS.replace("prefix: /m", "y: 1").replace("name: s}", "nam: s}").replace("7}", "Path(`/f`)}", 1))
    assert "service" not in found("http", "routers", seen)["f@file"]
    assert found("http", "middlewares", seen)["m@file"]["status"] == "disabled"
    assert found("http", "services", seen)["w@file"]["status"] == "disabled"


def test_entry_points_have_what_is_written_about_them() -> None:
    table = {each["name"]: each for each in points(SEEN.mesh, SEEN.documents)}
    assert list(table) == ["dns", "other", "web"]
    assert table["web"]["address"] == ":8080" and table["dns"]["address"].endswith("/udp")
    assert table["web"]["http2"] == {"maxConcurrentStreams": 9}


def test_without_routers_there_is_little_to_tell() -> None:
    class Nothing:
        mesh = Builder().build(())
        documents = ()

    assert found("http", "routers", Nothing) == {}
    assert list(found("http", "services", Nothing)) == ["noop@internal"]
    assert list(points(Nothing.mesh, ())) == []


def test_secrets_are_not_shown() -> None:
    key = "-----BEGIN PRIVATE KEY-----"
    seen = Seen(
        "http: {middlewares: {j: {plugin: {jwt: {SigningSecret: s3cret}}}, k: {jwt: {signingSecret: s3cret}}, "
        "o: {oidc: {ClientSecret: s3cret, session: {secret: s3cret, name: n}, scopes: [a]}}, "
        "r: {rateLimit: {average: 1, redis: {endpoints: ['a:1'], password: s3cret}}}, "
        f"f: {{forwardAuth: {{address: 'http://a', tls: {{key: '{key} s3cret', cert: /a.pem}}}}}}, "
        "g: {forwardAuth: {address: 'http://a', tls: {key: /a.key, cert: /a.pem}}}}}"
    )
    told = found("http", "middlewares", seen)
    assert "s3cret" not in str(told)
    oidc = told["o@file"]["oidc"]
    assert oidc == {"clientSecret": "xxxx", "session": {"secret": "xxxx", "name": "n"}, "scopes": ["a"]}
    assert told["k@file"]["jwt"] == {"signingSecret": "xxxx"}
    assert told["r@file"]["rateLimit"]["redis"] == {"endpoints": ["a:1"], "password": "xxxx"}
    assert told["g@file"]["forwardAuth"]["tls"] == {"key": "/a.key", "cert": "/a.pem"}
