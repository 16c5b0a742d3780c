"""`tokens`: which tokens (JWT) some workloads take. Bad ones are refused; whether one is needed is said by `access`."""

from __future__ import annotations

import json
from typing import Annotated, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import HeaderName, HeaderValue, MadeHeader, PositiveDuration, Several, Text, refuse, shown
from tulle.dialects.native.selecting import Selecting
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.kit.web_keys import key_set
from tulle.model.mesh import Fragment
from tulle.model.security import RequestAuthentication, TokenRule


def _jwks(value: object) -> object:
    try:
        found = json.loads(value) if isinstance(value, str) else value
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict) or not isinstance(found.get("keys"), list):
        refuse(f"must be a JSON Web Key Set (keys: [...]), not {shown(value)}")
    if not found["keys"]:
        refuse("has no key in it")
    return tuple(found["keys"])


Keys = Annotated[tuple[object, ...], BeforeValidator(_jwks, json_schema_input_type=str | dict[str, object])]
SCHEMES = ("http://", "https://")


def _uri(value: object) -> object:
    if not isinstance(value, str) or not value.startswith(SCHEMES):
        refuse(f"must be a URL such as https://issuer.example.org/keys, not {shown(value)}")
    return value


class TokenSpec(Selecting):
    """Tokens of one issuer."""

    issuer: Annotated[Text, Field(min_length=1)] = Field(description="Who made them (iss).")
    audiences: Annotated[tuple[Text, ...], Several()] = Field((), description="For whom they must be; any if none.")
    jwks: Keys | None = Field(None, description="The keys (JSON Web Key Set).")
    jwks_uri: Annotated[str, BeforeValidator(_uri)] | None = Field(
        None,
        description="Instead: where the keys are; if neither is given, where the issuer says (OpenID Discovery).",
    )
    headers: dict[HeaderName, HeaderValue] = Field(
        default_factory=dict, description="Where tokens are: headers, and what stands before the token in them."
    )
    parameters: Annotated[tuple[Text, ...], Several()] = Field((), description="Or query parameters.")
    cookies: Annotated[tuple[Text, ...], Several()] = Field((), description="Or cookies.")
    payload_header: MadeHeader | None = Field(None, description="Header in which the service gets the payload.")
    claim_headers: dict[MadeHeader, Text] = Field(
        default_factory=dict, description="Headers in which the service gets claims, with the names of the claims."
    )
    space_delimited_claims: Annotated[tuple[Text, ...], Several()] = Field(
        (), description="Claims that are several words, beside scope and permission."
    )
    forward: bool = Field(False, description="Whether the service gets the token itself.")
    timeout: PositiveDuration = Field(5.0, description="For fetching keys.")

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.jwks is not None and self.jwks_uri is not None:
            refuse("takes only one of jwks, jwks_uri")
        if self.jwks is None and self.jwks_uri is None and not self.issuer.startswith(SCHEMES):
            refuse("needs jwks or jwks_uri: its issuer is no URL that could say where its keys are")
        return self


def read(part: Written) -> Fragment:
    """One issuer."""
    spec = part.validated(TokenSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    keys, problems = key_set(spec.jwks) if spec.jwks is not None else ("", ())
    for each in problems:
        if keys:
            part.warning(("jwks",), f"{each}; it is left out")
        else:
            part.error(("jwks",), each)
    name = part.document.key.name
    rule = TokenRule(
        origin=part.at("issuer"),
        issuer=spec.issuer,
        audiences=spec.audiences,
        jwks=keys,
        jwks_uri=spec.jwks_uri or "",
        headers=tuple(spec.headers.items()),
        parameters=spec.parameters,
        cookies=spec.cookies,
        payload_header=spec.payload_header or "",
        claim_headers=tuple(spec.claim_headers.items()),
        space_delimited_claims=spec.space_delimited_claims,
        forwards_token=spec.forward,
        timeout=spec.timeout,
    )
    found = RequestAuthentication(
        name=name,
        origin=part.origin,
        selector=spec.selector,
        targets=spec.targets(name.namespace),
        rules=(rule,),
    )
    return Fragment(objects=(found,), findings=tuple(part.findings))


KIND = Kind(
    name="native/token",
    noun="tokens",
    section=("tokens",),
    shape=Shape.NAMED,
    schema=TokenSpec,
    read=read,
    is_policy=True,
)
