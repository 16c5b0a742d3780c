"""One account at one authority: the calls of RFC 8555, each of which blocks. Signs with the library of Certbot."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any

import requests
from acme import errors, messages
from acme.client import ClientNetwork
from cryptography import x509
from josepy.b64 import b64encode
from josepy.interfaces import JSONDeSerializable
from requests.utils import parse_header_links

from tulle.clients.acme.keys import account_key
from tulle.clients.acme.problems import PREFIX, CannotObtain, Trouble, explained, problem
from tulle.clients.acme.trust import adapter
from tulle.model.resolvers import ExternalAccount, Server

NONCES = 3
"""How often an authority may refuse a number that is used once; the library asks twice each time."""
BAD_NONCE = f"{PREFIX}badNonce"
LONGEST_PAUSE = 7 * 24 * 3600.0


class _Nothing(JSONDeSerializable):
    """`{}`: that a challenge may be looked at."""

    def to_partial_json(self) -> dict[str, Any]:
        return {}

    @classmethod
    def from_json(cls, jobj: Any) -> _Nothing:
        return cls()


class _Fields(_Nothing):
    """Whatever fields a call needs."""

    def __init__(self, fields: Mapping[str, Any]) -> None:
        self._fields = dict(fields)

    def to_partial_json(self) -> dict[str, Any]:
        return self._fields


@dataclass(frozen=True, slots=True)
class Resource:
    """Something at the authority, as it says."""

    url: str
    fields: Mapping[str, Any]

    @property
    def status(self) -> str:
        """`pending`, `ready`, `processing`, `valid`, `invalid`."""
        return str(self.fields.get("status", ""))

    def error(self) -> CannotObtain:
        """What it says went wrong."""
        return problem(messages.Error.from_json(self.fields.get("error") or {}))


class Connection:
    """Calls with one key. Every method raises `CannotObtain`; one thread at a time."""

    def __init__(self, server: Server, key: str, account: str = "") -> None:
        """`key` is the account's (PEM), `account` its address, if it has one already."""
        self._server = server
        self._pause: float | None = None
        self._key, algorithm = account_key(key)
        self._net = ClientNetwork(
            self._key,
            account=messages.RegistrationResource(body=messages.Registration(), uri=account) if account else None,
            alg=algorithm,
            user_agent="tulle",
            timeout=max(1, math.ceil(min(server.timeout, server.header_timeout))),
        )
        self._net.session.mount("https://", adapter(server))
        self._net.session.hooks["response"].append(self._note)
        self._directory: Mapping[str, Any] = {}

    def close(self) -> None:
        """Close what is open."""
        self._net.session.close()

    def register(self, email: str, external: ExternalAccount | None = None) -> str:
        """The address of the account of the key, which is made if there is none. Accepts the terms of service."""
        with self._calling():
            self._open()
            meta = self._directory.get("meta") or {}
            if external is None and meta.get("externalAccountRequired"):
                raise CannotObtain(
                    "it takes only accounts that were made elsewhere; give their eab.kid and eab.hmacEncoded"
                )
            fields: dict[str, Any] = {"termsOfServiceAgreed": True}
            if email:
                fields["contact"] = [f"mailto:{email}"]
            if external is not None:
                fields["externalAccountBinding"] = self._binding(external)
            self._net.account = None
            answer = self._post(self._directory["newAccount"], _Fields(fields))
            address = answer.headers["Location"]
            self._net.account = messages.RegistrationResource(body=messages.Registration(), uri=address)
            return address

    def order(self, domains: tuple[str, ...], profile: str = "") -> Resource:
        """A new order."""
        with self._calling():
            self._open()
            identifiers = [{"type": "ip" if _is_address(each) else "dns", "value": each} for each in domains]
            fields = {"identifiers": identifiers, **({"profile": profile} if profile else {})}
            answer = self._post(self._directory["newOrder"], _Fields(fields))
            return Resource(answer.headers["Location"], _mapping(answer))

    def look(self, url: str) -> Resource:
        """An order or authorization as of now."""
        with self._calling():
            return Resource(url, _mapping(self._post(url, None)))

    def answer(self, challenge: Mapping[str, Any]) -> None:
        """Ask the authority to look."""
        with self._calling():
            self._post(challenge["url"], _Nothing())

    def finalize(self, order: Resource, request: str) -> Resource:
        """Hand in the request for a certificate (PEM)."""
        with self._calling():
            csr = messages.CertificateRequest(csr=x509.load_pem_x509_csr(request.encode()))
            answer = self._post(order.fields["finalize"], csr)
            return Resource(order.url, _mapping(answer))

    def chains(self, order: Resource) -> tuple[str, ...]:
        """The chains of a valid order, in PEM, the usual one first."""
        with self._calling():
            first = self._post(order.fields["certificate"], None)
            links = parse_header_links(first.headers["Link"]) if "Link" in first.headers else []
            others = [link["url"] for link in links if link.get("rel") == "alternate"]
            return first.text, *(self._post(url, None).text for url in others)

    def authorization_of(self, token: str) -> str:
        """What proves that it is us who answer (RFC 8555 §8.1)."""
        return f"{token}.{b64encode(self._key.thumbprint()).decode()}"

    def _open(self) -> None:
        if not self._directory:
            answer = self._net.get(self._server.directory)
            self._directory = _mapping(answer)

    def _post(self, url: str, body: JSONDeSerializable | None) -> requests.Response:
        tries = NONCES
        while True:
            tries -= 1
            try:
                return self._net.post(url, body, new_nonce_url=self._directory["newNonce"])
            except errors.ConflictError as error:
                raise CannotObtain(f"it has something else at {error.location} already") from error
            except messages.Error as error:
                if error.typ != BAD_NONCE or not tries:
                    raise

    def _binding(self, external: ExternalAccount) -> dict[str, Any]:
        hmac = external.hmac.rstrip("=").replace("+", "-").replace("/", "_")
        try:
            return messages.ExternalAccountBinding.from_data(
                self._key.public_key(), external.kid, hmac, messages.Directory(self._directory)
            )
        except ValueError as error:
            raise CannotObtain("eab.hmacEncoded is not URL-safe base64") from error

    @contextlib.contextmanager
    def _calling(self) -> Iterator[None]:
        """What a call ends with, in our words."""
        self._pause = None
        try:
            with explained(self._server.directory):
                yield
        except CannotObtain as error:
            error.pause = self._pause
            raise

    def _note(self, answer: requests.Response, *args: Any, **kwargs: Any) -> None:
        """Remember when an answer that is an error says that it may be tried again."""
        if not answer.ok:
            self._pause = pause(answer.headers.get("Retry-After", ""))


def pause(text: str) -> float | None:
    """Seconds that `Retry-After` asks for; None if it is not understood."""
    if text.isdecimal():
        return min(float(text), LONGEST_PAUSE)
    try:
        moment = parsedate_to_datetime(text)
    except ValueError:
        return None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return min(max((moment - datetime.now(UTC)).total_seconds(), 0.0), LONGEST_PAUSE)


def _mapping(answer: requests.Response) -> Mapping[str, Any]:
    found = answer.json()
    if not isinstance(found, dict):
        raise CannotObtain("it answers something else than an ACME server would", Trouble.AWAY)
    return found


def _is_address(domain: str) -> bool:
    try:
        ip_address(domain)
    except ValueError:
        return False
    return True
