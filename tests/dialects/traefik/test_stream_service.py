from __future__ import annotations

from tests.dialects.traefik.reading import only, read, wrong
from tulle.model.names import Name
from tulle.model.policies import HealthCheck, TlsMode
from tulle.model.routers import Reference, Share
from tulle.model.services import Endpoint, Protocol, Resolution


def test_servers_for_connections() -> None:
    pool = only("""
tcp:
  services:
    s:
      loadBalancer:
        servers: [{address: "10.0.0.1:5432"}, {address: "[::1]:1", tls: true}]
        serversTransport: t
        proxyProtocol: {version: 1}
        healthCheck: {port: 1, send: PING, expect: PONG, interval: 1s, timeout: 2s, unhealthyInterval: 3s}
""")
    assert pool.name == Name("@file", "tcp/s")
    assert pool.transport == Reference(Name("@file", "tcp/t"))
    assert pool.is_encrypted and pool.is_checked
    service = pool.service
    assert service.addresses == (Endpoint(address="10.0.0.1", port=5432), Endpoint(address="::1", port=1))
    assert (service.ports[0].protocol, service.resolution) == (Protocol.TCP, Resolution.ENDPOINTS)
    assert service.policy.proxy_protocol == 1
    assert service.policy.health_check == HealthCheck(
        interval=1.0,
        timeout=2.0,
        unhealthy_after=1,
        healthy_after=1,
        unhealthy_interval=3.0,
        port=1,
        sends="PING",
        expects="PONG",
    )


def test_what_is_usual() -> None:
    pool = only("tcp: {services: {s: {loadBalancer: {servers: [{address: 'db:5432'}]}}}}")
    assert pool.service.resolution is Resolution.DNS
    assert (pool.transport, pool.service.policy.health_check, pool.is_encrypted) == (None, None, False)
    assert pool.service.policy.proxy_protocol == 0


def test_shares() -> None:
    blend = only("tcp: {services: {s: {weighted: {services: [{name: a, weight: 2}, {name: b}], healthCheck: {}}}}}")
    a, b = (Reference(Name("@file", f"tcp/{name}")) for name in "ab")
    assert blend.shares == (Share(to=a, weight=2), Share(to=b))
    assert blend.is_checked
    blend = only("udp: {services: {s: {weighted: {services: [{name: a}]}}}}")
    assert blend.shares == (Share(to=Reference(Name("@file", "udp/a"))),)


def test_datagrams() -> None:
    pool = only("udp: {services: {s: {loadBalancer: {servers: [{port: '53'}]}}}}")
    assert pool.service.addresses == (Endpoint(address="127.0.0.1", port=53),)
    assert pool.service.ports[0].protocol is Protocol.UDP


def test_transports() -> None:
    transport = only("""
tcp:
  serversTransports:
    t:
      dialTimeout: 1s
      proxyProtocol: {}
      tls:
        serverName: a.test
        insecureSkipVerify: true
        rootCAs: [ca.pem]
        certificates: [{certFile: c, keyFile: k}]
        peerCertURI: spiffe://a
""")
    assert transport.name == Name("@file", "tcp/t")
    assert (transport.connect_timeout, transport.proxy_protocol) == (1.0, 2)
    tls = transport.tls
    assert tls.mode is TlsMode.MUTUAL
    assert (tls.certificate_file, tls.key_file, tls.ca_file) == tuple(f"/etc/traefik/{x}" for x in ("c", "k", "ca.pem"))
    assert (tls.server_name, tls.subject_alt_names, tls.skips_verification) == ("a.test", ("spiffe://a",), True)
    plain = only("tcp: {serversTransports: {t: {tls: {}}}}").tls
    assert (plain.mode, plain.ca_file, plain.subject_alt_names) == (TlsMode.SIMPLE, "", ())
    assert only("tcp: {serversTransports: {t: {}}}").tls is None
    text = only("tcp: {serversTransports: {t: {tls: {rootCAs: ['-----BEGIN a']}}}}")
    assert (text.authorities, text.certificate, text.tls.ca_file) == ("-----BEGIN a", "", "")


def test_mistakes() -> None:
    assert wrong("""
tcp:
  services:
    a: {}
    b: {loadBalancer: {servers: [{address: x}]}}
    c: {loadbalanzer: {}}
  serversTransports:
    d: {x: 1}
udp:
  services:
    e: {}
    f: {loadBalancer: {servers: [{address: "x:0"}]}}
    g: {x: 1}
""") == [
        "4: TCP service a must be exactly one of loadBalancer, weighted",
        '5: TCP service b: "loadBalancer.servers[0].address" must be an address such as 10.0.0.1:5432, not "x"',
        '6: TCP service c: unknown field "loadbalanzer"; did you mean "loadBalancer"?',
        '8: TCP serversTransport d: unknown field "x"',
        "11: UDP service e must be exactly one of loadBalancer, weighted",
        '12: UDP service f: "loadBalancer.servers[0].address" must be an address such as 10.0.0.1:5432, not "x:0"',
        '13: UDP service g: unknown field "x"',
    ]


def test_nothing_else_is_read() -> None:
    assert read("tcp: {}") == ([], [])
