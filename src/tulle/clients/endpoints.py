"""What clients of other people's servers have in common: addresses, TLS, and errors in plain words."""

from __future__ import annotations

import os
import re
import socket
import ssl
import tempfile
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tulle.model.providers import ClientTls

if TYPE_CHECKING:
    import httpx

CONNECTING = 3.0
"""Seconds until a server that does not answer is given up."""
KEEP_ALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 5),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 3),
)
"""A server that vanished without a word is noticed after half a minute, even if nothing is asked."""
_LOGIN = re.compile(r"(?:^|(?<=//))[^/]*@")


class CannotFetch(Exception):
    """There is no answer, or none that can be used; the message says why, as the rest of a sentence."""


def address(endpoint: str, tls: ClientTls | None) -> str:
    """An endpoint with its scheme, which follows from TLS if it has none."""
    with_scheme = endpoint if "://" in endpoint else f"{'https' if tls else 'http'}://{endpoint}"
    return with_scheme.rstrip("/")


def host_and_port(endpoint: str, port: int) -> tuple[str, int]:
    """The host and the port of an endpoint; that of its protocol if it names none.

    Raises:
        CannotFetch: it is no `host:port`.
    """
    rest = endpoint.partition("://")[2] or endpoint
    host, colon, number = rest.rstrip("/").rpartition(":")
    if not colon or number.endswith("]"):
        host, number = rest.rstrip("/"), str(port)
    if not host or not number.isdecimal() or not 0 < int(number) < 65536:
        raise CannotFetch(f"{shown(endpoint)} is no host with a port, such as 127.0.0.1:{port}")
    return host.removeprefix("[").removesuffix("]"), int(number)


def shown(endpoints: str) -> str:
    """An endpoint, or several with commas, without the passwords that may be in them."""
    return _LOGIN.sub("", endpoints)


def context(tls: ClientTls | None) -> ssl.SSLContext:
    """How a server is spoken to by TLS; without settings, as the system trusts.

    Raises:
        CannotFetch: a certificate or key cannot be used.
    """
    settings = tls or ClientTls()
    try:
        found = ssl.create_default_context(cadata=_pem(settings.ca) if settings.ca else None)
        if settings.insecure_skip_verify:
            found.check_hostname = False
            found.verify_mode = ssl.CERT_NONE
        if settings.cert or settings.key:
            _show(found, settings)
    except (OSError, ValueError) as error:
        raise CannotFetch(f"its TLS settings cannot be used: {reason(error)}") from error
    return found


def _show(found: ssl.SSLContext, settings: ClientTls) -> None:
    # The library reads files only. Nobody else can read this one, and it is gone at once.
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, "client.pem")
        with open(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
            file.write(f"{_pem(settings.cert)}\n{_pem(settings.key)}\n")
        found.load_cert_chain(path)


def _pem(file_or_text: str) -> str:
    if "-----BEGIN" in file_or_text:
        return file_or_text
    with open(file_or_text) as file:
        return file.read()


def session(
    endpoint: str, tls: ClientTls | None, headers: dict[str, str] | None = None, patience: float | None = None
) -> httpx.AsyncClient:
    """An HTTP client for one endpoint, without proxies. Answers may take forever, or as long as it says."""
    import httpx  # Only now: most meshes never need it, and all would wait for it at their start.

    base = address(endpoint, tls)
    verify = context(tls) if base.startswith("https:") else False
    return httpx.AsyncClient(
        base_url=base,
        headers={"accept-encoding": "identity", "user-agent": "tulle", **(headers or {})},
        timeout=httpx.Timeout(CONNECTING, read=patience),
        transport=httpx.AsyncHTTPTransport(verify=verify, socket_options=KEEP_ALIVE),
        trust_env=False,
    )


def reason(error: BaseException) -> str:
    """What went wrong in the words of the system, which is the innermost error; libraries hide it."""
    for each in _causes(error):
        if isinstance(each, ssl.SSLCertVerificationError):
            return f"its certificate is not trusted: {each.verify_message}"
        if isinstance(each, ssl.SSLError) and each.reason:
            return f"no TLS: {each.reason.replace('_', ' ').lower()}"
        if isinstance(each, OSError) and each.errno:
            # asyncio puts words of its own there; those of the resolver have negative numbers.
            return (os.strerror(each.errno) if each.errno > 0 else each.strerror or "").lower()
    if isinstance(error, TimeoutError) or type(error).__name__.endswith("Timeout"):
        return "it does not answer in time"
    return str(error) or type(error).__name__


def _causes(error: BaseException) -> Iterator[BaseException]:
    inner = error.exceptions if isinstance(error, BaseExceptionGroup) else (error.__cause__ or error.__context__,)
    for each in inner:
        if each is not None:
            yield from _causes(each)
    yield error
