"""Whom TLS options trust: authorities that are text become secrets of the mesh. Pure."""

from __future__ import annotations

import hashlib
from dataclasses import replace

from tulle.kit.memo import remember
from tulle.model.listeners import ClientTrust
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.routers import TlsOptions

CERTIFICATES = "edge-certificates"
"""The namespace of the secrets of edge gateways."""


def hashed(text: str) -> Name:
    """A secret; names of secrets have few characters."""
    return Name(CERTIFICATES, hashlib.sha256(text.encode()).hexdigest()[:24])


def trust(options: TlsOptions | None) -> ClientTrust | None:
    """Which clients are believed; None: they are not asked."""
    return _trust(options) if options is not None else None


@remember(size=1)
def _trust(options: TlsOptions) -> ClientTrust | None:
    if options.trust is None or not options.authorities:
        return options.trust
    return replace(options.trust, secrets=(_name(options),))


@remember(size=1)
def secret(options: TlsOptions) -> Secret | None:
    """The authorities that are text; None if there are none."""
    if not options.authorities:
        return None
    return Secret(name=_name(options), origin=options.origin, data=(("ca.crt", options.authorities.encode()),))


def _name(options: TlsOptions) -> Name:
    return hashed(f"options {options.name}")
