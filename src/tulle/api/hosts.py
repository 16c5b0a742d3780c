"""The gRPC service `tulle.v1.Hosts`: hosts join, get certificates signed, and report what they run.

Join is offered where a peer needs no certificate, everything else only where it must have one.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from hashlib import sha256
from typing import Any, NoReturn, Protocol, TypeAlias, TypeVar

import grpc
import grpc.aio
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from tulle.api.hosts_messages import SERVICE, HostReport, JoinRequest, Received, Signed, SignRequest
from tulle.identity import spiffe
from tulle.identity.authority import Authority
from tulle.identity.keys import BadRequest, requested_key
from tulle.identity.tokens import TokenRefused, Tokens, TokensUnreadable
from tulle.kit.codec import Undecodable, decode, encode
from tulle.model.mesh import Settings
from tulle.model.names import SYSTEM_NAMESPACE
from tulle.model.security import Identity

log = logging.getLogger(__name__)

AGENT_LIFETIME = 7 * 24 * 3600.0
"""Seconds. An agent that was away for longer must join again; shorter lives of workloads do not shorten it."""

Request = TypeVar("Request")
Context: TypeAlias = grpc.aio.ServicerContext


class HostRegistry(Protocol):
    """Whoever wants to know about hosts, and decides what they may be."""

    @property
    def settings(self) -> Settings:
        """Trust domain and lifetime of certificates, as of now."""
        ...

    def may_sign(self, host: str, namespace: str, account: str) -> bool:
        """Whether a host runs (or is to run) something with this identity. It may always renew its agent's own."""
        ...

    def is_connected(self, host: str) -> bool:
        """Whether a host of this name is there now; a second one cannot take its place."""
        ...

    def connected(self, host: str, role: str) -> None:
        """An agent opened its stream; reports follow."""
        ...

    def reported(self, report: HostReport) -> None:
        """What runs on a host now, complete."""
        ...

    def disconnected(self, host: str) -> None:
        """The stream of a host was lost, and no newer one has replaced it."""
        ...


class Hosts:
    """The service. One object per control plane; its handlers may be served on several ports."""

    def __init__(self, authority: Authority, tokens: Tokens, registry: HostRegistry) -> None:
        self._authority = authority
        self._tokens = tokens
        self._registry = registry
        self._streams: dict[str, object] = {}
        """The newest report stream of each host."""

    def enrolment(self) -> grpc.GenericRpcHandler:
        """Join alone, for a port where peers need no certificate."""
        return _handler({"Join": grpc.unary_unary_rpc_method_handler(_unary(JoinRequest, self._join))})

    def membership(self) -> grpc.GenericRpcHandler:
        """Sign and Report, for the port that demands certificates of its peers."""
        return _handler(
            {
                "Sign": grpc.unary_unary_rpc_method_handler(_unary(SignRequest, self._sign)),
                "Report": grpc.stream_stream_rpc_method_handler(self._report),
            }
        )

    async def _join(self, request: JoinRequest, context: Context) -> Signed:
        identity = spiffe.agent(self._registry.settings.trust_domain, request.host)
        if not request.host:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, "a host needs a name")
        if self._registry.is_connected(request.host):
            message = f"a host named {request.host} is there already; give this one another name with --host"
            await _refuse(context, grpc.StatusCode.PERMISSION_DENIED, message)
        try:
            spiffe.checked(identity)
            key = requested_key(request.csr.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
            self._tokens.redeem(request.token, f"{request.host} {sha256(key).hexdigest()}")
        except TokenRefused as error:
            log.warning("host %s (%s) was refused: %s", request.host, context.peer(), error)
            await _refuse(context, grpc.StatusCode.PERMISSION_DENIED, str(error))
        except TokensUnreadable as error:
            log.error("%s", error)
            await _refuse(context, grpc.StatusCode.FAILED_PRECONDITION, "the control plane cannot read its tokens")
        except (BadRequest, spiffe.NotAnIdentity) as error:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        log.info("host %s joined from %s", request.host, context.peer())
        return await self._signed(request.csr, identity, AGENT_LIFETIME, context)

    async def _sign(self, request: SignRequest, context: Context) -> Signed:
        host = await _agent_host(context)
        settings = self._registry.settings
        identity = Identity(settings.trust_domain, request.namespace, request.account)
        if spiffe.host_of(identity) == host:
            return await self._signed(request.csr, identity, AGENT_LIFETIME, context)
        # Names of agents and of the control plane are never a workload's, whatever is assigned to a host.
        is_reserved = request.namespace == SYSTEM_NAMESPACE and request.account != "gateway"
        if is_reserved or not self._registry.may_sign(host, request.namespace, request.account):
            message = f"host {host} runs nothing as {request.account} in namespace {request.namespace}"
            log.warning("a certificate was refused: %s", message)
            await _refuse(context, grpc.StatusCode.PERMISSION_DENIED, message)
        return await self._signed(request.csr, identity, settings.certificate_lifetime, context)

    async def _signed(self, csr: str, identity: Identity, lifetime: float, context: Context) -> Signed:
        try:
            chain = self._authority.sign(csr.encode(), identity, lifetime)
        except (BadRequest, spiffe.NotAnIdentity) as error:
            await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))
        return Signed(
            chain=chain.decode(),
            bundle=self._authority.bundle.pem.decode(),
            identity=str(identity),
            trust_domain=identity.trust_domain,
        )

    async def _report(self, messages: AsyncIterator[bytes], context: Context) -> AsyncIterator[bytes]:
        host = await _agent_host(context)
        stream, count = object(), 0
        try:
            async for message in messages:
                report = await _decoded(HostReport, message, context)
                if report.host != host:
                    await _refuse(
                        context, grpc.StatusCode.PERMISSION_DENIED, f"host {host} cannot report for host {report.host}"
                    )
                if count == 0:
                    self._streams[host] = stream
                    self._registry.connected(host, report.role)
                # A stream that a restarted agent has replaced may still deliver what it had in flight.
                if self._streams.get(host) is stream:
                    self._registry.reported(report)
                count += 1
                yield encode(Received(count=count))
        finally:
            if self._streams.get(host) is stream:
                del self._streams[host]
                self._registry.disconnected(host)


def peer_identity(context: Context) -> Identity | None:
    """Who the certificate of a peer says it is; None without a certificate. Verified by the transport."""
    names = context.auth_context().get("peer_spiffe_id", ())
    try:
        return spiffe.parse(names[0].decode()) if names else None
    except spiffe.NotAnIdentity:
        return None


async def _agent_host(context: Context) -> str:
    identity = peer_identity(context)
    host = spiffe.host_of(identity) if identity is not None else None
    if host is None:
        await _refuse(
            context, grpc.StatusCode.UNAUTHENTICATED, "only an agent with its own certificate may ask for this"
        )
    return host


def _handler(methods: dict[str, Any]) -> grpc.GenericRpcHandler:
    return grpc.method_handlers_generic_handler(SERVICE, methods)


def _unary(
    kind: type[Request], answer: Callable[[Request, Context], Awaitable[Signed]]
) -> Callable[[bytes, Context], Awaitable[bytes]]:
    async def handle(message: bytes, context: Context) -> bytes:
        return encode(await answer(await _decoded(kind, message, context), context))

    return handle


async def _decoded(kind: type[Request], message: bytes, context: Context) -> Request:
    try:
        return decode(kind, message)
    except Undecodable as error:
        await _refuse(context, grpc.StatusCode.INVALID_ARGUMENT, str(error))


async def _refuse(context: Context, code: grpc.StatusCode, message: str) -> NoReturn:
    await context.abort(code, message)
    raise AssertionError("abort raises")
