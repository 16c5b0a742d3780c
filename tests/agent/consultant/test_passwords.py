from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Awaitable, Iterator
from contextlib import closing

import pytest

from tulle.agent.consultant.passwords import TOO_BUSY, Doorkeeper
from tulle.agent.consultant.seen import Passed, Refused, Seen, Verdict
from tulle.agent.consultant.verifying import Busy, Verifier
from tulle.kit.clock import ManualClock
from tulle.model.consulting import Passwords

SHA = "{SHA}" + base64.b64encode(hashlib.sha1(b"se:cret").digest()).decode()
QUESTION = Passwords(id="web/auth", users=(("ann", SHA), ("nobody", "")), realm="our shop")
SLOW = Passwords(id="web/slow", users=(("ann", "$apr1$abcdefgh$h9FWgUz3n9YxylKLlR5SQ/"),))
NO = Refused(
    status=401,
    headers=(("content-type", "text/plain"), ("www-authenticate", 'Basic realm="our shop"')),
    body="401 Unauthorized\n",
)


async def judged(doorkeeper: Doorkeeper, question: Passwords, seen: Seen) -> Verdict:
    found = doorkeeper.judge(question, seen)
    return await found if isinstance(found, Awaitable) else found


def basic(text: str, scheme: str = "Basic") -> Seen:
    return Seen(headers={"authorization": f"{scheme} {base64.b64encode(text.encode()).decode()}"})


@pytest.fixture
def doorkeeper() -> Iterator[Doorkeeper]:
    with closing(Verifier(1)) as verifier:
        yield Doorkeeper(ManualClock(), verifier)


async def test_who_knows_a_password_passes(doorkeeper: Doorkeeper) -> None:
    assert await judged(doorkeeper, QUESTION, basic("ann:se:cret")) == Passed()
    assert await judged(doorkeeper, QUESTION, basic("ann:se:cret", "bAsIc")) == Passed()
    told = Passwords(id="x", users=QUESTION.users, name_header="X-User", hides_proof=True)
    passed = Passed(headers=(("X-User", "ann"),), removed=("authorization",))
    assert await judged(doorkeeper, told, basic("ann:se:cret")) == passed


@pytest.mark.parametrize(
    "seen",
    [
        Seen(),
        basic("ann:wrong"),
        basic("bob:se:cret"),
        basic("ann"),
        basic("nobody:"),
        basic("ann:se:cret", "Basic "),
        basic("ann:se:cret", "Digest"),
        Seen(headers={"authorization": "Basic ???"}),
        Seen(headers={"authorization": "Basic YW5uOnNlOmNyZXQ"}),
        Seen(headers={"authorization": "Basic /w=="}),
    ],
    ids=lambda seen: str(seen.headers),
)
async def test_nobody_else_does(doorkeeper: Doorkeeper, seen: Seen) -> None:
    assert await judged(doorkeeper, QUESTION, seen) == NO


async def test_without_users_nobody_passes(doorkeeper: Doorkeeper) -> None:
    assert isinstance(await judged(doorkeeper, Passwords(id="x"), basic("a:b")), Refused)


async def test_a_flood_is_told_so(doorkeeper: Doorkeeper, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(*_: object) -> bool:
        raise Busy

    monkeypatch.setattr(Verifier, "verify", busy)
    assert await judged(doorkeeper, SLOW, basic("ann:secret")) == TOO_BUSY


async def test_what_takes_time_is_found_out_and_known_then(doorkeeper: Doorkeeper) -> None:
    for name, password, expected in (("ann", "secret", True), ("ann", "wrong", False), ("bob", "secret", False)):
        verdict = await judged(doorkeeper, SLOW, basic(f"{name}:{password}"))
        assert isinstance(verdict, Passed) is expected
        # Now it is known.
        assert doorkeeper.judge(SLOW, basic(f"{name}:{password}")) == verdict


async def test_who_proves_it_passes(doorkeeper: Doorkeeper) -> None:
    def h(text: str) -> str:
        return hashlib.md5(text.encode()).hexdigest()

    users = (("ann:shop", h("ann:shop:secret")),)
    question = Passwords(id="x", users=users, realm="shop", is_digest=True, name_header="X-User")
    refused = await judged(doorkeeper, question, Seen())
    assert isinstance(refused, Refused)
    said = dict(re.findall(r'(\w+)="([^"]*)"', dict(refused.headers)["www-authenticate"]))
    assert said["realm"] == "shop"
    response = h(":".join((users[0][1], said["nonce"], "1", "c", "auth", h("GET:/"))))
    proof = (
        f'Digest username="ann", nonce="{said["nonce"]}", opaque="{said["opaque"]}", uri="/", '
        f'qop=auth, nc=1, cnonce="c", response="{response}"'
    )
    seen = Seen(headers={"authorization": proof})
    assert await judged(doorkeeper, question, seen) == Passed(headers=(("X-User", "ann"),))
    again = await judged(doorkeeper, question, seen)
    assert isinstance(again, Refused) and "stale" not in dict(again.headers)["www-authenticate"]
