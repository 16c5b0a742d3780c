"""The filter for pages of other origins (CORS)."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import Several, refuse, shown
from tulle.dialects.gateway_api.values import HeaderName, at_most
from tulle.dialects.objects import ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.routes import Cors, ValueKind, ValueMatch

_ORIGIN = re.compile(r"([a-zA-Z][a-zA-Z0-9+\-.]+)://([^:/?#]+)(?::([0-9]{1,5}))?")
_PORTS = {"http": "80", "https": "443"}


def _origin(value: object) -> object:
    if not isinstance(value, str) or (value != "*" and not _ORIGIN.fullmatch(value)):
        refuse(f"must be an origin such as https://shop.example.org, https://*.example.org or *, not {shown(value)}")
    return value


Origins = Annotated[tuple[Annotated[str, BeforeValidator(_origin)], ...], Several(alone=False), at_most(64)]
AnyMethod = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "*"]
Headers = Annotated[tuple[HeaderName, ...], Several(alone=False), at_most(64)]


class CorsFilter(ObjectSpec):
    """Which pages of other origins may read the answers."""

    allow_origins: Origins = Field(
        (), description="Origins of such pages; `*` stands for any number of labels at the left of a host, or for all."
    )
    allow_credentials: bool | None = Field(None, description="Whether requests may carry cookies and the like.")
    allow_methods: Annotated[tuple[AnyMethod, ...], Several(alone=False), at_most(9)] = Field(
        (), description="Methods beside GET, HEAD and POST; `*` for all."
    )
    allow_headers: Headers = Field((), description="Headers that requests may have; `*` for all.")
    expose_headers: Headers = Field((), description="Headers of answers that pages may read; `*` for all.")
    max_age: Annotated[int, Field(ge=1)] = Field(
        5, description="Seconds for which the answer to a preflight request may be remembered."
    )


def cors(part: Written, path: tuple[Step, ...], spec: CorsFilter) -> Cors:
    """The rules for other origins. Preflight requests of origins without consent are answered by the proxy."""
    lists = {
        "allowOrigins": spec.allow_origins, "allowMethods": spec.allow_methods, "allowHeaders": spec.allow_headers,
    }  # fmt: skip
    for field, values in lists.items():
        if "*" in values and len(values) > 1:
            part.error((*path, field), "has * beside others; * alone stands for all")
    return Cors(
        origins=tuple(map(_matched, spec.allow_origins)),
        methods=spec.allow_methods,
        headers=tuple(name.lower() for name in spec.allow_headers),
        expose=tuple(name.lower() for name in spec.expose_headers),
        max_age=float(spec.max_age),
        credentials=spec.allow_credentials,
        forwards_unmatched=False,
    )


def _matched(origin: str) -> ValueMatch:
    """The condition for an `Origin` header, which never has the port that its scheme implies."""
    found = _ORIGIN.fullmatch(origin)
    if found is None:
        return ValueMatch("", ValueKind.EXACT, "*")
    scheme, host, port = found[1].lower(), found[2].lower(), found[3]
    suffix = "" if port is None or port == _PORTS.get(scheme) else f":{port}"
    if "*" not in host:
        return ValueMatch("", ValueKind.EXACT, f"{scheme}://{host}{suffix}")
    pattern = re.escape(host).replace(r"\*", "[^/:]+")
    return ValueMatch("", ValueKind.REGEX, f"{re.escape(scheme)}://{pattern}{suffix}")
