"""What the edge does that Traefik's open edition does not: tokens and time limits, at a real gateway."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from tests.e2e import jwt
from tests.e2e.machine import Answer, Machine, eventually
from tulle.kit.home import Home

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

FILE = """
entryPoints: {web: {address: "127.0.0.1:GATEWAY"}}
http:
  routers:
    open: {rule: PathPrefix(`/open`), service: s}
    url: {rule: PathPrefix(`/url`), service: s, middlewares: [url]}
    shared: {rule: PathPrefix(`/shared`), service: s, middlewares: [shared]}
    ordered: {rule: PathPrefix(`/ordered`), service: s, middlewares: [url, add, other]}
    quick: {rule: PathPrefix(`/quick`), service: s, middlewares: [quick]}
    wrong: {rule: PathPrefix(`/wrong`), service: s, middlewares: [wrong]}
  middlewares:
    url:
      jwt:
        jwksUrl: http://127.0.0.1:SERVED/keys
        issuer: https://issuer.example
        tokenKey: token
        forwardHeaders: {X-Who: sub}
    shared: {plugin: {jwt: {signingSecret: secret, forwardAuthorization: true}}}
    other: {plugin: {jwt: {signingSecret: other}}}
    add: {addPrefix: {prefix: /added}}
    quick: {timeouts: {request: 300ms}}
    wrong: {plugin: {httpCache: {maxTtl: 3}}}
  services: {s: {loadBalancer: {servers: [{url: "http://127.0.0.1:SERVED"}]}}}
"""


class Server:
    """Tells what it was asked, and has keys; `slow` is what its name says."""

    def __init__(self) -> None:
        self.keys: str | None = None
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                if "slow" in self.path:
                    time.sleep(1)
                said = {name.lower(): value for name, value in self.headers.items()}
                told = json.dumps({"path": self.path, "headers": said})
                body = server.keys if self.path == "/keys" else told
                self.send_response(200 if body else 503)
                self.end_headers()
                self.wfile.write((body or "").encode())

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self._http.server_port
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()


@pytest.fixture
def server() -> Iterator[Server]:
    found = Server()
    yield found
    found.close()


def ask(machine: Machine, path: str, token: str = "", **headers: str) -> Answer:
    shown = {"Authorization": f"Bearer {token}"} if token else {}
    return machine.get(path, headers={**shown, **{name.replace("_", "-"): value for name, value in headers.items()}})


def seen(answer: Answer) -> Any:
    assert answer.status == 200, answer
    return answer.json


def test_tokens_and_time_limits(machine: Machine, server: Server) -> None:
    server.keys = jwt.key_set("first")
    machine.write(FILE.replace("SERVED", str(server.port)))
    machine.tulle("up", "--detach", str(machine.files), check=False)
    good = jwt.token("first")
    eventually(lambda: ask(machine, "/url", good).status == 200, what="keys that were fetched")

    # Who has none, or a bad one, does not pass; the service sees who it is, and not the token.
    assert ask(machine, "/open").status == 200
    bad = (jwt.token("second"), jwt.token("first", exp=1), jwt.token("first", iss="https://else.example"), "x.y.z")
    assert [ask(machine, "/url", each).status for each in ("", *bad)] == [401] * 5
    told = seen(ask(machine, "/url", good, X_Who="mallory"))["headers"]
    assert told["x-who"] == "alice" and "authorization" not in told
    assert ask(machine, f"/url?token={good}").status == 200

    # By a shared secret, in the words of Traefik Hub.
    assert seen(ask(machine, "/shared", jwt.shared("secret")))["headers"]["authorization"].startswith("Bearer ")
    assert [ask(machine, "/shared", each).status for each in ("", good, jwt.shared("secre"))] == [401] * 3

    # In their order: the second one has no token any more, because the first one took it away.
    assert ask(machine, "/ordered", good).status == 401

    # A time limit, and what is not done here.
    began = time.monotonic()
    assert ask(machine, "/quick/slow").status == 504 and time.monotonic() - began < 0.9
    assert (ask(machine, "/quick").status, ask(machine, "/open/slow").status) == (200, 200)
    assert ask(machine, "/wrong").status == 404
    (finding,) = [each for each in machine.status()["findings"] if "httpCache" in each["message"]]
    assert (
        "put a cache" in finding["message"]
        and finding["origin"]["line"] == FILE.split("\n").index("    wrong: {plugin: {httpCache: {maxTtl: 3}}}") + 1
    )

    # The server of the keys goes away, and everything is started anew.
    server.keys = None
    machine.tulle("down")
    machine.tulle("up", "--detach", str(machine.files), check=False)
    eventually(lambda: ask(machine, "/url", good).status == 200, what="keys that were kept")
    assert ask(machine, "/url", jwt.token("second")).status == 401

    # Whoever never had keys lets nobody pass; and the newest ones count, once they are there.
    machine.tulle("down")
    (Home(machine.home).plane / "keys.json").unlink()
    machine.tulle("up", "--detach", str(machine.files), check=False)
    eventually(lambda: ask(machine, "/open").status == 200)
    assert ask(machine, "/url", good).status == 401
    server.keys = jwt.key_set("second")
    eventually(lambda: ask(machine, "/url", jwt.token("second")).status == 200, within=40, what="keys that came late")
    assert ask(machine, "/url", good).status == 401
