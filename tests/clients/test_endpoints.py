from __future__ import annotations

import ssl
from pathlib import Path

import pytest

from tests.clients.servers import web
from tests.clients.test_web import context as server_context
from tulle.clients.endpoints import CannotFetch, address, context, host_and_port, reason, session, shown
from tulle.identity.keys import key_pem, new_key
from tulle.model.providers import ClientTls


def test_an_endpoint_has_a_scheme() -> None:
    assert address("127.0.0.1:80", None) == "http://127.0.0.1:80"
    assert address("127.0.0.1:80", ClientTls()) == "https://127.0.0.1:80"
    assert address("https://a/", None) == "https://a"


@pytest.mark.parametrize(
    ("endpoint", "place"),
    [
        ("a:1", ("a", 1)),
        ("a", ("a", 9)),
        ("redis://a:1/", ("a", 1)),
        ("[::1]:1", ("::1", 1)),
        ("[::1]", ("::1", 9)),
    ],
)
def test_a_host_and_its_port(endpoint: str, place: tuple[str, int]) -> None:
    assert host_and_port(endpoint, 9) == place


@pytest.mark.parametrize("endpoint", ["", "a:", "a:x", "a:70000", ":80", "a:0"])
def test_what_is_no_host(endpoint: str) -> None:
    with pytest.raises(CannotFetch, match="is no host with a port, such as 127"):
        host_and_port(endpoint, 9)


@pytest.mark.parametrize(
    ("endpoint", "without"),
    [
        ("https://me:secret@example.org:1/a?b", "https://example.org:1/a?b"),
        ("http://me:sec@ret@a:1,http://me:secret@b:1", "http://a:1,http://b:1"),
        ("me:secret@a:1", "a:1"),
        ("unix:///run/a@b.sock", "unix:///run/a@b.sock"),
        ("http://a/b@c", "http://a/b@c"),
        ("http://[a", "http://[a"),
    ],
)
def test_passwords_are_not_shown(endpoint: str, without: str) -> None:
    assert shown(endpoint) == without
    with pytest.raises(CannotFetch) as raised:
        host_and_port("redis://me:secret@a:x", 9)
    assert "secret" not in str(raised.value)


def test_a_certificate_is_shown(tmp_path: Path) -> None:
    authority = server_context(tmp_path)[1].decode()
    both = (tmp_path / "server.pem").read_text()
    (tmp_path / "ca.pem").write_text(authority)
    found = context(ClientTls(ca=str(tmp_path / "ca.pem"), cert=both, key=str(tmp_path / "server.pem")))
    assert found.verify_mode == ssl.CERT_REQUIRED and len(found.get_ca_certs()) >= 1
    assert context(ClientTls(insecure_skip_verify=True)).verify_mode == ssl.CERT_NONE


def test_settings_that_cannot_be_used(tmp_path: Path) -> None:
    other = key_pem(new_key()).decode()
    server_context(tmp_path)
    for settings in (
        ClientTls(ca="/nowhere"),
        ClientTls(ca="-----BEGIN nothing"),
        ClientTls(cert=str(tmp_path / "server.pem")),
        ClientTls(cert="-----BEGIN nothing", key=other),
    ):
        with pytest.raises(CannotFetch, match="its TLS settings cannot be used: "):
            context(settings)


async def test_a_session_by_tls(tmp_path: Path) -> None:
    of_server, authority = server_context(tmp_path)
    with web(of_server) as server:
        server.answers["/a"] = b"safe"
        async with session(f"localhost:{server.port}", ClientTls(ca=authority.decode()), {"x-mine": "1"}) as client:
            answer = await client.get("/a")
    assert answer.content == b"safe" and answer.request.headers["x-mine"] == "1"


def test_the_innermost_reason_is_told() -> None:
    many = BaseExceptionGroup("many", [ValueError(), OSError(111, "Call to 127.0.0.1 failed"), OSError(112, "Down")])
    outer = OSError("all failed")
    outer.__cause__ = many
    assert reason(outer) == "connection refused"
    assert reason(ValueError()) == "ValueError"
    assert reason(ValueError("as it says")) == "as it says"
    assert reason(TimeoutError()) == "it does not answer in time"
