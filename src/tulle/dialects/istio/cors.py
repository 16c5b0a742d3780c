"""Which pages of other origins may read answers: Istio's `CorsPolicy`."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import refuse
from tulle.dialects.istio.matches import StringMatch
from tulle.dialects.istio.values import Seconds
from tulle.dialects.objects import Items, ObjectSpec
from tulle.model.routes import Cors, ValueKind, ValueMatch


def _origin(value: object) -> object:
    if value == {}:
        refuse("takes one of exact, prefix, regex")
    return value


class CorsPolicy(ObjectSpec):
    """Which pages of other origins may read the answers."""

    allow_origin: Items[str] = Field((), description="Origins, exact, or `*`; deprecated: write allowOrigins.")
    allow_origins: Items[Annotated[StringMatch, BeforeValidator(_origin)]] = Field(
        (), description="Conditions on the origin."
    )
    allow_methods: Items[str] = Field((), description="Methods that pages may use.")
    allow_headers: Items[str] = Field((), description="Headers that pages may send.")
    expose_headers: Items[str] = Field((), description="Headers that pages may read.")
    max_age: Seconds | None = Field(None, description="How long browsers may remember the answer.")
    allow_credentials: bool | None = Field(None, description="Whether pages may send cookies.")
    unmatched_preflights: Literal["UNSPECIFIED", "FORWARD", "IGNORE"] = Field(
        "UNSPECIFIED", description="Whether preflight requests of other origins are sent on: FORWARD (the default)."
    )

    def model(self) -> Cors:
        """As the model has it."""
        origins = [each.condition("") for each in self.allow_origins]
        if not origins:
            origins = [ValueMatch("", ValueKind.EXACT, each) for each in self.allow_origin]
        return Cors(
            origins=tuple(origins),
            methods=self.allow_methods,
            headers=self.allow_headers,
            expose=self.expose_headers,
            max_age=self.max_age,
            credentials=self.allow_credentials,
            forwards_unmatched=self.unmatched_preflights != "IGNORE",
        )
