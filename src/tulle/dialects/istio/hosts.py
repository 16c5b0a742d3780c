"""Hosts, as Istio names them: short names belong to the namespace of the document, everything else is complete."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator

from tulle.dialects.fields import HOST, refuse, shown
from tulle.model.hostnames import is_address
from tulle.model.names import SERVICE_SUFFIX, Name, named


def _host(value: object) -> object:
    if isinstance(value, str) and is_address(value):
        return value
    host = value.lower() if isinstance(value, str) else ""
    if host == "*" or not HOST.fullmatch(host):
        refuse(f"must be a host name such as reviews, shop.example.org or *.example.org, not {shown(value)}")
    return host


def _host_or_any(value: object) -> object:
    return value if value == "*" else _host(value)


HostName = Annotated[str, BeforeValidator(_host)]
"""`reviews`, `shop.example.org`, `*.example.org`, an IP address."""
AnyHost = Annotated[str, BeforeValidator(_host_or_any)]
"""The same, and `*` for every host."""


def is_host(text: str) -> bool:
    """Whether it is one host name, or an IP address."""
    if is_address(text):
        return True
    # What ends with a number is meant to be an address, and is none.
    return not text.startswith("*") and bool(HOST.fullmatch(text.lower())) and not text.rpartition(".")[2].isdecimal()


def full_host(host: str, namespace: str) -> str:
    """The complete name; names of two parts (`reviews.other`) are complete already."""
    if host == "*" or "." in host or ":" in host:
        return host
    return f"{host}.{namespace}{SERVICE_SUFFIX}"


def service_name(host: str) -> Name | None:
    """The service of the mesh that a complete host name names, or None if it is no name of the cluster domain."""
    qualified = host.removesuffix(SERVICE_SUFFIX)
    name, dot, namespace = qualified.partition(".")
    if qualified == host or not dot or "." in namespace or name == "*":
        return None
    return named(namespace, name)
