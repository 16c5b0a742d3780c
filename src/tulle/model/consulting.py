"""What a gateway asks the helper on its host, for each request that needs it: the question says all there is to know.

A question travels with the request, as text in the configuration of the route. The helper keeps nothing but caches and
counters, under the `id` of the question.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from tulle.model.steps import ClientAddress, Redis, SameClient

QUESTION = "tulle-question"
"""Under which the text stands: in the context extensions of `ext_authz`, in the initial metadata of `ext_proc`."""
LARGEST_PIECE = 16_000
"""Characters of a text in one entry of the metadata: Envoy allows 16,384."""
ADDRESS = "tulle-address"
"""Beside it in metadata: the address of the client."""
BY_HOST = SameClient(is_host=True)
BY_ADDRESS = SameClient(address=ClientAddress())


class Unreadable(ValueError):
    """A text is not that of a question."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Passwords:
    """Does the client know a password?"""

    id: str
    """Who asks: a router, and the step of it."""
    users: tuple[tuple[str, str], ...] = ()
    """Names, and hashes as `htpasswd` writes them; for digests `name:realm`, and what `htdigest` writes (HA1).

    They count before those of the file.
    """
    file: str = ""
    """An absolute path on the host of the gateway; read again when it changes."""
    realm: str = "traefik"
    is_digest: bool = False
    """RFC 7616 instead of RFC 7617."""
    hides_proof: bool = False
    """Whether the service does not see what the client sent."""
    name_header: str = ""
    """In which the service sees the name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFlight:
    """Are there fewer requests of this client than so many?"""

    id: str
    amount: int
    by: SameClient = BY_HOST


@dataclass(frozen=True, slots=True, kw_only=True)
class Breaker:
    """Does the service do well enough to be asked?"""

    id: str
    expression: str
    """When it does not; see `model.breaking`."""
    check_period: float = 0.1
    fallback: float = 10.0
    """Seconds in which nothing passes."""
    recovery: float = 10.0
    """Seconds in which more and more passes again."""
    status: int = 503
    """The answer meanwhile."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """Has the client asked more often than it may? (A token bucket.)"""

    id: str
    """With a Redis that of the step alone (`name@provider`): all routers and all hosts count together."""
    average: int
    """Requests in a period; 0: any number."""
    period: float = 1.0
    burst: int = 1
    by: SameClient = BY_ADDRESS
    redis: Redis | None = None
    """Where the buckets are; none: in the memory of the helper."""


Question = Passwords | InFlight | Breaker | Rate

_KINDS: Mapping[str, Any] = {
    "passwords": Passwords,
    "in-flight": InFlight,
    "breaker": Breaker,
    "rate": Rate,
}
_NAMES = {kind: name for name, kind in _KINDS.items()}


def to_text(question: Question) -> str:
    """JSON in ASCII; equal questions give equal texts. Without `%`, which would begin a command of an access log."""
    plain = {"kind": _NAMES[type(question)], **_plain(question)}
    return json.dumps(plain, sort_keys=True, separators=(",", ":")).replace("%", "\\u0025")


def from_text(text: str) -> Question:
    """The question that was written.

    Raises:
        Unreadable: it was none.
    """
    try:
        plain = json.loads(text)
        kind = _KINDS[plain.pop("kind")]
        question: Question = kind(**{name: _READERS.get(name, _value)(value) for name, value in plain.items()})
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        raise Unreadable(f"not a question: {error}") from error
    return question


def to_metadata(question: Question) -> tuple[tuple[str, str], ...]:
    """The text in pieces under keys of their own, because a header that Envoy adds has a limit."""
    text = to_text(question)
    pieces = [text[at : at + LARGEST_PIECE] for at in range(0, len(text), LARGEST_PIECE)]
    return tuple((f"{QUESTION}-{number}" if number else QUESTION, piece) for number, piece in enumerate(pieces))


def metadata_text(metadata: Mapping[str, str]) -> str:
    """The text of which these are the pieces; empty if there are none."""
    text, number = metadata.get(QUESTION, ""), 1
    while (piece := metadata.get(f"{QUESTION}-{number}")) is not None:
        text, number = text + piece, number + 1
    return text


def _plain(value: object) -> dict[str, object]:
    """Only what is not as usual, because it is sent with every request."""
    assert is_dataclass(value)
    said = ((each.name, getattr(value, each.name), each.default) for each in fields(value))
    return {name: _plain(each) if is_dataclass(each) else each for name, each, default in said if each != default}


def _value(value: Any) -> Any:
    """Lists as tuples."""
    return tuple(map(_value, value)) if isinstance(value, list) else value


def _client(plain: Mapping[str, Any]) -> SameClient:
    address = plain.get("address")
    return SameClient(**{**plain, "address": None if address is None else ClientAddress(**_values(address))})


def _redis(plain: Mapping[str, Any]) -> Redis:
    return Redis(**_values(plain))


def _values(plain: Mapping[str, Any]) -> dict[str, Any]:
    return {name: _value(each) for name, each in plain.items()}


_READERS = {"by": _client, "redis": _redis}
