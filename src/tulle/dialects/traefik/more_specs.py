"""Middlewares that Traefik's open edition does not have: by our names, or as `plugin` in the words of Traefik Hub."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field

from tulle.dialects.objects import Differs, Refused
from tulle.dialects.traefik.sign_in_specs import OidcSpec
from tulle.dialects.traefik.values import Flag, Present, Seconds, Text, TextMap, Texts, TraefikSpec


class JwtSpec(TraefikSpec):
    """Only requests with a good token (JWT) pass; others are answered 401."""

    signing_secret: Text = Field("", description="The secret by which tokens are signed (HS256, HS384, HS512).")
    signing_secret_base64_encoded: Flag = Field(
        False, alias="signingSecretBase64Encoded", description="Whether that is base64."
    )
    public_key: Text = Field("", description="Or a key (PEM) that signatures are verified by.")
    jwks_file: Annotated[Text, Differs("the set itself; no file is read")] = Field(
        "", description="Or a set of keys (JSON, RFC 7517)."
    )
    jwks_url: Text = Field("", description="Or where such a set is; the last one stays while it cannot be had.")
    issuer: Text = Field("", description="Who must have made a token; anybody if not given.")
    audiences: Texts = Field((), description="For whom, at least one of them; anybody if not given.")
    token_key: Annotated[Text, Differs("of the query; forms are not looked at")] = Field(
        "", description="The parameter that may have the token instead of the header `Authorization`."
    )
    forward_authorization: Flag = Field(False, description="Whether the service sees the token.")
    forward_headers: TextMap = Field(default_factory=dict, description="Headers for the service, and their claims.")
    claims: Annotated[
        Text, Refused("is not done here; let a server decide with forwardAuth", unless=("",), is_error=True)
    ] = Field("", description="An expression about claims.")
    username_claim: Annotated[Text, Refused("has no effect: names are not logged", unless=("", "sub"))] = Field(
        "sub", description="What is logged as the name."
    )
    client_config: Annotated[
        dict[str, Any] | None, Refused("is not done here: keys are fetched with the usual authorities", is_error=True)
    ] = Field(None, description="How the server of the keys is spoken to.")


class TimeoutsSpec(TraefikSpec):
    """How long requests may take; a service that takes longer is answered for: 504."""

    request: Seconds | None = Field(None, description="Until the whole answer is there; 0: no limit.")
    idle: Seconds | None = Field(None, description="Without a byte in either direction; 0: no limit.")


class PluginSpec(TraefikSpec):
    """Of everything that can stand here, what Traefik Hub has built in."""

    model_config = ConfigDict(extra="allow")
    jwt: Annotated[JwtSpec | None, Present] = Field(None, description="Tokens.")
    oidc: Annotated[OidcSpec | None, Present] = Field(None, description="Signing in.")
