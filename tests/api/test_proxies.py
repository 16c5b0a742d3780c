"""What proxies were given, over real HTTP and from real Envoy messages."""

from __future__ import annotations

from typing import Any

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret
from envoy.extensions.transport_sockets.tls.v3.tls_pb2 import DownstreamTlsContext

from tulle.api.proxies import envoy_json
from tulle.flow.state import ProxyState
from tulle.model.documents import Anchor, Origin
from tulle.xds.snapshot import encode, framed

PLACE = Origin("file", "mesh.yaml", Anchor(7), 0, "service web")
CLUSTER = encode("a", Cluster(name="a", alt_stat_name="x"), origins=(PLACE,))
HOST = encode("r/h", VirtualHost(name="r/h", domains=["*"]))
SECRET = encode("workload", Secret(name="workload"))


def proxy(id: str, service: str = "web.default") -> ProxyState:
    return ProxyState(
        id=id,
        role="sidecar",
        service=service,
        host="alpha",
        is_connected=True,
        is_synced=True,
        version="v",
        admin="",
        resources=(HOST, CLUSTER, SECRET),
    )


async def test_the_configuration_of_a_proxy_is_envoys_json_with_origins(serving: Any) -> None:
    async with serving() as api:
        api.state.given = (proxy("web-1"), proxy("web-2"))
        assert [each["id"] for each in (await api.client.get("/v1/proxies")).json()["proxies"]] == ["web-1", "web-2"]
        config = (await api.client.get("/v1/proxies/web-1/config")).json()
        assert [each["name"] for each in config] == ["a", "r/h", "workload"]
        assert config[0] == {
            "name": "a",
            "type": "envoy.config.cluster.v3.Cluster",
            "version": CLUSTER.version,
            "origins": [{"source": "file", "file": "mesh.yaml", "line": 7, "subject": "service web"}],
            "resource": {"name": "a", "alt_stat_name": "x"},
        }
        for kind, names in (
            ("", ["a", "r/h", "workload"]),
            ("clusters", ["a"]),
            ("routes", ["r/h"]),
            ("listeners", []),
            ("secrets", ["workload"]),
        ):
            config = (await api.client.get(f"/v1/proxies/web-1/config?type={kind}")).json()
            assert [each["name"] for each in config] == names


async def test_a_proxy_also_goes_by_its_service_if_that_is_clear(serving: Any) -> None:
    async with serving() as api:
        api.state.given = (proxy("web-1"), proxy("web-2"), proxy("db-1", "db.default"))
        assert (await api.client.get("/v1/proxies/db/config")).status_code == 200
        assert (await api.client.get("/v1/proxies/db.default/config")).status_code == 200
        answer = await api.client.get("/v1/proxies/web/config")
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            'there is no proxy "web"; say which: web-1, web-2',
        )


async def test_an_unknown_proxy_or_type_is_said(serving: Any) -> None:
    async with serving() as api:
        api.state.given = (proxy("web-1"),)
        answer = await api.client.get("/v1/proxies/wbe-1/config")
        assert (answer.status_code, answer.json()["detail"]) == (
            404,
            'there is no proxy "wbe-1"; did you mean "web-1"?',
        )
        answer = await api.client.get("/v1/proxies/web-1/config?type=cluster")
        assert answer.status_code == 422
        assert 'there is no type "cluster" of resources; did you mean "clusters"?' in answer.json()["detail"]


def test_private_keys_are_never_shown() -> None:
    context = DownstreamTlsContext()
    inline = context.common_tls_context.tls_certificates.add()
    inline.private_key.inline_string = "KEY"
    inline.password.inline_string = "PASS"
    inline.certificate_chain.inline_string = "CHAIN"
    shown = envoy_json(encode("s", context))["common_tls_context"]["tls_certificates"][0]
    assert shown == {
        "private_key": "[redacted]",
        "password": "[redacted]",
        "certificate_chain": {"inline_string": "CHAIN"},
    }
    secret = Secret(name="s")
    secret.tls_certificate.private_key.inline_string = "KEY"
    assert envoy_json(encode("s", secret)) == {"name": "s", "tls_certificate": {"certificates": []}}


def test_a_message_of_an_unknown_type_is_named() -> None:
    unknown = framed("type.googleapis.com/no.such.Message", "x", b"")
    assert envoy_json(unknown) == {"@type": "type.googleapis.com/no.such.Message"}
