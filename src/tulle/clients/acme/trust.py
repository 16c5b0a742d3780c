"""Whom a connection to a certificate authority trusts: it has a certificate of its own, often of a private root."""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tulle.clients.acme.problems import CannotObtain, Trouble
from tulle.model.resolvers import Server

if TYPE_CHECKING:
    from requests.adapters import HTTPAdapter


def with_environment(server: Server, environment: Mapping[str, str]) -> Server:
    """The server with what the variables of lego say, where the configuration says nothing."""
    authorities = tuple(filter(None, environment.get("LEGO_CA_CERTIFICATES", "").split(os.pathsep)))
    if authorities and not server.authorities:
        trusts_system = environment.get("LEGO_CA_SYSTEM_CERT_POOL", "").lower() in {"1", "t", "true"}
        server = replace(server, authorities=authorities, trusts_system=trusts_system)
    return replace(server, server_name=server.server_name or environment.get("LEGO_CA_SERVER_NAME", ""))


def context(server: Server) -> ssl.SSLContext:
    """Trust in the authorities of the system, in those that are named, or both.

    Raises:
        CannotObtain: one of them cannot be read.
    """
    found = ssl.create_default_context() if server.trusts_system or not server.authorities else _empty()
    for authority in server.authorities:
        is_text = "-----BEGIN" in authority
        try:
            text = authority if is_text else Path(authority).read_text()
            found.load_verify_locations(cadata=text)
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) and error.strerror else "it has no certificates"
            shown = "a certificate" if is_text else authority
            raise CannotObtain(f"{shown} of caCertificates cannot be used: {reason.lower()}", Trouble.UNSOLVED) from (
                error
            )
    return found


def adapter(server: Server) -> HTTPAdapter:
    """What a session of `requests` connects by. Raises as `context`."""
    from requests.adapters import HTTPAdapter

    options: dict[str, Any] = {"ssl_context": context(server)}
    if server.server_name:
        options |= {"server_hostname": server.server_name, "assert_hostname": server.server_name}

    class Adapter(HTTPAdapter):
        def init_poolmanager(self, connections: int, maxsize: int, block: bool = False, **pool_kwargs: Any) -> None:
            super().init_poolmanager(connections, maxsize, block, **pool_kwargs, **options)

        def proxy_manager_for(self, proxy: str, **proxy_kwargs: Any) -> Any:
            return super().proxy_manager_for(proxy, **proxy_kwargs, **options)

        def cert_verify(self, *args: Any, **kwargs: Any) -> None:
            """Nothing: it would add authorities that `requests` brings along."""

    return Adapter()


def _empty() -> ssl.SSLContext:
    return ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
