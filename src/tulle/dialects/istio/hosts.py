"""Hosts, as Istio names them: short names belong to the namespace of the document, everything else is complete."""

from __future__ import annotations

from ipaddress import ip_address
from typing import Annotated

from pydantic import BeforeValidator

from tulle.dialects.fields import HOST, refuse, shown
from tulle.model.names import CLUSTER_DOMAIN, Name

_SUFFIX = f".svc.{CLUSTER_DOMAIN}"


def _host(value: object) -> object:
    if isinstance(value, str) and is_address(value):
        return value
    host = value.lower() if isinstance(value, str) else ""
    if host == "*" or not HOST.fullmatch(host):
        refuse(f"must be a host name such as reviews, shop.example.org or *.example.org, not {shown(value)}")
    return host


def _host_or_any(value: object) -> object:
    return value if value == "*" else _host(value)


def _exact_host(value: object) -> object:
    if not isinstance(value, str) or not is_host(value):
        refuse(f"must be one host such as reviews or shop.example.org, not {shown(value)}")
    return value.lower()


HostName = Annotated[str, BeforeValidator(_host)]
"""`reviews`, `shop.example.org`, `*.example.org`, an IP address."""
AnyHost = Annotated[str, BeforeValidator(_host_or_any)]
"""The same, and `*` for every host."""
OneHost = Annotated[str, BeforeValidator(_exact_host)]
"""One host: no wildcard."""


def is_address(text: str) -> bool:
    """Whether it is an IP address."""
    try:
        ip_address(text)
    except ValueError:
        return False
    return True


def is_host(text: str) -> bool:
    """Whether it is one host name, or an IP address."""
    return is_address(text) or (not text.startswith("*") and bool(HOST.fullmatch(text.lower())))


def full_host(host: str, namespace: str) -> str:
    """The complete name; names of two parts (`reviews.other`) are complete already."""
    if host == "*" or "." in host or ":" in host:
        return host
    return f"{host}.{namespace}{_SUFFIX}"


def service_name(host: str) -> Name | None:
    """The service of the mesh that a complete host name names, or None if it is no name of the cluster domain."""
    qualified = host.removesuffix(_SUFFIX)
    name, dot, namespace = qualified.partition(".")
    if qualified == host or not dot or "." in namespace or name == "*":
        return None
    return Name(namespace, name)


def covers(pattern: str, host: str) -> bool:
    """Whether every host of `host` is one of `pattern`; either may begin with a wildcard."""
    if pattern == "*" or pattern == host:
        return True
    return pattern.startswith("*.") and host.endswith(pattern[1:])
