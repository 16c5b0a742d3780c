"""An OpenID provider, and a browser, as small as they can be."""

from __future__ import annotations

import base64
import hashlib
import http.client
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlencode, urljoin, urlsplit

from tests.e2e import jwt
from tests.e2e.machine import Answer

CLIENT, SECRET = "shop", "a secret of the client"


class Provider:
    """Signs in whoever comes, as `user`, and gives tokens for codes that it gave."""

    def __init__(self) -> None:
        self.user = "alice"
        self.lifetime = 3600
        self.audience, self.key = CLIENT, "first"
        self.says_again = True
        """Whether it says who somebody is with every new token."""
        self.is_away = False
        self.codes: dict[str, dict[str, str]] = {}
        self.asked: list[dict[str, str]] = []
        """Every question for tokens."""
        provider = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                url = urlsplit(self.path)
                provider.answer(self, url.path, dict(parse_qsl(url.query)))

            def do_POST(self) -> None:
                form = self.rfile.read(int(self.headers["Content-Length"])).decode()
                provider.answer(self, urlsplit(self.path).path, dict(parse_qsl(form)))

            def log_message(self, *_: object) -> None: ...

        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, daemon=True).start()

    def close(self) -> None:
        self._http.shutdown()
        self._http.server_close()

    def answer(self, to: BaseHTTPRequestHandler, path: str, given: dict[str, str]) -> None:
        status, headers, body = 404, {}, ""
        if self.is_away:
            status = 503
        elif path == "/.well-known/openid-configuration":
            places = {"authorization": "authorize", "token": "token", "end_session": "leave"}
            said: dict[str, Any] = {f"{name}_endpoint": f"{self.url}/{place}" for name, place in places.items()}
            said |= {"issuer": self.url, "jwks_uri": f"{self.url}/keys"}
            status, body = 200, json.dumps(said | {"token_endpoint_auth_methods_supported": ["client_secret_post"]})
        elif path == "/keys":
            status, body = 200, jwt.key_set("first")
        elif path == "/authorize" and given["client_id"] == CLIENT:
            code = f"code-{len(self.codes)}"
            self.codes[code] = given
            back = urlencode({"code": code, "state": given["state"]})
            status, headers = 302, {"Location": f"{given['redirect_uri']}?{back}"}
        elif path == "/token":
            self.asked.append(given)
            body = self.tokens(given)
            status, headers = (200 if body else 400), {"Content-Type": "application/json"}
        elif path == "/leave":
            status, headers = 302, {"Location": given["post_logout_redirect_uri"]}
        to.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            to.send_header(name, value)
        to.end_headers()
        to.wfile.write(body.encode())

    def tokens(self, given: dict[str, str]) -> str:
        if (given["client_id"], given["client_secret"]) != (CLIENT, SECRET):
            return ""
        if given["grant_type"] == "authorization_code":
            asked = self.codes.get(given["code"], {})
            proof = hashlib.sha256(given["code_verifier"].encode()).digest()
            if asked.get("code_challenge") != base64.urlsafe_b64encode(proof).rstrip(b"=").decode():
                return ""
        elif given.get("refresh_token") != "again":
            return ""
        token = jwt.token(self.key, iss=self.url, aud=self.audience, sub=self.user, groups=["admin", "staff"])
        said = {"access_token": "opaque", "token_type": "Bearer", "expires_in": self.lifetime, "refresh_token": "again"}
        is_said = self.says_again or given["grant_type"] != "refresh_token"
        return json.dumps(said | {"id_token": token} if is_said else said)


class Browser:
    """Keeps cookies by host, and follows to wherever it is sent."""

    def __init__(self) -> None:
        self.jar: dict[str, dict[str, str]] = {}
        self.flags: dict[str, str] = {}
        """What was said of each cookie beside its value."""
        self.went: list[str] = []

    def get(self, url: str, headers: dict[str, str] | None = None, *, follows: bool = True, most: int = 20) -> Answer:
        parts = urlsplit(url)
        self.went.append(url)
        cookies = self.jar.setdefault(parts.netloc, {})
        shown = {"Cookie": "; ".join(f"{name}={value}" for name, value in cookies.items())} if cookies else {}
        connection = http.client.HTTPConnection(parts.netloc, timeout=10)
        try:
            connection.request(
                "GET", f"{parts.path}?{parts.query}" if parts.query else parts.path, headers=shown | (headers or {})
            )
            response = connection.getresponse()
            for name, value in response.getheaders():
                if name.lower() == "set-cookie":
                    self._keep(cookies, value)
            answer = Answer.of(response)
        finally:
            connection.close()
        if follows and answer.status == 302 and most:
            return self.get(urljoin(url, answer.headers["location"]), headers, most=most - 1)
        return answer

    def _keep(self, cookies: dict[str, str], said: str) -> None:
        pair, _, flags = said.partition(";")
        name, _, value = pair.partition("=")
        if value == "deleted":
            cookies.pop(name, None)
        else:
            cookies[name], self.flags[name] = value, flags
