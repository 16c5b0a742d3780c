"""How requests are treated: retries, faults, mirrors, rewrites, answers, and the policies of a service."""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tulle.dialects import commands
from tulle.dialects.fields import (
    HeaderName,
    HeaderValue,
    Host,
    Path,
    Pattern,
    Percent,
    PortNumber,
    PositiveCount,
    PositiveDuration,
    Several,
    Spec,
    Status,
    Text,
    refuse,
    shown,
)
from tulle.dialects.native.backends import Reference
from tulle.model.findings import did_you_mean
from tulle.model.policies import (
    Fault,
    RateLimit,
    Retry,
)
from tulle.model.routes import HeaderChanges, Redirect, RedirectPort, Respond, Rewrite

SHORTEST_FILL = 0.05
"""Seconds: Envoy fills buckets no more often."""
CONDITIONS = (
    "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx",
    "refused-stream", "retriable-status-codes", "http3-post-connect-failure", "cancelled", "deadline-exceeded",
    "internal", "resource-exhausted", "unavailable",
)  # fmt: skip
"""Envoy's `retry_on` words, for HTTP and gRPC."""


def _condition(value: object) -> object:
    if type(value) is int and 100 <= value <= 599:
        return str(value)
    if isinstance(value, str) and (value in CONDITIONS or re.fullmatch("[1-5][0-9][0-9]", value)):
        return value
    hint = did_you_mean(value, CONDITIONS) if isinstance(value, str) else ""
    refuse(f"must be a status code or one of {', '.join(CONDITIONS)}, not {shown(value)}{hint}")


Condition = Annotated[str, BeforeValidator(_condition, json_schema_input_type=int | Literal[CONDITIONS])]


class RetrySpec(Spec):
    """When a request is tried again."""

    attempts: Annotated[int, Field(ge=0, le=100)] = Field(2, description="Tries after the first one; 0 for none.")
    on: Annotated[tuple[Condition, ...], Several()] = Field(
        (), description="Status codes and Envoy's words such as 5xx; failures to connect always count."
    )
    per_try_timeout: PositiveDuration | None = Field(None, description="How long each try may take.")
    backoff: PositiveDuration | None = Field(None, description="Base of the growing pause between tries; 25ms.")
    non_idempotent: bool = Field(False, description="Whether POST and PATCH are repeated too, after they were sent.")
    any_host: bool = Field(False, description="Whether a retry may go to the instance that just failed.")

    def model(self) -> Retry:
        """As the model has it."""
        return Retry(
            attempts=self.attempts,
            conditions=tuple(word for word in self.on if not word.isdigit()),
            status_codes=tuple(int(word) for word in self.on if word.isdigit()),
            per_try_timeout=self.per_try_timeout,
            backoff=self.backoff,
            non_idempotent=self.non_idempotent,
            any_host=self.any_host,
        )


def _retries(value: object) -> object:
    return {"attempts": value} if type(value) is int else value


Retries = Annotated[RetrySpec, BeforeValidator(_retries, json_schema_input_type=int | RetrySpec)]


class FaultSpec(Spec):
    """An experiment: delay or abort a percentage of the requests."""

    delay: PositiveDuration | None = Field(None, description="How long requests are held back.")
    abort: Status | None = Field(None, description="The status with which requests are answered at once.")
    abort_grpc: Annotated[int, Field(ge=0, le=16)] | None = Field(
        None, description="Instead of it: a status of gRPC, such as 14 for unavailable."
    )
    percent: Percent = Field(100.0, description="Of how many requests.")
    abort_percent: Percent | None = Field(None, description="Of how many are aborted, if not as many as are delayed.")

    @model_validator(mode="after")
    def _does_something(self) -> Self:
        if self.abort is not None and self.abort_grpc is not None:
            refuse("takes only one of abort, abort_grpc")
        if self.delay is None and self.abort is None and self.abort_grpc is None:
            refuse("needs delay or abort")
        return self

    def model(self) -> Fault:
        """As the model has it."""
        return Fault(
            delay=self.delay,
            delay_percent=self.percent,
            abort_status=self.abort,
            abort_grpc_status=self.abort_grpc,
            abort_percent=self.percent if self.abort_percent is None else self.abort_percent,
        )


class MirrorSpec(Spec):
    """A copy of some requests, whose answers nobody waits for."""

    to: Reference = Field(description="Who gets the copy.")
    percent: Percent = Field(100.0, description="Of how many requests.")


