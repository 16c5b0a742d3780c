"""Telling the service about the certificate of the client."""

from __future__ import annotations

from typing import Any

from tulle.envoy.steps.parts import Operation, Part, Where, Work
from tulle.model import steps

KINDS = (
    ("domain_component", "DC", ("DC", "DOMAINCOMPONENT", "0.9.2342.19200300.100.1.25")),
    ("country", "C", ("C", "2.5.4.6")),
    ("province", "ST", ("ST", "S", "2.5.4.8")),
    ("locality", "L", ("L", "2.5.4.7")),
    ("organization", "O", ("O", "2.5.4.10")),
    ("organizational_unit", "OU", ("OU", "2.5.4.11")),
    ("serial_number", "SN", ("SERIALNUMBER", "SN", "2.5.4.5")),
    ("common_name", "CN", ("CN", "2.5.4.3")),
)
"""Parts of a name in the order in which they are told, and how certificates name them."""


def show(step: steps.ShowCertificate, where: Where) -> tuple[Part, ...]:
    """In `X-Forwarded-Tls-Client-Cert`, and its parts in `X-Forwarded-Tls-Client-Cert-Info`."""
    operation: dict[str, Any] = {
        "op": "show_certificate",
        "pem": step.shows_pem,
        "serial": step.shows_serial_number,
        "start": step.shows_start,
        "stop": step.shows_end,
        "names": step.shows_names,
    }
    for name, parts in (("subject", step.subject), ("issuer", step.issuer)):
        if parts is not None:
            operation[name] = _kinds(parts)
    return (Work(request=(operation,)),)


def _kinds(parts: steps.CertificateParts) -> list[Operation]:
    return [{"as": text, "names": list(names)} for field, text, names in KINDS if getattr(parts, field)]
