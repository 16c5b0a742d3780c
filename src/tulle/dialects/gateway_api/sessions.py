"""Clients that stay with the endpoint that they had first."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import TOKEN
from tulle.dialects.gateway_api.values import Duration, longest
from tulle.dialects.objects import Differs, ObjectSpec, Refused
from tulle.dialects.written import Step, Written
from tulle.model.routes import Session


class CookieConfig(ObjectSpec):
    """The cookie that remembers the endpoint."""

    lifetime_type: Literal["Session", "Permanent"] = Field(
        "Session", description="Whether it ends with the session of the browser, or after absoluteTimeout."
    )


class SessionPersistence(ObjectSpec):
    """How a client stays with an endpoint."""

    session_name: Annotated[str, longest(128)] | None = Field(
        None, description="Name of the cookie or header; made from the names of route and rule if not given."
    )
    absolute_timeout: Annotated[
        Duration | None, Differs("It limits permanent cookies; cookies of a session only end with it.")
    ] = Field(None, description="How long a permanent cookie lives.")
    idle_timeout: Annotated[
        Duration | None, Refused("has no effect: the proxy does not see how long a session was idle")
    ] = Field(None, description="How long a session may be idle.")
    type: Literal["Cookie", "Header"] = Field("Cookie", description="What remembers the endpoint.")
    cookie_config: CookieConfig | None = Field(None, description="More about the cookie.")


def session(part: Written, path: tuple[Step, ...], spec: SessionPersistence | None, rule: str) -> Session | None:
    """The session of a rule; None if it keeps nobody where they were."""
    if spec is None:
        return None
    name = spec.session_name or "session-" + re.sub(r"[^a-z0-9]+", "-", rule.lower()).strip("-")
    if not TOKEN.fullmatch(name):
        part.error((*path, "sessionName"), "must be the name of a cookie or header, without spaces")
    is_permanent = spec.cookie_config is not None and spec.cookie_config.lifetime_type == "Permanent"
    if is_permanent and spec.absolute_timeout is None:
        part.error((*path, "absoluteTimeout"), "is missing; a permanent cookie needs one")
    if spec.type == "Header":
        if spec.cookie_config is not None:
            part.warning((*path, "cookieConfig"), "has no effect: the type is Header")
        return Session(header=name.lower())
    if spec.absolute_timeout is not None and not is_permanent:
        part.warning((*path, "absoluteTimeout"), "has no effect: only a cookie of lifetimeType Permanent has a limit")
    return Session(cookie=name, lifetime=spec.absolute_timeout if is_permanent else None)
