from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import Forward, Session


def text(settings: str) -> str:
    return (
        f"parentRefs: [{{name: a}}]\nrules:\n- backendRefs: [{{name: web, port: 80}}]\n  sessionPersistence: {settings}"
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("{}", Session(cookie="session-it-0")),
        ("{sessionName: S, type: Header}", Session(header="s")),
        (
            "{sessionName: S, absoluteTimeout: 1h, cookieConfig: {lifetimeType: Permanent}}",
            Session(cookie="S", lifetime=3600.0),
        ),
        ("{cookieConfig: {}}", Session(cookie="session-it-0")),
    ],
)
@pytest.mark.parametrize("kind", ["HTTPRoute", "GRPCRoute"])
def test_sessions(say: Say, kind: str, settings: str, expected: Session) -> None:
    found = say(kind, text(settings))
    action = found.routes[0].rules[0].action
    assert not found.findings and isinstance(action, Forward) and action.session == expected


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ("{sessionName: 'a b'}", 'error: "S.sessionName" must be the name of a cookie or header, without spaces'),
        (
            "{cookieConfig: {lifetimeType: Permanent}}",
            'error: "S.absoluteTimeout" is missing; a permanent cookie needs one',
        ),
        ("{type: Header, cookieConfig: {}}", 'warning: "S.cookieConfig" has no effect: the type is Header'),
        (
            "{absoluteTimeout: 1h}",
            'warning: "S.absoluteTimeout" has no effect: only a cookie of lifetimeType Permanent has a limit',
        ),
        (
            "{idleTimeout: 1h}",
            'warning: "S.idleTimeout" has no effect: the proxy does not see how long a session was idle',
        ),
    ],
)
def test_what_cannot_be(complain: Complain, settings: str, message: str) -> None:
    assert complain("HTTPRoute", text(settings)) == [f"4 {message}".replace("S.", "spec.rules[0].sessionPersistence.")]
