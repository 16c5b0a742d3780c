"""SPIFFE names: reading, checking and the well-known ones of the mesh itself. Knows no certificates."""

from __future__ import annotations

import re

from tulle.model.names import SYSTEM_NAMESPACE
from tulle.model.security import Identity

PLANE_HOST = "plane.tulle-system"
"""DNS name in the certificate of every control plane; clients expect it, by whatever address they connect."""

LONGEST = 2048
"""Bytes of a SPIFFE ID (SPIFFE-ID §2.3)."""

_TRUST_DOMAIN = re.compile(r"[a-z0-9._-]{1,255}")
_SEGMENT = re.compile(r"[a-zA-Z0-9._-]+")
_AGENT = "agent-"


class NotAnIdentity(ValueError):
    """A text is no SPIFFE ID of the form that this mesh uses."""


def parse(text: str) -> Identity:
    """Read `spiffe://<trust domain>/ns/<namespace>/sa/<account>`.

    Raises:
        NotAnIdentity: it has another form, or characters that SPIFFE forbids.
    """
    scheme, _, rest = text.partition("://")
    parts = rest.split("/")
    if scheme != "spiffe" or len(parts) != 5 or parts[1] != "ns" or parts[3] != "sa":
        raise NotAnIdentity(f'"{text}" is not of the form spiffe://<trust domain>/ns/<namespace>/sa/<account>')
    return checked(Identity(parts[0], parts[2], parts[4]))


def checked(identity: Identity) -> Identity:
    """The same identity, if SPIFFE allows its characters.

    Raises:
        NotAnIdentity: it does not.
    """
    if not _TRUST_DOMAIN.fullmatch(identity.trust_domain):
        raise NotAnIdentity(
            f'"{identity.trust_domain}" cannot be a trust domain; use lower-case letters, digits, ".", "-" and "_"'
        )
    for what, segment in (("namespace", identity.namespace), ("service account", identity.account)):
        if not _SEGMENT.fullmatch(segment) or segment in {".", ".."}:
            raise NotAnIdentity(f'"{segment}" cannot be a {what}; use letters, digits, ".", "-" and "_"')
    if len(str(identity)) > LONGEST:
        raise NotAnIdentity(f"an identity has at most {LONGEST} characters, this one has {len(str(identity))}")
    return identity


def plane(trust_domain: str) -> Identity:
    """The control plane."""
    return Identity(trust_domain, SYSTEM_NAMESPACE, "plane")


def gateway(trust_domain: str) -> Identity:
    """Every gateway of the mesh."""
    return Identity(trust_domain, SYSTEM_NAMESPACE, "gateway")


def agent(trust_domain: str, host: str) -> Identity:
    """The agent of a host."""
    return Identity(trust_domain, SYSTEM_NAMESPACE, _AGENT + host)


def host_of(identity: Identity) -> str | None:
    """The host whose agent this is; None for everybody else."""
    is_agent = identity.namespace == SYSTEM_NAMESPACE and identity.account.startswith(_AGENT)
    return identity.account.removeprefix(_AGENT) if is_agent else None