def _mirror(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


Mirrored = Annotated[MirrorSpec, BeforeValidator(_mirror, json_schema_input_type=str | MirrorSpec)]


class RateLimitSpec(Spec):
    """A token bucket in each proxy: above it, requests are answered 429."""

    requests: PositiveCount = Field(description="How many requests.")
    per: Annotated[PositiveDuration, Field(ge=SHORTEST_FILL)] = Field(1.0, description="In how long.")
    burst: PositiveCount | None = Field(None, description="How many at once; as many as requests if not given.")

    def model(self) -> RateLimit:
        """As the model has it."""
        return RateLimit(requests=self.requests, per=self.per, burst=self.burst)


def _rate(value: object) -> object:
    if not isinstance(value, str):
        return {"requests": value} if type(value) is int else value
    number, slash, unit = value.partition("/")
    if not number.isdigit() or unit.strip() not in {"s", "m", "h"} or not slash:
        refuse(f"must be a rate such as 100/s, or a mapping with requests and per, not {shown(value)}")
    return {"requests": int(number), "per": f"1{unit.strip()}"}


Rate = Annotated[RateLimitSpec, BeforeValidator(_rate, json_schema_input_type=str | int | RateLimitSpec)]


class RegexRewriteSpec(Spec):
    """Replace what a regular expression finds in the path."""

    pattern: Annotated[Pattern, Field(min_length=1)] = Field(description="RE2.")
    to: HeaderValue = Field(description=r"The replacement; \1 is the first group.")


class RewriteSpec(Spec):
    """Changes to the request on its way."""

    prefix: Path | None = Field(None, description="Replaces the matched prefix (or the whole exact path).")
    path: Path | None = Field(None, description="Replaces the whole path.")
    regex: RegexRewriteSpec | None = Field(None, description="Replaces what it finds in the path.")
    host: Host | None = Field(None, description="The Host (or :authority) that the service sees.")

    @model_validator(mode="after")
    def _one_path(self) -> Self:
        if sum(form is not None for form in (self.prefix, self.path, self.regex)) > 1:
            refuse("takes only one of prefix, path, regex")
        return self

    def model(self) -> Rewrite:
        """As the model has it."""
        regex = (self.regex.pattern, self.regex.to) if self.regex is not None else None
        return Rewrite(prefix=self.prefix, path=self.path, regex=regex, host=self.host)


PORTS = {None: RedirectPort.KEEP, "scheme": RedirectPort.BY_SCHEME, "request": RedirectPort.REQUEST}
"""Where the port of a redirect comes from."""


class RedirectSpec(Spec):
    """Answer with the place where the client should ask; parts that are not given stay as they were."""

    scheme: Literal["http", "https"] | None = Field(None, description="http or https.")
    host: Host | None = Field(None, description="Another host.")
    port: PortNumber | None = Field(None, description="Another port.")
    port_from: Literal["scheme", "request"] | None = Field(
        None, description="Instead: 80 or 443 by the scheme, or that of the request."
    )
    path: Path | None = Field(None, description="Another path, as a whole.")
    prefix: Path | None = Field(None, description="Replaces the matched prefix.")
    status: Literal[301, 302, 303, 307, 308] = Field(302, description="How the client is told.")

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if self.path is not None and self.prefix is not None:
            refuse("takes only one of path, prefix")
        if self.port is not None and self.port_from is not None:
            refuse("takes only one of port, port_from")
        if not any((self.scheme, self.host, self.port, self.port_from, self.path, self.prefix)):
            refuse("needs at least one of scheme, host, port, path, prefix")
        return self

    def model(self) -> Redirect:
        """As the model has it."""
        return Redirect(
            scheme=self.scheme,
            host=self.host,
            port=self.port,
            port_from=PORTS[self.port_from],
            path=self.path,
            prefix=self.prefix,
            status=self.status,
        )


class RespondSpec(Spec):
    """Answer at once, from the proxy."""

    status: Status = Field(200, description="The status code.")
    body: Text = Field("", description="The body, as text.")
    headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, description="Headers of the answer.")

    def model(self) -> Respond:
        """As the model has it."""
        return Respond(status=self.status, body=self.body, headers=tuple(self.headers.items()))


def _respond(value: object) -> object:
    return {"status": value} if type(value) is int else value


Answer = Annotated[RespondSpec, BeforeValidator(_respond, json_schema_input_type=int | RespondSpec)]


def _commands(value: str) -> str:
    if wrong := commands.problem(value):
        refuse(wrong)
    return value


HeaderText = Annotated[HeaderValue, AfterValidator(_commands)]


class HeadersSpec(Spec):
    """Changes to headers: set replaces, add appends, remove deletes."""

    set: dict[HeaderName, HeaderText] = Field(
        default_factory=dict,
        description="Replaced, or added if absent. Values may hold Envoy's commands, `%REQ(x-user)%`; `%%` is one %.",
    )
    add: dict[HeaderName, HeaderText] = Field(default_factory=dict, description="Added to those that are there.")
    remove: Annotated[tuple[HeaderName, ...], Several()] = Field((), description="Deleted.")

    def model(self) -> HeaderChanges:
        """As the model has it."""
        return HeaderChanges(set=tuple(self.set.items()), add=tuple(self.add.items()), remove=self.remove)
