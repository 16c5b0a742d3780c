from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.decoded import decoded
from tests.envoy.kitchen import HERE
from tests.envoy.pki import Pki
from tulle.envoy import edge_quic
from tulle.envoy.chains import Entry
from tulle.envoy.edge_tls import Material
from tulle.envoy.gateway import compile_gateway
from tulle.envoy.gateway_hosts import Memory
from tulle.model.listeners import Certificate, ClientTrust, Entrance, Listener, ListenerProtocol
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.xds.snapshot import LISTENER

SECRET = Pki().secret("a", "a.example")
SHOWN = (Certificate(secret=SECRET.name),)
QUIC = "gateway|127.0.0.1:443/quic"


def listener(advertised: int, trust: ClientTrust | None = None, **more: Any) -> Listener:
    return Listener(
        name=Name("@static", "web|tls"),
        origin=HERE,
        port=443,
        protocol=ListenerProtocol.HTTPS,
        certificates=SHOWN,
        client_trust=trust,
        entrance=Entrance(advertised=advertised),
        **more,
    )


def listeners(*every: Listener) -> Any:
    mesh = Mesh(listeners={each.name: each for each in every}, secrets={SECRET.name: SECRET})
    return compile_gateway(mesh, Memory()).table(LISTENER)


def test_http3_is_spoken_beside_tls() -> None:
    found = decoded(listeners(listener(443))[QUIC])
    assert found["address"]["socket_address"]["protocol"] == "UDP"
    assert "quic_options" in found["udp_listener_config"]
    assert "listener_filters" not in found
    (chain,) = found["filter_chains"]
    tls = chain["transport_socket"]["typed_config"]["downstream_tls_context"]["common_tls_context"]
    assert tls["alpn_protocols"] == ["h3"]
    assert "tls_params" not in tls
    manager = chain["filters"][-1]["typed_config"]
    assert manager["codec_type"] == "HTTP3"
    assert manager["rds"]["route_config_name"] == "gateway.127.0.0.1:443|tls"


@pytest.mark.parametrize(
    "other",
    [
        listener(0),
        listener(443, ClientTrust(ca_file="/ca.pem")),
        Listener(name=Name("", "a"), origin=HERE, port=443, entrance=Entrance(advertised=443)),
    ],
)
def test_where_it_is_not(other: Listener) -> None:
    assert list(listeners(other)) == ["gateway|127.0.0.1:443"]


def test_certificates_of_clients_are_not_forgotten() -> None:
    assert not edge_quic.is_possible(None)
    assert edge_quic.is_possible(Material())


def test_chains_without_tls_have_none() -> None:
    assert edge_quic._ending(Entry((), ()).transport_socket).name == "envoy.transport_sockets.quic"
