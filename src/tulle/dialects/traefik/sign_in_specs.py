"""Signing in at an OpenID provider, in the words of Traefik Hub."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field

from tulle.dialects.objects import Differs, Refused
from tulle.dialects.traefik.values import Flag, Present, Text, TextMap, Texts, TraefikSpec, Whole

ALWAYS = "has no effect: cookies are always `Secure` and `HttpOnly`, so browsers keep them for HTTPS and localhost only"


class StateCookieSpec(TraefikSpec):
    """What is known of somebody who is on the way to the provider and back."""

    name: Text = Field("", description="How it is called; by the middleware if not given.")
    path: Text = Field("/", description="For which paths browsers send it.")
    domain: Annotated[Text, Refused("has no effect: that of the session counts", unless=("",))] = Field(
        "", description="For which hosts."
    )
    max_age: Whole = Field(600, description="Seconds for signing in.")
    same_site: Text = Field("lax", description="`lax`, `strict` or `none`.")
    http_only: Annotated[Flag, Refused(ALWAYS, unless=(True,))] = Field(True, description="Whether scripts see it not.")
    secure: Annotated[Flag, Refused(ALWAYS, unless=(True,))] = Field(True, description="Whether it is for HTTPS only.")


class SessionSpec(TraefikSpec):
    """What is known of somebody who signed in."""

    name: Text = Field("", description="How its cookies are called; by the middleware if not given.")
    path: Text = Field("/", description="For which paths browsers send them.")
    domain: Text = Field("", description="For which hosts; the one where somebody signed in if not given.")
    expiry: Annotated[Whole, Differs("seconds that count where the provider does not say how long its tokens do")] = (
        Field(86400, description="How long somebody is signed in.")
    )
    sliding: Annotated[Flag, Refused("has no effect: tokens of the provider end when they end", unless=(True,))] = (
        Field(True, description="Whether that begins anew with every request.")
    )
    refresh: Flag = Field(True, description="Whether the provider is asked for a new token when one has ended.")
    secret: Annotated[Text, Differs("something of this mesh if not given")] = Field(
        "", description="What cookies are proven by and encrypted with."
    )
    same_site: Text = Field("lax", description="`lax`, `strict` or `none`.")
    http_only: Annotated[Flag, Refused(ALWAYS, unless=(True,))] = Field(True, description="Whether scripts see it not.")
    secure: Annotated[Flag, Refused(ALWAYS, unless=(True,))] = Field(True, description="Whether it is for HTTPS only.")
    store: Annotated[dict[str, Any] | None, Refused("has no effect: everything is in the cookies")] = Field(
        None, description="Where sessions are kept."
    )


class OidcSpec(TraefikSpec):
    """Only those pass who signed in at an OpenID provider; the others are sent there."""

    issuer: Text = Field("", description="The provider; it says itself where people sign in.")
    client_id: Text = Field("", alias="clientID", description="How the provider calls whoever asks.")
    client_secret: Text = Field("", description="By which it knows whoever asks.")
    redirect_url: Text = Field(
        "", description="Where people come back, a path or a whole URL; a router with this middleware must take it."
    )
    login_url: Text = Field("", description="The only path that leads to the provider; all others are answered 401.")
    logout_url: Text = Field("", description="The path at which people sign out.")
    post_login_redirect_url: Annotated[Text, Differs("of those who began at `loginUrl`; others go where they were")] = (
        Field("", description="Where people go on who signed in.")
    )
    post_logout_redirect_url: Text = Field("", description="Where people go on who signed out; `/` if not given.")
    disable_login: Flag = Field(False, description="Whether nobody is sent to the provider; 401 instead.")
    scopes: Annotated[Texts, Differs("`openid` is always one of them")] = Field((), description="What is asked for.")
    auth_params: TextMap = Field(default_factory=dict, description="More that the provider is told.")
    forward_headers: Annotated[TextMap, Differs("lists and mappings come as base64 of JSON")] = Field(
        default_factory=dict, description="Headers for the service, and their claims."
    )
    state_cookie: Annotated[StateCookieSpec | None, Present] = Field(None, description="On the way.")
    session: Annotated[SessionSpec | None, Present] = Field(None, description="Afterwards.")
    pkce: Annotated[Flag, Differs("it always is")] = Field(True, description="Whether codes are bound to who asked.")
    claims: Annotated[
        Text, Refused("is not done here; let a server decide with forwardAuth", unless=("",), is_error=True)
    ] = Field("", description="An expression about claims.")
    username_claim: Annotated[Text, Refused("has no effect: names are not logged", unless=("", "sub"))] = Field(
        "sub", description="What is logged as the name."
    )
    csrf: Annotated[
        dict[str, Any] | None, Refused("has no effect: other sites are kept out by sameSite", unless=(None,))
    ] = Field(None, description="A token against requests of other sites.")
    backchannel_logout_url: Annotated[
        Text, Refused("has no effect: nobody is signed out before the token ends", unless=("",))
    ] = Field("", description="Where the provider says that somebody signed out.")
    backchannel_logout_sessions_required: Annotated[
        Flag, Refused("has no effect: nobody is signed out before the token ends", unless=(False,))
    ] = Field(False, description="Whether it must say which session.")
    discovery_params: Annotated[
        TextMap, Refused("is not done here: the provider is asked as the standard says", unless=({},), is_error=True)
    ] = Field(default_factory=dict, description="More for the question where people sign in.")
    client_config: Annotated[
        dict[str, Any] | None,
        Refused("is not done here: providers are asked with the usual authorities", is_error=True),
    ] = Field(None, description="How the provider is spoken to.")
