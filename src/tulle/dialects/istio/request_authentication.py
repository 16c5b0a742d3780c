"""`RequestAuthentication`: which tokens (JWT) are good. Bad ones are refused; none at all is fine."""

from __future__ import annotations

import json
from typing import Annotated
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import HeaderName, HeaderValue, MadeHeader, PositiveDuration, made_header
from tulle.dialects.istio.selection import Attached, labels, targets
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Step, Written
from tulle.kit.web_keys import key_set
from tulle.model.mesh import Fragment
from tulle.model.security import RequestAuthentication, TokenRule

Path = tuple[Step, ...]


def _payload_header(value: object) -> object:
    return value if value == "" else made_header(value)


class JwtHeader(ObjectSpec):
    """A header with a token."""

    name: HeaderName = Field(description="Name of the header.")
    prefix: HeaderValue = Field("", description="What stands before the token, such as `Bearer ` with its space.")


class ClaimToHeader(ObjectSpec):
    """A claim that the application gets in a header."""

    header: MadeHeader = Field(description="Name of the header; one that the client sent is replaced.")
    claim: str = Field(min_length=1, description="Name of the claim; nested ones are joined by dots.")


class JwtRule(ObjectSpec):
    """Tokens of one issuer."""

    issuer: str = Field(min_length=1, description="Who must have issued the token (`iss`).")
    audiences: Items[str] = Field((), description="Of which the token must name one (`aud`); empty: any.")
    jwks_uri: Annotated[
        str,
        Differs(
            "The control plane fetches the keys and keeps them, as Istio's does, also over restarts; beside that each "
            "proxy fetches newer ones itself. Keys of a server within the mesh are fetched by proxies only."
        ),
    ] = Field("", description="Where the keys are; where the issuer says if there is neither this nor `jwks`.")
    jwks_uri_old: str = Field("", alias="jwks_uri", description="Older spelling of `jwksUri`.")
    jwks: str = Field("", description="The keys themselves, as JSON.")
    from_headers: Items[JwtHeader] = Field(
        (), description="Headers with the token; if nothing is said, `Authorization: Bearer` and `?access_token=`."
    )
    from_params: Items[str] = Field((), description="Query parameters with the token.")
    from_cookies: Items[str] = Field((), description="Cookies with the token.")
    output_payload_to_header: Annotated[str, BeforeValidator(_payload_header)] = Field(
        "", description="Header in which the application gets the payload, base64."
    )
    output_claim_to_headers: Items[ClaimToHeader] = Field((), description="Headers in which it gets single claims.")
    forward_original_token: bool = Field(False, description="Whether the application gets the token itself.")
    timeout: PositiveDuration = Field(5.0, description="Of fetching the keys.")
    space_delimited_claims: Items[str] = Field(
        (), description="Claims that are lists written as words, beside `scope` and `permission`."
    )


class RequestAuthenticationSpec(Attached):
    """Which tokens some workloads take."""

    jwt_rules: Items[JwtRule] = Field((), description="The issuers whose tokens are taken.")


class RequestAuthenticationObject(Object):
    """Which tokens some workloads take."""

    spec: RequestAuthenticationSpec | None = Field(None, description="The policy.")


def read(part: Written) -> Fragment:
    """One policy."""
    found = validated(part, RequestAuthenticationObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec or RequestAuthenticationSpec.model_validate({})
    if not spec.jwt_rules:
        part.warning(("spec",), "has no jwtRules, so that no token is looked at")
    policy = RequestAuthentication(
        name=part.document.key.name,
        origin=part.origin,
        selector=labels(spec),
        selector_origin=part.at("spec", "selector"),
        targets=targets(part, spec),
        rules=tuple(_rule(part, index, each) for index, each in enumerate(spec.jwt_rules)),
    )
    return Fragment(objects=(policy,), findings=tuple(part.findings))


def _rule(part: Written, index: int, written: JwtRule) -> TokenRule:
    path: Path = ("spec", "jwtRules", index)
    uri, keys = written.jwks_uri or written.jwks_uri_old, ""
    if written.jwks_uri and written.jwks_uri_old:
        part.error((*path, "jwks_uri"), "is the older spelling of jwksUri, which is there too; leave it out")
    if written.jwks and uri:
        part.error((*path, "jwks"), "cannot stand beside jwksUri; write one of them")
    elif written.jwks:
        keys = _keys(part, (*path, "jwks"), written.jwks)
    elif uri:
        _check_url(part, (*path, "jwksUri" if written.jwks_uri else "jwks_uri"), uri)
    elif not _is_url(written.issuer):
        part.error(path, "needs jwksUri (or jwks): its issuer is no address that could say where its keys are")
    headers = [each.header for each in written.output_claim_to_headers]
    for place, header in enumerate(headers):
        if header in headers[:place]:
            message = f'is "{header}" a second time; each claim needs a header of its own'
            part.error((*path, "outputClaimToHeaders", place, "header"), message)
    return TokenRule(
        origin=part.at(*path),
        issuer=written.issuer,
        audiences=written.audiences,
        jwks=keys,
        jwks_uri=uri,
        headers=tuple((each.name, each.prefix) for each in written.from_headers),
        parameters=written.from_params,
        cookies=written.from_cookies,
        payload_header=written.output_payload_to_header.lower(),
        claim_headers=tuple((each.header, each.claim) for each in written.output_claim_to_headers),
        forwards_token=written.forward_original_token,
        timeout=written.timeout,
        space_delimited_claims=written.space_delimited_claims,
    )


def _keys(part: Written, path: Path, text: str) -> str:
    """The keys that can be used of a key set (RFC 7517)."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        part.error(path, f"is not JSON: {error}")
        return ""
    keys = found.get("keys") if isinstance(found, dict) else None
    if not isinstance(keys, list) or not keys:
        part.error(path, 'is no key set: it must be a mapping with a list "keys" of at least one key')
        return ""
    usable, problems = key_set(keys)
    for each in problems:
        if usable:
            part.warning(path, f"{each}; it is left out")
        else:
            part.error(path, each)
    return usable


def _is_url(text: str) -> bool:
    try:
        split = urlsplit(text)
        return split.scheme in {"http", "https"} and bool(split.hostname) and split.port != 0
    except ValueError:
        return False


def _check_url(part: Written, path: Path, url: str) -> None:
    if not _is_url(url):
        part.error(path, f'must be an address such as https://issuer.example/keys.json, not "{url}"')


KIND = ObjectKind(
    group="security.istio.io",
    versions=("v1", "v1beta1"),
    kind="RequestAuthentication",
    schema=RequestAuthenticationObject,
    read=read,
    is_policy=True,
    documentation="https://istio.io/latest/docs/reference/config/security/request_authentication/",
)
