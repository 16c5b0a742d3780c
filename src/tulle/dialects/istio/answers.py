"""What happens to a request beside being sent on: redirects, answers, rewrites."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import Pattern, PortNumber, refuse, shown
from tulle.dialects.istio.values import Value
from tulle.dialects.objects import Differs, ObjectSpec
from tulle.model.routes import Redirect, RedirectPort, Respond, Rewrite

_PORT = re.compile(r"[1-9][0-9]{0,3}|[1-5][0-9]{4}|6[0-4][0-9]{3}|65[0-4][0-9]{2}|655[0-2][0-9]|6553[0-5]")
LARGEST_BODY = 1024 * 1024
_AUTHORITY = re.compile(r"(\[[^\]]*\]|[^:]*)(?::(.*))?")
"""Host, in brackets if it is an address of IPv6, and port."""


class HttpRedirect(ObjectSpec):
    """Tells the client to ask elsewhere; what is not given stays as it was."""

    uri: str = Field("", description="Another path, as a whole.")
    authority: str = Field("", description="Another host.")
    port: PortNumber | None = Field(None, description="Another port.")
    derive_port: Annotated[
        Literal["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"] | None,
        Differs("FROM_REQUEST_PORT is the port that the client really used: 8080 where the document says 80"),
    ] = Field(None, description="The port of the scheme (the default), or that of the request.")
    scheme: Literal["http", "https"] | None = Field(None, description="http or https.")
    redirect_code: Literal[301, 302, 303, 307, 308] = Field(301, description="How the client is told.")

    @model_validator(mode="after")
    def _moves(self) -> Self:
        if not any((self.uri, self.authority, self.scheme, self.port, self.derive_port)):
            refuse("needs at least one of uri, authority, scheme, port")
        if self.port is not None and self.derive_port is not None:
            refuse("takes only one of port, derivePort")
        return self

    def model(self) -> Redirect:
        """As the model has it."""
        found = _AUTHORITY.fullmatch(self.authority)
        host, port = (found[1], found[2] or "") if found else (self.authority, "")
        return Redirect(
            scheme=self.scheme,
            host=host or None,
            port=self.port or (int(port) if _PORT.fullmatch(port) else None),
            port_from=RedirectPort.REQUEST if self.derive_port == "FROM_REQUEST_PORT" else RedirectPort.KEEP,
            path=self.uri or None,
            status=self.redirect_code,
        )


def _bytes(value: object) -> object:
    try:
        if not isinstance(value, str):
            raise ValueError
        return base64.b64decode(value, validate=True)
    except (ValueError, binascii.Error):
        refuse(f"must be base64, not {shown(value)}")


class HttpBody(ObjectSpec):
    """The body of an answer; one of the two."""

    string: str | None = Field(None, description="Text.")
    raw: Annotated[bytes | None, BeforeValidator(_bytes)] = Field(None, alias="bytes", description="Bytes, in base64.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.string is None) == (self.raw is None):
            refuse("takes exactly one of string, bytes")
        if len(self.content) > LARGEST_BODY:
            refuse("is larger than 1 MB")
        return self

    @property
    def content(self) -> str | bytes:
        """What it says."""
        return self.raw if self.raw is not None else self.string or ""


class HttpDirectResponse(ObjectSpec):
    """Answers at once, from the proxy."""

    status: Annotated[int, Field(ge=200, le=599)] = Field(description="The status code.")
    body: HttpBody | None = Field(None, description="The body; none if not given.")

    def model(self) -> Respond:
        """As the model has it."""
        return Respond(status=self.status, body=self.body.content if self.body is not None else "")


class RegexRewrite(ObjectSpec):
    """Replaces what a regular expression finds in the path."""

    match: Annotated[Pattern, Field(min_length=1)] = Field(description="RE2.")
    rewrite: Value = Field("", description=r"The replacement; \1 is the first group.")


class HttpRewrite(ObjectSpec):
    """Changes the request before it is sent on."""

    uri: str = Field("", description="Replaces the matched prefix, or the whole path of another match.")
    authority: str = Field("", description="The Host that the service sees.")
    uri_regex_rewrite: RegexRewrite | None = Field(None, description="Replaces what a pattern finds in the path.")

    @model_validator(mode="after")
    def _changes(self) -> Self:
        if not self.uri and not self.authority and self.uri_regex_rewrite is None:
            refuse("needs uri, authority or uriRegexRewrite")
        if self.uri and self.uri_regex_rewrite is not None:
            refuse("takes only one of uri, uriRegexRewrite")
        return self

    def model(self) -> Rewrite:
        """As the model has it."""
        regex = self.uri_regex_rewrite
        return Rewrite(
            prefix=self.uri or None,
            regex=(regex.match, regex.rewrite) if regex is not None else None,
            host=self.authority or None,
        )
