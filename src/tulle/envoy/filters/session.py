"""Clients that stay with the endpoint that they had first."""

from __future__ import annotations

from envoy.config.core.v3 import extension_pb2
from envoy.extensions.filters.http.stateful_session.v3 import stateful_session_pb2
from envoy.extensions.http.stateful_session.cookie.v3 import cookie_pb2
from envoy.extensions.http.stateful_session.header.v3 import header_pb2
from google.protobuf.message import Message

from tulle.envoy import protos
from tulle.envoy.filters.base import Chain, Filter, HttpFilter, Phase, dormant
from tulle.model.routes import Forward, RouteRule, Session

NAME = "session"


def place(chain: Chain) -> HttpFilter | None:
    """Dormant where route rules decide."""
    return dormant(NAME, stateful_session_pb2.StatefulSession()) if chain.side.has_rules else None


def ask(rule: RouteRule) -> stateful_session_pb2.StatefulSessionPerRoute | None:
    """How the clients of one route rule are known again."""
    if not isinstance(rule.action, Forward) or rule.action.session is None:
        return None
    state = _state(rule.action.session)
    session = stateful_session_pb2.StatefulSession(
        session_state=extension_pb2.TypedExtensionConfig(name="state", typed_config=protos.packed(state))
    )
    return stateful_session_pb2.StatefulSessionPerRoute(stateful_session=session)


def _state(session: Session) -> Message:
    if session.header:
        return header_pb2.HeaderBasedSessionState(name=session.header)
    state = cookie_pb2.CookieBasedSessionState()
    state.cookie.name, state.cookie.path = session.cookie, session.path
    if session.lifetime is not None:
        state.cookie.ttl.CopyFrom(protos.seconds(session.lifetime))
    return state


FILTER = Filter(name=NAME, phase=Phase.STEER, place=place, ask=ask)
