from __future__ import annotations

import asyncio
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.clients.servers import Handler, Web, redirect, web
from tulle.clients import web as client
from tulle.clients.web import LARGEST, CannotFetch, fetch
from tulle.identity.authority import Authority, ServerNames
from tulle.identity.keys import key_pem, new_key, request
from tulle.model.providers import ClientTls
from tulle.model.security import Identity


@pytest.fixture(autouse=True)
def no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server() -> Iterator[Web]:
    with web() as found:
        yield found


async def reason(address: str, timeout: float = 5.0) -> str:
    with pytest.raises(CannotFetch) as caught:
        await fetch(address, timeout)
    return str(caught.value)


async def test_an_answer_is_what_the_server_says(server: Web) -> None:
    server.answers |= {"/a": b"text", "/b": redirect("/a")}
    assert await fetch(server.at("/a"), 5) == b"text"
    assert await fetch(server.at("/b"), 5) == b"text"


async def test_a_refusal_is_told_by_its_status(server: Web) -> None:
    server.answers["/broken"] = 500
    assert await reason(server.at("/broken")) == "the answer is 500 Internal Server Error"


async def test_an_answer_may_not_be_huge(server: Web) -> None:
    def endless(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.ended.is_set():
            handler.wfile.write(b" " * 65536)

    server.answers |= {"/fits": b" " * LARGEST, "/huge": b" " * (LARGEST + 1), "/endless": endless}
    assert len(await fetch(server.at("/fits"), 5)) == LARGEST
    for path in ("/huge", "/endless"):
        assert await reason(server.at(path)) == "the answer is larger than 1024 KiB"


async def test_a_compressed_answer_is_not_opened(server: Web) -> None:
    server.answers["/bomb"] = lambda handler: handler.say(200, b"x", content_encoding="gzip")
    assert await reason(server.at("/bomb")) == "the answer is compressed (gzip) although that was not asked for"


async def test_the_whole_answer_must_be_there_in_time(server: Web) -> None:
    def drip(handler: Handler) -> None:
        handler.send_response(200)
        handler.end_headers()
        while not server.ended.wait(0.05):
            handler.wfile.write(b" ")

    server.answers |= {"/silent": lambda _: server.ended.wait(), "/drip": drip}
    for path in ("/silent", "/drip"):
        assert await reason(server.at(path), 0.3) == "no answer within 0.3 s"


async def test_redirects_end_somewhere(server: Web) -> None:
    server.answers |= {"/loop": redirect("/loop"), "/file": redirect("file:///etc/passwd")}
    assert await reason(server.at("/loop")) == "more than 5 redirects"
    assert "protocol" in await reason(server.at("/file"))


async def test_a_server_that_is_gone_is_told_in_the_words_of_the_system(server: Web) -> None:
    address = server.at("/a")
    server.close()
    assert await reason(address) == "connection refused"
    assert await reason("http://nobody.invalid/") in {
        "name or service not known",
        "temporary failure in name resolution",
    }


async def test_a_server_without_tls_is_told(server: Web) -> None:
    server.answers["/a"] = b"text"
    assert (await reason(server.at("/a").replace("http", "https", 1))).startswith("no TLS: ")


async def test_what_is_no_http_is_told(server: Web) -> None:
    server.answers["/rubbish"] = lambda handler: handler.wfile.write(b"rubbish\r\n\r\n")
    assert "illegal" in (await reason(server.at("/rubbish"))).lower()
    assert await reason("http://[a")
    assert await reason("http://" + "a" * 300 + "/")


def context(directory: Path) -> tuple[ssl.SSLContext, bytes]:
    """Of a server that is `localhost`, and the authority that says so."""
    authority = Authority.open(directory / "ca", trust_domain="cluster.local")
    key = new_key()
    names = ServerNames(dns=("localhost",), addresses=())
    chain = authority.sign(request(key), Identity("cluster.local", "a", "b"), 3600, names)
    file = directory / "server.pem"
    file.write_bytes(key_pem(key) + chain)
    found = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    found.load_cert_chain(file)
    return found, authority.bundle.pem


@pytest.fixture
def trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ssl.SSLContext]:
    """The context of a server whose authority the system trusts."""
    of_server, authority = context(tmp_path)
    (tmp_path / "authorities.pem").write_bytes(authority)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "authorities.pem"))
    client._trust.cache_clear()
    yield of_server
    client._trust.cache_clear()


async def test_certificates_are_those_that_the_system_trusts(trusted: ssl.SSLContext) -> None:
    with web(trusted) as server:
        server.answers["/a"] = b"text"
        assert await fetch(server.at("/a"), 5) == b"text"
        assert (await reason(server.at("/a").replace("localhost", "127.0.0.1"))).startswith(
            "its certificate is not trusted: "
        )


async def test_others_are_not_trusted(tmp_path: Path) -> None:
    client._trust.cache_clear()
    with web(context(tmp_path)[0]) as server:
        assert (await reason(server.at("/a"))).startswith("its certificate is not trusted: ")


async def test_nobody_is_led_out_of_tls(trusted: ssl.SSLContext) -> None:
    with web(trusted) as secure, web() as plain:
        plain.answers |= {"/a": b"text", "/up": redirect(secure.at("/b"))}
        secure.answers |= {"/b": b"safe", "/down": redirect(plain.at("/a"))}
        assert await fetch(plain.at("/up"), 5) == b"safe"
        assert await reason(secure.at("/down")) == "it redirects from https to http"


async def test_to_be_cancelled_is_no_failure(server: Web) -> None:
    server.answers["/silent"] = lambda _: server.ended.wait()
    fetching = asyncio.get_running_loop().create_task(fetch(server.at("/silent"), 5))
    while not server.asked:
        await asyncio.sleep(0.01)
    fetching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await fetching


async def test_settings_of_a_provider(server: Web, tmp_path: Path) -> None:
    seen: list[str] = []

    def say(handler: Handler) -> None:
        seen.extend((handler.headers["x-mine"], *handler.headers.get_all("accept", [])))
        handler.say(200, b"0123456789")

    server.answers["/a"] = say
    assert await fetch(server.at("/a"), 5, headers={"X-Mine": "1", "Accept": "text/plain"}, largest=10) == b"0123456789"
    assert seen == ["1", "text/plain"]
    with pytest.raises(CannotFetch, match="the answer is larger than 9 bytes"):
        await fetch(server.at("/a"), 5, largest=9)
    of_server, authority = context(tmp_path)
    with web(of_server) as secure:
        secure.answers["/a"] = b"safe"
        assert await fetch(secure.at("/a"), 5, tls=ClientTls(ca=authority.decode())) == b"safe"
