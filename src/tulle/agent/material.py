"""A private key with its certificate chain and trust bundle, in memory and on disk. Knows nobody who signs."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from cryptography import x509

from tulle.identity.keys import read_key, read_leaf
from tulle.kit.files import write_atomically
from tulle.model.security import Identity

IDENTITY, TRUST = "identity.pem", "trust.pem"
"""Files; the identity's holds key and chain, so that one rename replaces both."""


@dataclass(frozen=True, slots=True)
class Material:
    """What it takes to prove an identity and to verify those of others; everything PEM."""

    key: bytes = field(repr=False)
    chain: bytes
    trust: bytes

    @property
    def expires(self) -> datetime:
        """The end of the life of the certificate."""
        return read_leaf(self.chain).not_after

    @property
    def identity(self) -> Identity:
        """Whose certificate it is."""
        return read_leaf(self.chain).identity

    def save(self, directory: Path) -> None:
        """Write it for the owner only.

        Raises:
            OSError: the disk is full or the directory cannot be written.
        """
        directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        write_atomically(directory / TRUST, self.trust, durable=False)
        write_atomically(directory / IDENTITY, self.key + self.chain, durable=False)

    @classmethod
    def load(cls, directory: Path) -> Material | None:
        """What was saved; None if there is nothing, or nothing that fits together."""
        try:
            both, trust = (directory / IDENTITY).read_bytes(), (directory / TRUST).read_bytes()
            start = both.index(b"-----BEGIN CERTIFICATE-----")
            material = cls(both[:start], both[start:], trust)
            read_leaf(material.chain)
            return material if is_pair(material.key, material.chain) else None
        except (OSError, ValueError):
            return None


def is_pair(key: bytes, chain: bytes) -> bool:
    """Whether the first certificate of the chain is for this key.

    Raises:
        ValueError: one of them is not PEM of the right kind.
    """
    return x509.load_pem_x509_certificate(chain).public_key() == read_key(key).public_key()
