"""TLS of the control plane's own ports: its certificate, renewed while it serves, and what it demands of peers."""

from __future__ import annotations

import logging
from ipaddress import ip_address

import grpc

from tulle.identity import spiffe
from tulle.identity.authority import Authority, ServerNames
from tulle.identity.keys import key_pem, new_key, read_leaf, request
from tulle.kit.clock import Clock, SystemClock

log = logging.getLogger(__name__)

LIFETIME = 24 * 3600.0
"""Seconds; renewed after half of it."""


class ServerCertificate:
    """The certificate of this control plane. Its key is made here and is never stored."""

    def __init__(
        self, authority: Authority, trust_domain: str, hosts: tuple[str, ...] = (), clock: Clock | None = None
    ):
        """`hosts`: host names and addresses by which clients other than our own reach this server."""
        self._authority = authority
        self._identity = spiffe.plane(trust_domain)
        self._names = _server_names(hosts)
        self._clock = clock or SystemClock()
        self._issue()

    def membership(self) -> grpc.ServerCredentials:
        """For the port of proxies and agents: a peer without a certificate of this mesh does not get in."""
        return self._credentials(is_client_required=True)

    def enrolment(self) -> grpc.ServerCredentials:
        """For the port of new hosts, which have no certificate yet. gRPC cannot ask for one without demanding it."""
        return self._credentials(is_client_required=False)

    def _credentials(self, *, is_client_required: bool) -> grpc.ServerCredentials:
        issued = self._configuration(is_client_required)

        def fetch() -> grpc.ServerCertificateConfiguration | None:
            # Called by gRPC in each handshake; None: as before.
            nonlocal issued
            self._renew()
            if self._version == issued[0]:
                return None
            issued = self._configuration(is_client_required)
            return issued[1]

        return grpc.dynamic_ssl_server_credentials(issued[1], fetch, is_client_required)

    def _configuration(self, with_roots: bool) -> tuple[int, grpc.ServerCertificateConfiguration]:
        # The root at the end of the chain is for new hosts, which know no more than its fingerprint.
        root = self._authority.bundle.pem
        pair = (self._key, self._chain + root)
        return self._version, grpc.ssl_server_certificate_configuration([pair], root if with_roots else None)

    def _renew(self) -> None:
        if self._clock.now() < self._renew_at:
            return
        try:
            self._issue()
        except Exception as error:  # a handshake must not fail while the old certificate is good
            log.error("the certificate of the control plane could not be renewed: %s", error)

    def _issue(self) -> None:
        key = new_key()
        self._chain = self._authority.sign(request(key), self._identity, LIFETIME, self._names)
        self._key = key_pem(key)
        self._renew_at = read_leaf(self._chain).renew_at
        self._version = getattr(self, "_version", 0) + 1


def _server_names(hosts: tuple[str, ...]) -> ServerNames:
    dns, addresses = [spiffe.PLANE_HOST], []
    for host in hosts:
        try:
            addresses.append(ip_address(host))
        except ValueError:
            dns.append(host)
    return ServerNames(dns=tuple(dict.fromkeys(dns)), addresses=tuple(dict.fromkeys(addresses)))
