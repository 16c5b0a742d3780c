"""What agents and the control plane say to each other in `tulle.v1.Hosts`: JSON over gRPC."""

from __future__ import annotations

from dataclasses import dataclass

from tulle.model.workloads import Instance

SERVICE = "tulle.v1.Hosts"
JOIN = f"/{SERVICE}/Join"
SIGN = f"/{SERVICE}/Sign"
REPORT = f"/{SERVICE}/Report"

LARGEST_MESSAGE = 64 * 1024 * 1024
"""Bytes. A report of 10,000 instances has about 10 MB."""


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinRequest:
    """A new host asks to be let in."""

    token: str
    csr: str
    """Certificate signing request of the agent's key, in PEM."""
    host: str


@dataclass(frozen=True, slots=True, kw_only=True)
class SignRequest:
    """An agent asks for a certificate of a workload that it runs, of its gateway, or for a new one of its own."""

    csr: str
    namespace: str
    account: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A certificate and whom to trust."""

    chain: str
    """PEM, leaf first."""
    bundle: str
    """PEM of the roots."""
    identity: str
    trust_domain: str


@dataclass(frozen=True, slots=True, kw_only=True)
class HostReport:
    """What runs on a host, complete; sent again after every change."""

    host: str
    role: str
    """`sidecar`, `gateway` or `host`."""
    instances: tuple[Instance, ...] = ()
    message: str = ""
    """What the agent complains about, in a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """A report was taken notice of; counts from 1 on each stream."""

    count: int
