"""Containers with labels, of our own writing: what they become must be what Traefik makes of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.sources.engine_double import container, service, task

R, S, M = "traefik.http.routers", "traefik.http.services", "traefik.http.middlewares"
COMPOSE = {"com.docker.compose.project": "shop", "com.docker.compose.service": "web"}
TWO = {"front": "10.1.0.2", "back": "10.2.0.2"}

CASES: Mapping[str, Sequence[dict[str, Any]]] = {
    "nothing is said": [container("web")],
    "names become plain": [container("shop_web.1")],
    "names of compose": [container("shop-web-1", COMPOSE)],
    "not enabled": [container("web", {"traefik.enable": "false"})],
    "enabled in capitals": [container("web", {"Traefik.Enable": "True"})],
    "enabled with a number": [container("web", {"traefik.enable": "1"})],
    "neither yes nor no": [container("web", {"traefik.enable": "yes"})],
    "no ports": [container("db", ports={})],
    "the lowest port": [container("web", ports={"9000/tcp": None, "443/tcp": None, "8080/tcp": None})],
    "a port of udp": [container("web", ports={"53/udp": None, "80/tcp": None})],
    "a port that is said": [container("web", {f"{S}.web.loadbalancer.server.port": "8080"})],
    "a port without any exposed": [container("web", {f"{S}.a.loadbalancer.server.port": "81"}, ports={})],
    "a scheme": [container("web", {f"{S}.a.loadbalancer.server.scheme": "https"})],
    "h2c and a port": [
        container("web", {f"{S}.a.loadbalancer.server.scheme": "h2c", f"{S}.a.loadbalancer.server.port": "9"})
    ],
    "a url": [container("web", {f"{S}.a.loadbalancer.server.url": "http://elsewhere:81"})],
    "a url and a port": [
        container("web", {f"{S}.a.loadbalancer.server.url": "http://e:8", f"{S}.a.loadbalancer.server.port": "9"})
    ],
    "a server with an index": [container("web", {f"{S}.a.loadbalancer.servers[0].port": "81"})],
    "a rule": [container("web", {f"{R}.a.rule": "Path(`/a`)"})],
    "two routers": [container("web", {f"{R}.a.rule": "Path(`/a`)", f"{R}.b.rule": "Path(`/b`)"})],
    "a router without a rule": [container("web", {f"{R}.a.entrypoints": "web"})],
    "two services, one router": [
        container(
            "web",
            {
                f"{R}.a.rule": "Path(`/a`)",
                f"{S}.s.loadbalancer.server.port": "1",
                f"{S}.t.loadbalancer.server.port": "2",
            },
        )
    ],
    "two services, named": [
        container(
            "web",
            {
                f"{R}.a.rule": "Path(`/a`)",
                f"{R}.a.service": "t",
                f"{S}.s.loadbalancer.server.port": "1",
                f"{S}.t.loadbalancer.server.port": "2",
            },
        )
    ],
    "two services, no router": [
        container("web", {f"{S}.s.loadbalancer.server.port": "1", f"{S}.t.loadbalancer.server.port": "2"})
    ],
    "a service of somebody else": [container("web", {f"{R}.a.rule": "Path(`/a`)", f"{R}.a.service": "api@internal"})],
    "a middleware only": [container("web", {f"{M}.m.addprefix.prefix": "/x"})],
    "a middleware that is used": [
        container("web", {f"{M}.m.addprefix.prefix": "/x", f"{R}.a.middlewares": "m", f"{R}.a.rule": "Path(`/a`)"})
    ],
    "keys in capitals": [container("web", {"TRAEFIK.HTTP.Routers.a.Rule": "Path(`/a`)"})],
    "names with capitals": [container("web", {f"{R}.Shop-A.rule": "Path(`/a`)"})],
    "two that are one": [
        container("w1", {f"{S}.a.loadbalancer.server.port": "81", f"{R}.a.rule": "Path(`/a`)"}),
        container(
            "w2",
            {f"{S}.a.loadbalancer.server.port": "82", f"{R}.a.rule": "Path(`/a`)"},
            networks={"bridge": "172.17.0.3"},
        ),
    ],
    "replicas of compose": [
        container("shop-web-1", COMPOSE),
        container("shop-web-2", COMPOSE, networks={"bridge": "172.17.0.3"}),
    ],
    "the same address twice": [container("shop-web-1", COMPOSE), container("shop-web-2", COMPOSE)],
    "routers that differ": [
        container("w1", {f"{R}.a.rule": "Path(`/a`)"}),
        container("w2", {f"{R}.a.rule": "Path(`/b`)"}),
    ],
    "the same router, other services": [
        container("w1", {f"{R}.a.rule": "Path(`/a`)"}),
        container("w2", {f"{R}.a.rule": "Path(`/a`)"}),
    ],
    "services that differ": [
        container("w1", {f"{S}.a.loadbalancer.server.port": "81", f"{S}.a.loadbalancer.passhostheader": "false"}),
        container("w2", {f"{S}.a.loadbalancer.server.port": "81"}, networks={"bridge": "172.17.0.3"}),
    ],
    "middlewares that differ": [
        container("w1", {f"{M}.m.addprefix.prefix": "/x"}),
        container("w2", {f"{M}.m.addprefix.prefix": "/y"}),
    ],
    "middlewares that agree": [
        container("w1", {f"{M}.m.addprefix.prefix": "/x"}),
        container("w2", {f"{M}.m.addprefix.prefix": "/x"}),
    ],
    "exited": [container("web", state="exited")],
    "paused": [container("web", state="paused")],
    "created": [container("web", state="created", networks={"bridge": ""})],
    "exited, allowed": [container("web", {"traefik.docker.allownonrunning": "true"}, state="exited")],
    "exited, allowed, port": [
        container(
            "web",
            {"traefik.docker.allowNonRunning": "true", f"{R}.a.rule": "Path(`/a`)"},
            state="exited",
            networks={"bridge": ""},
        )
    ],
    "unhealthy": [container("web", health="unhealthy")],
    "starting": [container("web", health="starting")],
    "healthy": [container("web", health="healthy")],
    "unhealthy, allowed": [container("web", {"traefik.docker.allownonrunning": "true"}, health="unhealthy")],
    "a network": [container("web", {"traefik.docker.network": "back"}, networks=TWO)],
    "no such network": [container("web", {"traefik.docker.network": "side"}, networks={"front": "10.1.0.2"})],
    "IPv6": [container("web", networks={"six": "fd00::2"})],
    "no network": [container("web", networks={}, mode="none")],
    "the network of the host": [container("web", mode="host", networks={"host": ""})],
    "the network of another": [
        container("vpn", {"traefik.enable": "false"}, networks={"bridge": "172.17.0.9"}),
        container("web", mode="container:vpn", networks={}),
    ],
    "the network of nobody": [container("web", mode="container:gone", networks={})],
    "tcp": [container("db", {"traefik.tcp.routers.db.rule": "HostSNI(`*`)"}, ports={"5432/tcp": None})],
    "tcp with a port": [
        container(
            "db",
            {"traefik.tcp.routers.db.rule": "HostSNI(`*`)", "traefik.tcp.services.x.loadbalancer.server.port": "1"},
        )
    ],
    "tcp without a rule": [container("db", {"traefik.tcp.routers.db.entrypoints": "web"})],
    "tcp, service only": [container("db", {"traefik.tcp.services.x.loadbalancer.server.port": "1"})],
    "udp": [container("dns", {"traefik.udp.routers.d.entrypoints": "web"}, ports={"53/udp": None})],
    "udp, two services": [
        container(
            "dns",
            {
                "traefik.udp.routers.d.entrypoints": "web",
                "traefik.udp.services.x.loadbalancer.server.port": "1",
                "traefik.udp.services.y.loadbalancer.server.port": "2",
            },
        )
    ],
    "http and tcp": [
        container("web", {"traefik.tcp.routers.t.rule": "HostSNI(`*`)", f"{R}.a.rule": "Path(`/a`)"}),
    ],
    "tcp middlewares": [
        container(
            "db",
            {
                "traefik.tcp.routers.db.rule": "HostSNI(`*`)",
                "traefik.tcp.middlewares.m.ipallowlist.sourcerange": "10.0.0.0/8",
            },
        )
    ],
    "tcp replicas": [
        container(
            "d1", {"traefik.tcp.routers.d.rule": "HostSNI(`*`)", "traefik.tcp.services.d.loadbalancer.server.port": "1"}
        ),
        container(
            "d2",
            {"traefik.tcp.routers.d.rule": "HostSNI(`*`)", "traefik.tcp.services.d.loadbalancer.server.port": "1"},
            networks={"bridge": "172.17.0.3"},
        ),
    ],
    "a weight": [container("web", {f"{S}.a.loadbalancer.server.weight": "3"})],
    "a router that says nothing but tls": [container("web", {f"{R}.a.tls": "true"})],
    "other labels": [container("web", {"org.example.traefik.enable": "false", "maintainer": "me"})],
    "sticky": [container("web", {f"{S}.a.loadbalancer.sticky.cookie": "true"})],
}

BINDINGS: Mapping[str, Sequence[dict[str, Any]]] = {
    "bound": [container("web", ports={"80/tcp": [("192.0.2.1", "8080")]})],
    "bound everywhere": [container("web", ports={"80/tcp": [("0.0.0.0", "8080")]})],
    "bound without an address": [container("web", ports={"80/tcp": [("", "8080")]})],
    "bound everywhere, IPv6": [container("web", ports={"80/tcp": [("::", "8080")]})],
    "not bound": [container("web")],
    "another port bound": [
        container(
            "web",
            {f"{S}.a.loadbalancer.server.port": "81"},
            ports={"80/tcp": [("192.0.2.1", "8080")], "81/tcp": [("192.0.2.1", "8081")]},
        )
    ],
    "udp bound": [container("dns", ports={"53/udp": [("192.0.2.1", "5353")]})],
    "bound, without an address inside": [
        container("web", ports={"80/tcp": [("192.0.2.1", "8080")]}, networks={}, mode="none")
    ],
}
EMPTY_ALLOWED: Mapping[str, Sequence[dict[str, Any]]] = {
    "unhealthy": [container("web", health="unhealthy")],
    "starting": [container("web", {f"{R}.a.rule": "Path(`/a`)"}, health="starting")],
    "exited": [container("web", state="exited")],
    "tcp unhealthy": [container("db", {"traefik.tcp.routers.db.rule": "HostSNI(`*`)"}, health="unhealthy")],
    "two, one is ill": [
        container("w1", {f"{S}.a.loadbalancer.server.port": "81"}),
        container(
            "w2", {f"{S}.a.loadbalancer.server.port": "81"}, health="unhealthy", networks={"bridge": "172.17.0.3"}
        ),
    ],
}

Swarm = tuple[Sequence[dict[str, Any]], Sequence[dict[str, Any]]]
"""Services and tasks."""
NET = {"net": "10.0.1.5/24"}
SWARM: Mapping[str, Swarm] = {
    "replicas": ([service("web", {f"{S}.w.loadbalancer.server.port": "80"})],
                 [task("web", 1, NET), task("web", 2, {"net": "10.0.1.6/24"})]),
    "no port": ([service("web")], [task("web", 1, NET)]),
    "no task": ([service("web", {f"{S}.w.loadbalancer.server.port": "80"})], []),
    "a task that does not run": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80"})], [task("web", 1, NET, state="preparing")]),
    "balanced by the swarm": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80", "traefik.swarm.lbswarm": "true"},
                 vips={"net": "10.0.1.2/24"})], [task("web", 1, NET)]),
    "balanced by the swarm, old label": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80", "traefik.docker.lbswarm": "true"},
                 vips={"net": "10.0.1.2/24"})], [task("web", 1, NET)]),
    "both labels": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80", "traefik.docker.lbswarm": "true",
                         "traefik.swarm.network": "net"}, vips={"net": "10.0.1.2/24"})], [task("web", 1, NET)]),
    "balanced by names": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80"}, mode="dnsrr")], [task("web", 1, NET)]),
    "balanced by names and by the swarm": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80", "traefik.swarm.lbswarm": "true"}, mode="dnsrr")],
        [task("web", 1, NET)]),
    "a network": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80", "traefik.swarm.network": "other"})],
        [task("web", 1, {**NET, "other": "10.0.2.5/24"})]),
    "a network that nobody knows": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80"})], [task("web", 1, {"secret": "10.0.9.5/24"})]),
    "on every node": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80"}, is_global=True)], [task("web", 1, NET)]),
    "not enabled": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80", "traefik.enable": "false"})], [task("web", 1, NET)]),
    "two services": (
        [service("web", {f"{S}.w.loadbalancer.server.port": "80"}),
         service("api", {f"{S}.a.loadbalancer.server.port": "81", f"{R}.a.rule": "Path(`/api`)"})],
        [task("web", 1, NET), task("api", 1, {"net": "10.0.1.9/24"})]),
    "tcp": ([service("db", {"traefik.tcp.routers.d.rule": "HostSNI(`*`)",
                            "traefik.tcp.services.d.loadbalancer.server.port": "5432"})],
            [task("db", 1, NET), task("db", 2, {"net": "10.0.1.6/24"})]),
}  # fmt: skip
