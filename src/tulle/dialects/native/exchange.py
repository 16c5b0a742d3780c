"""What is said about a request beside where it goes: pages of other origins, who is asked first, who stays where."""

from __future__ import annotations

import re
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import (
    Count,
    Duration,
    HeaderName,
    HeaderValue,
    Path,
    PositiveDuration,
    Several,
    Spec,
    Status,
    Text,
    refuse,
)
from tulle.dialects.native.backends import Reference, backend
from tulle.dialects.native.matching import ValueSpec, one_of
from tulle.model.documents import Origin
from tulle.model.routes import Cors, ExternalCheck, Session, ValueKind, ValueMatch

FORMS = ("exact", "prefix", "suffix", "contains", "regex", "present")
HeaderNames = Annotated[tuple[HeaderName, ...], Several()]


def _origin(value: object) -> object:
    """Text may have wildcards: https://*.example.org."""
    if isinstance(value, dict):
        one_of(value, FORMS)
        return value
    if isinstance(value, str) and "*" in value and value != "*":
        return {"regex": ".*".join(re.escape(piece) for piece in value.split("*"))}
    return {"exact": value}


AllowedOrigin = Annotated[ValueSpec, BeforeValidator(_origin, json_schema_input_type=str | ValueSpec)]


class CorsSpec(Spec):
    """Which pages of other origins may read the answers."""

    origins: Annotated[tuple[AllowedOrigin, ...], Several()] = Field(
        description="Origins such as https://shop.example.org or https://*.example.org; * for every one."
    )
    methods: Annotated[tuple[Text, ...], Several()] = Field((), description="Methods that they may use; * for any.")
    headers: Annotated[tuple[Text, ...], Several()] = Field((), description="Headers that they may send; * for any.")
    expose: HeaderNames = Field((), description="Headers of answers that they may see.")
    max_age: Duration | None = Field(None, description="How long browsers remember it.")
    credentials: bool | None = Field(None, description="Whether cookies are sent.")
    forward_unmatched: bool = Field(True, description="Whether questions of other origins reach the service.")

    def model(self) -> Cors:
        """As the model has it."""
        every = ValueMatch("", ValueKind.EXACT, "*")
        return Cors(
            origins=tuple(every if each.exact == "*" else each.model("") for each in self.origins),
            methods=self.methods,
            headers=self.headers,
            expose=self.expose,
            max_age=self.max_age,
            credentials=self.credentials,
            forwards_unmatched=self.forward_unmatched,
        )


def _cors(value: object) -> object:
    return value if isinstance(value, dict) else {"origins": value}


AllowedOrigins = Annotated[CorsSpec, BeforeValidator(_cors, json_schema_input_type=str | list[str] | CorsSpec)]


class CheckSpec(Spec):
    """Asks a service whether a request may pass: an answer 200 is consent, any other one is what the client gets."""

    to: Reference = Field(description="Who is asked.")
    grpc: bool = Field(False, description="Whether it speaks Envoy's gRPC protocol for this instead of plain HTTP.")
    path: Path | None = Field(None, description="HTTP: what stands before the path of the request.")
    headers: HeaderNames = Field((), description="Headers of the request that it sees; with grpc all if not given.")
    add_headers: dict[HeaderName, HeaderValue] = Field(default_factory=dict, description="More headers that it sees.")
    response_headers: HeaderNames = Field((), description="Headers of its consent that the service gets.")
    refusal_headers: HeaderNames = Field((), description="Headers of its refusal that the client gets; all if none.")
    consent_headers: HeaderNames = Field((), description="Headers of its consent that the client gets.")
    timeout: PositiveDuration = Field(10.0, description="How long it may take.")
    fail_open: bool = Field(False, description="Whether requests pass when it cannot be asked.")
    refusal_status: Status = Field(403, description="The answer when it cannot be asked.")
    body: Count = Field(0, description="Bytes of the body that it sees.")
    partial_body: bool = Field(False, description="Whether longer bodies are cut; they are refused otherwise.")
    raw_body: bool = Field(False, description="With grpc: whether the body is sent as bytes.")
    reroute: bool = Field(False, description="Whether the route is looked for again, with the headers that it added.")

    def model(self, namespace: str, origin: Origin) -> ExternalCheck:
        """As the model has it; the service is looked for in `namespace`."""
        return ExternalCheck(
            backend=backend(self.to, namespace, origin),
            is_grpc=self.grpc,
            path_prefix=self.path or "",
            request_headers=self.headers,
            response_headers=self.response_headers,
            refusal_headers=self.refusal_headers,
            consent_headers=self.consent_headers,
            added_headers=tuple(self.add_headers.items()),
            timeout=self.timeout,
            fails_open=self.fail_open,
            refusal_status=self.refusal_status,
            max_body=self.body,
            allows_partial_body=self.partial_body,
            packs_raw_body=self.raw_body,
            reroutes=self.reroute,
        )


def _check(value: object) -> object:
    return {"to": value} if isinstance(value, str) else value


Checked = Annotated[CheckSpec, BeforeValidator(_check, json_schema_input_type=str | CheckSpec)]


class SessionSpec(Spec):
    """A client stays with the instance that it had first; it remembers that in a cookie or a header."""

    cookie: Text | None = Field(None, description="The name of the cookie.")
    header: HeaderName | None = Field(None, description="The name of the header.")
    lifetime: PositiveDuration | None = Field(None, description="Of the cookie; as long as the browser runs if none.")
    path: Path = Field("/", description="Of the cookie.")

    @model_validator(mode="after")
    def _one_form(self) -> Self:
        if (self.cookie is None) == (self.header is None):
            refuse("takes exactly one of cookie, header")
        return self

    def model(self) -> Session:
        """As the model has it."""
        return Session(cookie=self.cookie or "", header=self.header or "", lifetime=self.lifetime, path=self.path)


def _session(value: object) -> object:
    return {"cookie": value} if isinstance(value, str) else value


Sticky = Annotated[SessionSpec, BeforeValidator(_session, json_schema_input_type=str | SessionSpec)]
