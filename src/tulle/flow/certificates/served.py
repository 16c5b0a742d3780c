"""Certificates as secrets of the mesh, like those that documents bring."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from tulle.flow.certificates.planning import Known
from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.objects import Secret

NAMESPACE = "acme-certificates"
"""Of secrets that authorities have signed."""
SOURCE = "acme"


def secret_name(identity: str) -> Name:
    """The secret of a certificate."""
    return Name(NAMESPACE, identity.replace("/", "-", 1))


class Secrets:
    """The secrets of all certificates that can be shown; the same object as long as a certificate is the same."""

    def __init__(self) -> None:
        self._made: dict[str, tuple[str, Secret]] = {}

    def of(self, known: Mapping[str, Known], now: datetime) -> dict[Name, Secret]:
        """By name."""
        made: dict[str, tuple[str, Secret]] = {}
        for identity, each in sorted(known.items()):
            if each.is_valid(now):
                chain = each.certificate.chain
                before = self._made.get(identity)
                is_same = before is not None and before[0] == chain
                made[identity] = before if before and is_same else (chain, _secret(identity, each))
        self._made = made
        return {secret.name: secret for _, secret in made.values()}


def _secret(identity: str, known: Known) -> Secret:
    certificate = known.certificate
    origin = Origin(SOURCE, f"{SOURCE}:{identity}", subject=f"certificate {certificate.domains[0]}")
    data = (("tls.crt", certificate.chain.encode()), ("tls.key", certificate.key.encode()))
    return Secret(name=secret_name(identity), origin=origin, data=data)
