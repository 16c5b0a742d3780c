"""Signing in at an OpenID provider, at a real gateway."""

from __future__ import annotations

import base64
import http.client
import json
import sqlite3
import ssl
import stat
from collections.abc import Iterator
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.e2e.machine import Answer, Machine, eventually
from tests.e2e.openid import CLIENT, SECRET, Browser, Provider
from tests.e2e.test_edge_tokens import Server, seen
from tulle.kit.home import Home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

FILE = f"""
entryPoints: {{web: {{address: "127.0.0.1:GATEWAY"}}, websecure: {{address: "127.0.0.1:FREE_TLS"}}}}
http:
  routers:
    safe: {{rule: PathPrefix(`/`), service: s, middlewares: [signed-in], entryPoints: [websecure], tls: {{}}}}
    shop: {{rule: PathPrefix(`/`), service: s, middlewares: [signed-in, tell]}}
    page: {{rule: PathPrefix(`/page`), service: s, middlewares: [page]}}
    quiet: {{rule: PathPrefix(`/quiet`), service: s, middlewares: [quiet]}}
    open: {{rule: PathPrefix(`/open`), service: s}}
    wrong: {{rule: PathPrefix(`/wrong`), service: s, middlewares: [wrong]}}
    hub: {{rule: PathPrefix(`/hub`), service: s, middlewares: [hub]}}
    away: {{rule: PathPrefix(`/away`), service: s, middlewares: [away]}}
  middlewares:
    signed-in:
      oidc:
        issuer: ISSUER
        clientID: {CLIENT}
        clientSecret: {SECRET}
        redirectUrl: /callback
        logoutUrl: /logout
        postLogoutRedirectUrl: /open?bye
        authParams: {{hd: example.org}}
        forwardHeaders: {{X-Who: sub, X-Groups: groups, X-Mail: email}}
    page:
      oidc:
        issuer: ISSUER
        clientID: {CLIENT}
        clientSecret: {SECRET}
        redirectUrl: /page/callback
        loginUrl: /page/login
        postLoginRedirectUrl: /page/home
        session: {{name: paged, path: /page, sameSite: strict}}
    quiet:
      oidc:
        issuer: ISSUER
        clientID: {CLIENT}
        clientSecret: {SECRET}
        redirectUrl: /callback
        disableLogin: true
        session: {{name: signed-in-file-session}}
    hub: {{plugin: {{oidc: {{issuer: ISSUER, clientID: {CLIENT}, clientSecret: wrong, redirectUrl: /hub/callback}}}}}}
    away: {{oidc: {{issuer: "http://127.0.0.1:FREE_NOBODY", clientID: a, clientSecret: b, redirectUrl: /away/back}}}}
    wrong: {{oidc: {{issuer: ISSUER, clientID: {CLIENT}, clientSecret: {SECRET}, redirectUrl: callback}}}}
    tell: {{headers: {{customResponseHeaders: {{X-Told: "yes"}}}}}}
  services: {{s: {{loadBalancer: {{servers: [{{url: "http://127.0.0.1:SERVED"}}]}}}}}}
"""
WRONG = FILE.split("\n").index(next(line for line in FILE.split("\n") if line.startswith("    wrong: {oidc"))) + 1


@pytest.fixture
def provider() -> Iterator[Provider]:
    found = Provider()
    yield found
    found.close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


def query(url: str) -> dict[str, str]:
    return dict(parse_qsl(urlsplit(url).query))


