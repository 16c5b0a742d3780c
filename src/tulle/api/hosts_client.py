"""The agent's side of `tulle.v1.Hosts`: joining a mesh, getting certificates signed, reporting."""

from __future__ import annotations

import asyncio
import socket
import ssl
from collections.abc import AsyncGenerator, AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import grpc
import grpc.aio
from cryptography.hazmat.primitives.asymmetric import ec

from tulle.api.hosts_messages import (
    JOIN,
    LARGEST_MESSAGE,
    REPORT,
    SIGN,
    HostReport,
    JoinRequest,
    Received,
    Signed,
    SignRequest,
)
from tulle.identity import spiffe
from tulle.identity.keys import BadCertificate, key_pem, new_key, request
from tulle.identity.tokens import Token
from tulle.identity.trust import Bundle, fingerprint
from tulle.kit.clock import Clock, SystemClock
from tulle.kit.codec import decode, encode

OPTIONS = (
    ("grpc.keepalive_time_ms", 10_000),
    ("grpc.keepalive_timeout_ms", 5_000),
    ("grpc.http2.max_pings_without_data", 0),
    ("grpc.max_send_message_length", LARGEST_MESSAGE),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
    # Each channel connects anew and at once: by default channels share connections, and how long to back off.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class Refused(Exception):
    """The control plane said no, with its reason; asking again does not help."""


class Unreachable(Exception):
    """The control plane did not answer; asking again later may help."""


class Impostor(Exception):
    """Whoever answers is not the control plane that the token was made by."""


@dataclass(frozen=True, slots=True)
class Credentials:
    """A certificate of this host, its key, and whom it trusts."""

    chain: bytes
    key: bytes = field(repr=False)
    bundle: bytes

    def channel(self, address: str) -> grpc.aio.Channel:
        """A connection to the port of proxies and agents (mTLS). The server must be the control plane of this mesh."""
        secure = grpc.ssl_channel_credentials(self.bundle, self.key, self.chain)
        return grpc.aio.secure_channel(address, secure, options=(*OPTIONS, *SERVER_NAME))


SERVER_NAME = (("grpc.ssl_target_name_override", spiffe.PLANE_HOST),)
"""Channel option: no workload can get a certificate with this name, so any address may be dialled."""


async def join(
    address: str, token: str, host: str, *, deadline: float = 10.0, clock: Clock | None = None
) -> tuple[Credentials, str]:
    """Let this host in: make a key here, prove the token, and get the agent's certificate and the trust domain.

    `address` is the enrolment address of the control plane: `host:port`, or `unix:/path` on the same machine.

    Raises:
        TokenRefused: the text is no token.
        Refused, Unreachable, Impostor: as they say.
    """
    parsed = Token.parse(token)
    is_local = address.startswith("unix:")
    if is_local:
        channel = grpc.aio.insecure_channel(address, options=OPTIONS)
    else:
        root = await asyncio.to_thread(_presented_root, address, parsed.pin, deadline)
        channel = grpc.aio.secure_channel(address, grpc.ssl_channel_credentials(root), options=(*OPTIONS, *SERVER_NAME))
    key = new_key()
    async with channel:
        message = encode(JoinRequest(token=token.strip(), csr=request(key).decode(), host=host))
        signed = decode(Signed, await _call(channel.unary_unary(JOIN), message, deadline))
    return _accepted(signed, key, parsed.pin, clock or SystemClock()), signed.trust_domain


class HostsClient:
    """Calls over a channel that was opened with the agent's own certificate."""

    def __init__(self, channel: grpc.aio.Channel, clock: Clock | None = None) -> None:
        self._channel = channel
        self._clock = clock or SystemClock()

    async def sign(self, namespace: str, account: str, *, deadline: float = 10.0) -> Credentials:
        """A fresh key and a certificate for it; the key never leaves this process but into `Credentials.key`.

        Raises:
            Refused: this host runs nothing with that identity.
            Unreachable: no answer in time.
        """
        key = new_key()
        message = encode(SignRequest(csr=request(key).decode(), namespace=namespace, account=account))
        signed = decode(Signed, await _call(self._channel.unary_unary(SIGN), message, deadline))
        return Credentials(signed.chain.encode(), key_pem(key), signed.bundle.encode())

    async def report(self, reports: AsyncIterator[HostReport]) -> AsyncGenerator[Received, None]:
        """Send each report and yield its receipt, until `reports` end or the stream is lost.

        Raises:
            Refused, Unreachable: as they say.
        """
        call: Any = self._channel.stream_stream(REPORT)(encode(report) async for report in reports)
        try:
            async for message in call:
                yield decode(Received, message)
        except grpc.aio.AioRpcError as error:
            raise _named(error) from error
        finally:
            call.cancel()


async def _call(method: Any, message: bytes, deadline: float) -> bytes:
    try:
        answer: bytes = await method(message, timeout=deadline)
    except grpc.aio.AioRpcError as error:
        raise _named(error) from error
    return answer


_TRANSIENT = {
    grpc.StatusCode.UNAVAILABLE,
    grpc.StatusCode.DEADLINE_EXCEEDED,
    grpc.StatusCode.CANCELLED,
    grpc.StatusCode.UNKNOWN,
    grpc.StatusCode.INTERNAL,
    grpc.StatusCode.RESOURCE_EXHAUSTED,
}


def _named(error: grpc.aio.AioRpcError) -> Refused | Unreachable:
    detail = error.details() or error.code().name
    return Unreachable(detail) if error.code() in _TRANSIENT else Refused(detail)


def _accepted(signed: Signed, key: ec.EllipticCurvePrivateKey, pin: str, clock: Clock) -> Credentials:
    """What came back is only used if it ends in the root that the token names."""
    bundle = signed.bundle.encode()
    try:
        pinned = Bundle.read(bundle)
        is_pinned = pin in pinned.fingerprints
        pinned.verify(signed.chain.encode(), clock.now())
    except BadCertificate as error:
        raise Impostor(f"the control plane answered with a certificate that cannot be used: {error}") from error
    if not is_pinned:
        raise Impostor("the control plane that answered is not the one that this token was made by")
    return Credentials(signed.chain.encode(), key_pem(key), bundle)


def _presented_root(address: str, pin: str, deadline: float) -> bytes:
    """The root certificate (PEM) that a server sends along, if it is the pinned one. Nothing is sent to the server."""
    host, _, port = address.rpartition(":")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    # Not verified here: the fingerprint decides, and the connection that carries the token is verified against it.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.set_alpn_protocols(["h2"])
    try:
        with (
            socket.create_connection((host.strip("[]"), int(port)), timeout=deadline) as connection,
            context.wrap_socket(connection, server_hostname=spiffe.PLANE_HOST) as tls,
        ):
            chain = _unverified_chain(tls)
    except (OSError, ValueError) as error:
        raise Unreachable(f"no control plane answers at {address}: {error}") from error
    for der in chain:
        if fingerprint(der) == pin:
            return ssl.DER_cert_to_PEM_cert(der).encode()
    raise Impostor(f"the server at {address} is not the control plane that this token was made by")


def _unverified_chain(connection: ssl.SSLSocket) -> list[bytes]:
    """What the peer sent, in DER. Public from Python 3.13 on; the object behind it has it since 3.10."""
    if hasattr(connection, "get_unverified_chain"):
        chain: list[bytes] = connection.get_unverified_chain()
        return chain
    inner: Any = connection._sslobj  # type: ignore[attr-defined]
    return [ssl.PEM_cert_to_DER_cert(certificate.public_bytes()) for certificate in inner.get_unverified_chain()]
