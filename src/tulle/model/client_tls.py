"""TLS towards systems that are asked for something."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ClientTls:
    """TLS towards a provider. Certificates and keys are files, or PEM."""

    ca: str = ""
    """Authorities that are trusted instead of those of the system."""
    cert: str = ""
    """Shown to the provider."""
    key: str = ""
    insecure_skip_verify: bool = False
    """Whether any certificate is good."""
