from __future__ import annotations

import pytest

from tulle.flow.edge.foreseen import Unforeseeable, asked, outcome
from tulle.model.conditions import Comparison, Condition, Subject
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.routes import Backend
from tulle.model.security import TokenRule
from tulle.model.steps import (
    AddPrefix,
    AskServer,
    Compress,
    Passwords,
    SetHeaders,
    ShowCertificate,
    Step,
    StripPrefix,
    VerifyToken,
)

PATH = Condition(Subject.PATH, Comparison.EXACT, "/a")
SERVER = Backend(service=Name("a", "b"), origin=BUILT_IN)


def header(name: str, value: str = "x", comparison: Comparison = Comparison.EXACT, *, no: bool = False) -> Condition:
    return Condition(Subject.HEADER, comparison, value, name, no)


def written(name: str, value: str) -> SetHeaders:
    return SetHeaders(request=((name, value),))


def test_what_is_written_is_known() -> None:
    assert outcome(header("x-a"), [written("X-A", " x ")]) is True
    assert outcome(header("x-a"), [written("X-A", "y")]) is False
    assert outcome(header("x-a", no=True), [written("X-A", "y")]) is True
    assert outcome(header("x-a", "^x", Comparison.REGEX), [written("X-A", "xy")]) is True
    assert outcome(header("x-a", ".*", Comparison.REGEX), [written("X-A", "")]) is False
    assert outcome(header("x-a"), [written("X-A", "y"), written("x-a", "x")]) is True
    assert outcome(header("x-a"), [written("X-B", "y"), Compress()]) is None
    assert outcome(PATH, [written("X-B", "y")]) is None


@pytest.mark.parametrize(
    ("condition", "step"),
    [
        (PATH, StripPrefix(prefixes=("/a",))),
        (header("x-forwarded-prefix"), StripPrefix(prefixes=("/a",))),
        (header("x-replaced-path"), AddPrefix(prefix="/a")),
        (header("x-role"), AskServer(backend=SERVER, url="http://b", consent_headers=("X-Role",))),
        (header("x-role"), AskServer(backend=SERVER, url="http://b", consent_pattern="^X-R")),
        (header("x-user"), Passwords(name_header="X-User")),
        (header("authorization"), Passwords(hides_proof=True)),
        (
            header("authorization"),
            VerifyToken(rule=TokenRule(origin=BUILT_IN, issuer="i", headers=(("Authorization", "Bearer "),))),
        ),
        (header("x-sub"), VerifyToken(rule=TokenRule(origin=BUILT_IN, issuer="i", claim_headers=(("X-Sub", "sub"),)))),
        (header("x-forwarded-tls-client-cert"), ShowCertificate()),
    ],
)
def test_what_others_decide_is_not(condition: Condition, step: Step) -> None:
    with pytest.raises(Unforeseeable):
        outcome(condition, [step])
    assert outcome(header("x-other"), [step]) is None
    if condition.subject is Subject.HEADER:
        assert outcome(condition, [step, written(condition.name, "x")]) is True
        with pytest.raises(Unforeseeable):
            outcome(condition, [written(condition.name, "x"), step])


def test_in_words() -> None:
    assert asked(PATH) == "the path"
    assert asked(header("x-a")) == "the header x-a"
