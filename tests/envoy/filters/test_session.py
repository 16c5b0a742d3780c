from __future__ import annotations

from tests.envoy.decoded import Json, as_json
from tests.envoy.kitchen import backend, rule
from tulle.envoy.filters import session
from tulle.model.routes import Forward, Respond, Session


def state(wanted: Session) -> Json:
    found = session.ask(rule("r", Forward(backends=(backend("web"),), session=wanted)))
    content: Json = as_json(found)["stateful_session"]["session_state"]["typed_config"]
    del content["@type"]
    return content


def test_clients_are_known_by_a_cookie_or_a_header() -> None:
    assert state(Session(cookie="c")) == {"cookie": {"name": "c", "path": "/"}}
    assert state(Session(cookie="c", lifetime=60, path="/a")) == {"cookie": {"name": "c", "ttl": "60s", "path": "/a"}}
    assert state(Session(header="x-session")) == {"name": "x-session"}


def test_other_rules_have_no_sessions() -> None:
    assert session.ask(rule("r", Respond(status=200))) is None
    assert session.ask(rule("r", Forward(backends=()))) is None