def test_signing_in(machine: Machine, provider: Provider, server: Server) -> None:
    text = FILE.replace("ISSUER", provider.url).replace("SERVED", str(server.port))
    machine.write(text)
    machine.tulle("up", "--detach", str(machine.files), check=False)
    base = f"http://127.0.0.1:{machine.gateway}"
    eventually(lambda: machine.get("/things").status == 302, what="endpoints that were fetched")

    # Sent to the provider, back again, and on to what was asked for; the service sees who it is, and no tokens.
    alice = Browser()
    first = alice.get(f"{base}/things?a=b", follows=False)
    assert first.headers["location"].startswith(f"{provider.url}/authorize?")
    asked = query(first.headers["location"])
    assert (asked["client_id"], asked["hd"], asked["scope"]) == (CLIENT, "example.org", "openid")
    assert asked["redirect_uri"] == f"{base}/callback"
    answer = alice.get(f"{base}/things?a=b", {"X-Who": "mallory", "X-Mail": "m@allory", "X-Mine": "kept"})
    assert answer.headers["x-told"] == "yes"
    told = seen(answer)
    assert told["path"] == "/things?a=b"
    assert (told["headers"]["x-who"], told["headers"]["x-mine"]) == ("alice", "kept")
    assert json.loads(base64.b64decode(told["headers"]["x-groups"])) == ["admin", "staff"]
    assert "x-mail" not in told["headers"], "nobody says it"
    assert "cookie" not in told["headers"] and "authorization" not in told["headers"], told
    host = urlsplit(base).netloc
    alice.jar[host]["own"] = "1"
    again = seen(alice.get(f"{base}/more", {"Authorization": "Basic x"}, follows=False))["headers"]
    assert (again["cookie"], again["authorization"]) == ("own=1", "Basic x")
    assert all("secure" in flags and "HttpOnly" in flags for name, flags in alice.flags.items() if "signed" in name)

    # Another middleware of the same session sends nobody away, and lets the same people in.
    assert machine.get("/quiet").status == 401
    assert alice.get(f"{base}/quiet", follows=False).status == 200

    # Scripts are told, not sent away; nobody else is let in by what clients could make up.
    assert machine.get("/x", headers={"Accept": "application/json"}).status == 401
    assert machine.get("/x", headers={"X-Requested-With": "XMLHttpRequest"}).status == 401
    assert machine.get("/x", headers={"Authorization": "Bearer x"}).status == 302
    good = alice.jar[host]
    for name in ("signed-in-file-session", "signed-in-file-session-proof", "signed-in-file-session-end"):
        forged = Browser()
        forged.jar[host] = {**good, name: good[name][:-4] + "9999", "signed-in-file-session-refresh": "x"}
        assert forged.get(f"{base}/things", follows=False).status == 302, name
    moved = Browser()
    moved.jar[host] = dict(good)
    assert moved.get(f"{base}/things", {"Host": "else.example"}, follows=False).status == 200, "the provider agrees"
    provider.is_away = True
    assert moved.get(f"{base}/things", {"Host": "other.example"}, follows=False).status == 302
    provider.is_away = False

    # A state that was made up, or is somebody else's, is refused.
    victim, mallory = Browser(), Browser()
    started = query(mallory.get(f"{base}/things", follows=False).headers["location"])
    victim.get(f"{base}/things", follows=False)
    for state in (started["state"], started["state"][:-3], "e30"):
        back = f"{base}/callback?{urlencode({'code': 'code-0', 'state': state})}"
        assert victim.get(back, follows=False).status in (401, 400), state
    assert not any("session" in name for name in victim.jar[host])

    # The provider goes away: who is signed in stays so, after a restart too; the others have to wait.
    provider.is_away = True
    assert seen(alice.get(f"{base}/things", follows=False))["headers"]["x-who"] == "alice"
    machine.tulle("down")
    machine.tulle("up", "--detach", str(machine.files), check=False)
    eventually(lambda: alice.get(f"{base}/things", follows=False).status == 200, what="cookies that still count")
    assert Browser().get(f"{base}/things", follows=False).status == 302
    provider.is_away = False

    # Signing out.
    left = alice.get(f"{base}/logout")
    assert seen(left)["path"] == "/open?bye" and any(url.startswith(f"{provider.url}/leave?") for url in alice.went)
    assert not any("session" in name for name in alice.jar[host])
    assert alice.get(f"{base}/things", follows=False).status == 302

    # Where only one path leads to the provider.
    paged = Browser()
    assert paged.get(f"{base}/page/x", follows=False).status == 401
    assert seen(paged.get(f"{base}/page/login"))["path"] == "/page/home"
    assert "path=/page" in paged.flags["paged"] and "SameSite=Strict" in paged.flags["paged"]
    assert "path=/;" in paged.flags["page-file-state"] and "SameSite=Lax" in paged.flags["page-file-state"]
    assert seen(paged.get(f"{base}/page/x", follows=False))["headers"].get("cookie") is None
    assert paged.get(f"{base}/things", follows=False).status == 302

    # With TLS people come back by TLS.
    assert query(by_tls(machine, "/things"))["redirect_uri"].startswith("https://127.0.0.1:")

    # Who has the wrong secret gets no token; an issuer that never answered lets nobody in; a mistake is one router's.
    assert Browser().get(f"{base}/hub").status == 401
    assert machine.get("/away").status == 503
    assert machine.get("/wrong").status == 302, "the router for everything"
    found = machine.status()["findings"]
    (mistake,) = [each for each in found if "redirectUrl" in each["message"]]
    assert mistake["origin"]["line"] == WRONG
    assert any("nobody can sign in yet" in each["message"] for each in found)

    # The right secret counts at once.
    machine.write(text.replace("clientSecret: wrong", f"clientSecret: {SECRET}"))
    eventually(lambda: Browser().get(f"{base}/hub").status == 200, what="the new secret")

    # A token that has ended is renewed.
    provider.lifetime = 1
    short = Browser()
    assert seen(short.get(f"{base}/things"))["headers"]["x-who"] == "alice"
    provider.lifetime = 3600
    before = len(provider.asked)
    eventually(lambda: short.get(f"{base}/things", follows=False).status == 200 and len(provider.asked) > before)
    assert provider.asked[-1]["grant_type"] == "refresh_token"

    # If nobody says any more who that is, or nobody can verify it, people sign in again; but not for ever.
    provider.lifetime, provider.says_again = 1, False
    silent = Browser()
    assert silent.get(f"{base}/things").status == 200
    eventually(lambda: silent.get(f"{base}/things", follows=False) and "signed-in-file-session" not in silent.jar[host])
    again = silent.get(f"{base}/things?again")
    assert seen(again)["path"] == "/things?again" and seen(again)["headers"]["x-who"] == "alice"
    provider.lifetime, provider.says_again, provider.key = 3600, True, "second"
    strange = Browser()
    assert strange.get(f"{base}/things").status == 401
    assert sum(url.startswith(f"{provider.url}/authorize") for url in strange.went) == 2
    provider.audience, provider.key = "somebody else", "first"
    assert Browser().get(f"{base}/things").status == 403

    # Nobody sees secrets.
    shown = machine.tulle("proxy-config", "gateway", "-o", "json", check=False).stdout
    shown += json.dumps(machine.status()) + machine.tulle("logs", "gateway", check=False).stdout
    assert "redirect_path_matcher" in shown and SECRET not in shown
    assert_kept(machine)


def by_tls(machine: Machine, path: str) -> str:
    """Where a request that came by TLS is sent."""
    unverified = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", machine.free("FREE_TLS"), timeout=10, context=unverified)
    try:
        connection.request("GET", path)
        return Answer.of(connection.getresponse()).headers["location"]
    finally:
        connection.close()


def assert_kept(machine: Machine) -> None:
    """What cookies are proven by is where only the owner of the home can read it."""
    file = Home(machine.home).plane / "store.db"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with sqlite3.connect(file) as connection:
        ((content,),) = connection.execute("SELECT content FROM records WHERE name = 'edge/seal'").fetchall()
    assert len(content) == 64
