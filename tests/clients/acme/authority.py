"""A certificate authority that signs what it is asked to, and fails as tests want. It checks no signature."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.clients.servers import Handler, Web, web
from tulle.clients.acme.problems import PREFIX
from tulle.model.resolvers import Server

Problem = tuple[int, str, str]
"""Status, type, detail."""


@dataclass
class Authority:
    web: Web
    lifetime: timedelta = timedelta(days=90)
    begin: Callable[[], datetime] = lambda: datetime.now(UTC)
    challenges: tuple[str, ...] = ("http-01", "tls-alpn-01", "dns-01")
    problems: dict[str, list[Problem]] = field(default_factory=dict)
    """What the next calls of a kind are answered: `directory`, `account`, `order`, `authorization`, `answer`, …"""
    refused: set[str] = field(default_factory=set)
    """Domains that it finds are not ours."""
    headers: dict[str, str] = field(default_factory=dict)
    """Of problems."""
    meta: dict[str, Any] = field(default_factory=dict)
    steps: list[str] = field(default_factory=lambda: ["valid"])
    """The statuses of an order after it was handed in, one for each look."""
    orders: list[dict[str, Any]] = field(default_factory=list)
    payloads: list[tuple[str, dict[str, Any], dict[str, Any]]] = field(default_factory=list)
    """What was said: kind, protected header, content."""
    answered: set[str] = field(default_factory=set)
    chain: Callable[[bytes], bytes] = lambda chain: chain
    alternates: int = 0

    def __post_init__(self) -> None:
        self._issuers = [(ec.generate_private_key(ec.SECP256R1()), f"root {number}") for number in range(3)]
        for kind in ("directory", "nonce", "account", "order"):
            self.web.answers[f"/{kind}"] = getattr(self, kind)

    @property
    def server(self) -> Server:
        return Server(directory=self.web.at("/directory"))

    def said(self, kind: str) -> list[dict[str, Any]]:
        return [content for each, _, content in self.payloads if each == kind]

    def directory(self, handler: Handler) -> None:
        if not self.fails(handler, "directory"):
            fields = {"newNonce": "nonce", "newAccount": "account", "newOrder": "order"}
            self.tell(handler, {**{key: self.web.at(f"/{path}") for key, path in fields.items()}, "meta": self.meta})

    def nonce(self, handler: Handler) -> None:
        handler.say(200, b"", Replay_Nonce="AAAA")

    def account(self, handler: Handler) -> None:
        self.hear(handler, "account")
        if not self.fails(handler, "account"):
            self.tell(handler, {"status": "valid"}, status=201, Location=self.web.at("/account/1"))

    def order(self, handler: Handler) -> None:
        asked = self.hear(handler, "order")
        if self.fails(handler, "order"):
            return
        number = len(self.orders)
        domains = [each["value"] for each in asked["identifiers"]]
        order: dict[str, Any] = {
            "status": "pending",
            "authorizations": [],
            "finalize": self.web.at(f"/order/{number}/finalize"),
        }
        for index, domain in enumerate(domains):
            path = f"/order/{number}/{index}"
            self.web.answers[path] = self.authorization(path, domain)
            order["authorizations"].append(self.web.at(path))
        self.orders.append(order)
        self.web.answers[f"/order/{number}"] = lambda handler: self.look(handler, number)
        self.web.answers[f"/order/{number}/finalize"] = lambda handler: self.finalize(handler, number)
        self.tell(handler, order, status=201, Location=self.web.at(f"/order/{number}"))

    def authorization(self, path: str, domain: str) -> Callable[[Handler], None]:
        def answer(handler: Handler) -> None:
            self.hear(handler, "answer")
            if not self.fails(handler, "answer"):
                self.answered.add(path)
                self.tell(handler, {})

        def look(handler: Handler) -> None:
            self.hear(handler, "authorization")
            if self.fails(handler, "authorization"):
                return
            is_refused = domain in self.refused
            status = ("invalid" if is_refused else "valid") if path in self.answered else "pending"
            error = {"error": {"type": f"{PREFIX}unauthorized", "detail": "it says something else"}}
            challenges = [
                {
                    "type": kind,
                    "url": self.web.at(f"{path}/{kind}"),
                    "token": f"token-{path.replace('/', '-')}",
                    **(error if status == "invalid" else {}),
                }
                for kind in (("dns-01",) if domain.startswith("*") else self.challenges)
            ]
            identifier = {"type": "dns", "value": domain.removeprefix("*.")}
            wildcard = {"wildcard": True} if domain.startswith("*") else {}
            self.tell(handler, {"status": status, "identifier": identifier, "challenges": challenges, **wildcard})

        for kind in self.challenges:
            self.web.answers[f"{path}/{kind}"] = answer
        return look

    def look(self, handler: Handler, number: int) -> None:
        self.hear(handler, "look")
        order = self.orders[number]
        if order["status"] == "pending":
            proven = all(url.removeprefix(self.web.at("")) in self.answered for url in order["authorizations"])
            order["status"] = "ready" if proven else "pending"
        elif order["status"] == "processing":
            order["status"] = self.steps.pop(0) if len(self.steps) > 1 else self.steps[0]
        self.tell(handler, order)

    def finalize(self, handler: Handler, number: int) -> None:
        asked = self.hear(handler, "finalize")
        if self.fails(handler, "finalize"):
            return
        request = x509.load_der_x509_csr(base64.urlsafe_b64decode(asked["csr"] + "=="))
        for index in range(1 + self.alternates):
            chain = self.chain(self.sign(request, *self._issuers[index]))
            path = f"/certificate/{number}/{index}"
            links = ", ".join(
                f'<{self.web.at(f"/certificate/{number}/{other}")}>;rel="alternate"'
                for other in range(1, 1 + self.alternates)
            )
            headers = {"Link": links} if links and index == 0 else {}
            self.web.answers[path] = lambda handler, chain=chain, headers=headers: handler.say(
                200, chain, Replay_Nonce="AAAA", content_type="application/pem-certificate-chain", **headers
            )
        order = self.orders[number]
        order |= {"status": "processing", "certificate": self.web.at(f"/certificate/{number}/0")}
        order["error"] = {"type": f"{PREFIX}caa", "detail": "CAA forbids it"}
        self.tell(handler, order)

    def sign(self, request: x509.CertificateSigningRequest, key: ec.EllipticCurvePrivateKey, issuer: str) -> bytes:
        begin = self.begin()
        names = request.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
        return (
            x509.CertificateBuilder()
            .subject_name(request.subject)
            .issuer_name(x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, issuer)]))
            .public_key(request.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(begin)
            .not_valid_after(begin + self.lifetime)
            .add_extension(names, critical=False)
            .sign(key, hashes.SHA256())
            .public_bytes(serialization.Encoding.PEM)
        )

    def hear(self, handler: Handler, kind: str) -> dict[str, Any]:
        """What was just posted."""
        jws = json.loads(handler.body)
        protected, content = (
            json.loads(base64.urlsafe_b64decode(jws[part] + "==") or b"{}") for part in ("protected", "payload")
        )
        self.payloads.append((kind, protected, content))
        found: dict[str, Any] = content
        return found

    def fails(self, handler: Handler, kind: str) -> bool:
        """Answer the next problem of a kind, if there is one."""
        if not self.problems.get(kind):
            return False
        status, name, detail = self.problems[kind].pop(0)
        body = json.dumps({"type": PREFIX + name, "detail": detail}).encode() if name else detail.encode()
        handler.say(status, body, Replay_Nonce="AAAA", content_type="application/problem+json", **self.headers)
        return True

    def tell(self, handler: Handler, content: object, status: int = 200, **headers: str) -> None:
        body = json.dumps(content).encode()
        handler.say(status, body, Replay_Nonce="AAAA", content_type="application/json", **headers)


@contextmanager
def authority() -> Iterator[Authority]:
    with web() as server:
        yield Authority(server)
