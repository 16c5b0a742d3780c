from __future__ import annotations

import ssl
from pathlib import Path

import pytest
import requests

from tests.clients.servers import web
from tests.e2e.pebble import self_signed
from tulle.clients.acme.problems import CannotObtain
from tulle.clients.acme.trust import adapter, context, with_environment
from tulle.model.resolvers import Server


def session(server: Server) -> requests.Session:
    made = requests.Session()
    made.mount("https://", adapter(server))
    return made


def test_an_authority_of_a_private_root_is_trusted_if_it_is_named(tmp_path: Path) -> None:
    certificate, key = self_signed()
    path = tmp_path / "both.pem"
    path.write_bytes(certificate + key)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(path)
    with web(tls) as server:
        server.answers["/"] = b"hello"
        address = server.at("/").replace("localhost", "127.0.0.1")
        for authority in (str(path), certificate.decode()):
            with session(Server(authorities=(authority,), trusts_system=False)) as trusting:
                assert trusting.get(address).text == "hello"
        with session(Server(authorities=(str(path),), server_name="pebble")) as trusting:
            assert trusting.get(server.at("/")).text == "hello", "whose certificate has another name"
        for wrong in (Server(), Server(authorities=(str(path),), server_name="other")):
            with session(wrong) as strict, pytest.raises(requests.exceptions.SSLError):
                strict.get(address)


def test_what_is_trusted() -> None:
    certificate = self_signed()[0].decode()
    assert context(Server()).cert_store_stats()["x509_ca"] >= 0
    assert context(Server(authorities=(certificate,), trusts_system=False)).cert_store_stats()["x509"] == 1
    assert context(Server(authorities=(certificate,), trusts_system=True)).cert_store_stats()["x509"] >= 1


def test_variables_of_lego_count_where_nothing_is_written() -> None:
    environment = {"LEGO_CA_CERTIFICATES": "/one:/two", "LEGO_CA_SERVER_NAME": "ca.example"}
    found = with_environment(Server(), environment)
    assert (found.authorities, found.trusts_system, found.server_name) == (("/one", "/two"), False, "ca.example")
    assert with_environment(Server(), environment | {"LEGO_CA_SYSTEM_CERT_POOL": "true"}).trusts_system
    written = Server(authorities=("/three",), server_name="other")
    assert with_environment(written, environment) == written
    assert with_environment(Server(), {}) == Server()


def test_authorities_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(CannotObtain, match="/nowhere of caCertificates cannot be used: no such file"):
        context(Server(authorities=("/nowhere",)))
    (tmp_path / "empty").touch()
    with pytest.raises(CannotObtain, match="it has no certificates"):
        context(Server(authorities=(str(tmp_path / "empty"),)))
    with pytest.raises(CannotObtain, match="a certificate of caCertificates"):
        context(Server(authorities=("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",)))


def test_proxies_of_the_environment_are_used() -> None:
    manager = adapter(Server(server_name="ca.example")).proxy_manager_for("http://127.0.0.1:3128")
    assert manager.connection_pool_kw["server_hostname"] == "ca.example"
