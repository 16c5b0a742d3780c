"""Filters that change the place that is asked for: redirects and rewrites."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import PortNumber
from tulle.dialects.gateway_api.values import PreciseHostname, longest
from tulle.dialects.objects import ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.routes import Redirect, RedirectPort, Rewrite


class PathModifier(ObjectSpec):
    """Another path."""

    type: Literal["ReplaceFullPath", "ReplacePrefixMatch"] = Field(
        description="Whether the whole path is replaced, or the prefix that matched."
    )
    replace_full_path: Annotated[str, longest(1024)] | None = Field(None, description="The path instead.")
    replace_prefix_match: Annotated[str, longest(1024)] | None = Field(
        None, description="What stands in the place of the prefix that matched."
    )


class RequestRedirect(ObjectSpec):
    """Tells the client to ask elsewhere; what is not given stays as it is."""

    scheme: Literal["http", "https"] | None = Field(None, description="The scheme to ask by.")
    hostname: PreciseHostname | None = Field(None, description="The host to ask.")
    path: PathModifier | None = Field(None, description="The path to ask for.")
    port: PortNumber | None = Field(
        None, description="The port to ask on; if not given that of the scheme, without a scheme that of the listener."
    )
    status_code: Literal[301, 302, 303, 307, 308] = Field(302, description="The status of the answer.")


class UrlRewrite(ObjectSpec):
    """Changes the request before the backend sees it."""

    hostname: PreciseHostname | None = Field(None, description="The host that the backend sees.")
    path: PathModifier | None = Field(None, description="The path that the backend sees.")


def redirect(part: Written, path: tuple[Step, ...], spec: RequestRedirect) -> Redirect:
    """The redirect."""
    whole, prefix = _replacement(part, (*path, "path"), spec.path)
    return Redirect(
        scheme=spec.scheme,
        host=spec.hostname,
        port=spec.port,
        port_from=RedirectPort.BY_SCHEME,
        path=whole,
        prefix=prefix,
        status=spec.status_code,
    )


def rewrite(part: Written, path: tuple[Step, ...], spec: UrlRewrite) -> Rewrite:
    """The rewrite."""
    whole, prefix = _replacement(part, (*path, "path"), spec.path)
    return Rewrite(prefix=prefix, path=whole, host=spec.hostname)


def _replacement(part: Written, path: tuple[Step, ...], spec: PathModifier | None) -> tuple[str | None, str | None]:
    """The whole path, or the prefix, that is put in; at most one of them."""
    if spec is None:
        return None, None
    given = {"ReplaceFullPath": spec.replace_full_path, "ReplacePrefixMatch": spec.replace_prefix_match}
    fields = {"ReplaceFullPath": "replaceFullPath", "ReplacePrefixMatch": "replacePrefixMatch"}
    for type_, value in given.items():
        if type_ == spec.type and value is None:
            part.error((*path, fields[type_]), f"is missing, as the type is {type_}")
        elif type_ != spec.type and value is not None:
            part.error((*path, fields[type_]), f"needs type {type_}, not {spec.type}")
    return spec.replace_full_path, spec.replace_prefix_match
