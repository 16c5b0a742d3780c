from __future__ import annotations

import hashlib
import re

import pytest

from tulle.agent.consultant import digests
from tulle.agent.consultant.digests import LIFETIME, Digests, Failure
from tulle.agent.consultant.seen import Seen
from tulle.kit.clock import ManualClock
from tulle.model.consulting import Passwords

QUESTION = Passwords(id="web/auth", is_digest=True)


def h(text: str) -> str:
    return hashlib.md5(text.encode()).hexdigest()


HASHES = {"ann": h("ann:traefik:secret")}


class Browser:
    """Knows a password, and how to prove it."""

    def __init__(self, made: Digests, question: Passwords = QUESTION, *, is_stale: bool = False) -> None:
        self.digests = made
        self.challenge = made.challenge(question, is_stale=is_stale)
        self.agreed = dict(re.findall(r'(\w+)="([^"]*)"', self.challenge))

    def proof(
        self, *, uri: str = "/", nc: str = "00000001", user: str = "ann", password: str = "secret", **other: str
    ) -> str:
        said = {
            "username": user,
            "realm": "traefik",
            "nonce": self.agreed["nonce"],
            "uri": uri,
            "qop": "auth",
            "nc": nc,
        }
        said |= {"cnonce": "c", "opaque": self.agreed["opaque"], "algorithm": "MD5"} | other
        parts = (h(f"{user}:traefik:{password}"), said["nonce"], nc, "c", "auth", h(f"GET:{uri}"))
        said.setdefault("response", h(":".join(parts)))
        bare = ("nc", "qop", "algorithm")
        return "Digest " + ", ".join(f"{k}={v}" if k in bare else f'{k}="{v}"' for k, v in said.items() if v != "-")

    def sends(self, header: str, path: str = "/", question: Passwords = QUESTION) -> str | Failure:
        seen = Seen(path=path, headers={"authorization": header})
        return self.digests.judge(question, seen, lambda name: HASHES.get(name, ""))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def browser(clock: ManualClock) -> Browser:
    return Browser(Digests(clock))


def test_challenges_are_written_as_browsers_expect_them(browser: Browser) -> None:
    nonce, opaque = browser.agreed["nonce"], browser.agreed["opaque"]
    rest = f'nonce="{nonce}", opaque="{opaque}", algorithm="MD5", qop="auth"'
    assert browser.challenge == f'Digest realm="traefik", {rest}'
    stale = Browser(browser.digests, is_stale=True)
    assert ', stale="true", algorithm=' in stale.challenge
    assert stale.agreed["opaque"] == opaque
    assert stale.agreed["nonce"] != nonce


def test_who_knows_the_password_is_let_in(browser: Browser) -> None:
    assert browser.sends(browser.proof()) == "ann"
    assert browser.sends(browser.proof(nc="00000002").replace("algorithm=MD5, ", "")) == "ann"
    assert browser.sends(browser.proof(nc="0000000A").replace(", ", ",")) == "ann"
    assert browser.sends(browser.proof(nc="0000000b").replace("Digest ", "Digest  ")) == "ann"


def test_proofs_count_once(browser: Browser) -> None:
    assert browser.sends(browser.proof(nc="00000005")) == "ann"
    assert browser.sends(browser.proof(nc="00000005")) is Failure.WRONG
    # It may have been overtaken on its way.
    assert browser.sends(browser.proof(nc="00000003")) is Failure.STALE
    assert Browser(browser.digests).sends(browser.proof(nc="00000000")) is Failure.STALE
    assert (other := Browser(browser.digests)).sends(other.proof(nc="00000000")) is Failure.WRONG


@pytest.mark.parametrize(
    "changes",
    [
        {"password": "x"},
        {"user": "bob"},
        {"opaque": "x"},
        {"algorithm": "SHA-256"},
        {"qop": "-"},
        {"nonce": "x"},
        {"nonce": "?"},
        {"nonce": "uSqH+sggs4i666vPuSqH+sggs4i666vP"},
        {"nc": "+1"},
        {"nc": ""},
        {"uri": "/other"},
        {"response": "ü"},
    ],
    ids=str,
)
def test_anything_else_is_refused(browser: Browser, changes: dict[str, str]) -> None:
    assert browser.sends(browser.proof(**changes)) is Failure.WRONG


@pytest.mark.parametrize("header", ["", "Digest", "Digest ,,,=", "Basic YTpi"])
def test_what_is_no_proof_is_refused(browser: Browser, header: str) -> None:
    assert browser.sends(header) is Failure.WRONG
    assert browser.sends(browser.proof().replace("Digest", "digest")) is Failure.WRONG


def test_somebody_without_a_hash_cannot_be_proved(browser: Browser) -> None:
    agreed = browser.agreed
    response = h(":".join(("", agreed["nonce"], "00000001", "c", "auth", h("GET:/"))))
    assert browser.sends(browser.proof(user="bob", response=response)) is Failure.WRONG


def test_nonces_are_for_one_question(browser: Browser) -> None:
    assert browser.sends(browser.proof(), question=Passwords(id="other", is_digest=True)) is Failure.WRONG


def test_nonces_grow_old(browser: Browser, clock: ManualClock) -> None:
    assert browser.sends(browser.proof()) == "ann"
    clock.advance(LIFETIME + 1)
    assert browser.sends(browser.proof(nc="00000002")) is Failure.STALE


def test_what_is_forgotten_does_not_count_again(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(digests, "MOST_KNOWN", 1)
    made = Digests(clock)
    first, second = Browser(made), Browser(made)
    assert first.sends(first.proof()) == "ann"
    clock.advance(1)
    third = Browser(made)
    assert third.sends(third.proof()) == "ann"
    assert first.sends(first.proof()) is Failure.STALE
    assert second.sends(second.proof()) is Failure.STALE
    assert third.sends(third.proof(nc="00000002")) == "ann"


@pytest.mark.parametrize(
    ("uri", "path", "expected"),
    [
        ("/a?x=1", "/a?x=1", True),
        ("/a", "/a?x=1", True),
        ("/a?x=2", "/a", True),
        ("/a", "/a/b", True),
        ("", "/a", True),
        ("/a/b", "/a", False),
        ("/b", "/a", False),
        ("http://shop.example/a", "/a", True),
        ("/A", "/%41", True),
        ("/%zz", "/a", False),
        ("/%zz", "/%zz", True),
        ("/a", "/%zz", False),
        ("//[", "/a", False),
        ("http://[/a", "/a", False),
    ],
)
def test_proofs_are_for_a_path_and_what_is_below(browser: Browser, uri: str, path: str, expected: bool) -> None:
    assert (browser.sends(browser.proof(uri=uri), path) == "ann") is expected
