"""Identities and who may do what."""

from __future__ import annotations

from dataclasses import dataclass

from tulle.model.documents import Origin
from tulle.model.names import Name


@dataclass(frozen=True, slots=True)
class Identity:
    """A workload identity in the form that Istio uses within SPIFFE (spiffe://domain/ns/namespace/sa/account)."""

    trust_domain: str
    namespace: str
    account: str

    def __str__(self) -> str:
        return f"spiffe://{self.trust_domain}/ns/{self.namespace}/sa/{self.account}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One permission to call a service; every part that is set must hold.

    Methods and paths can only be seen on HTTP ports. A path that ends in `*` is a prefix.
    """

    origin: Origin
    callers: tuple[Name, ...] = ()
    """Service accounts (namespace and account); empty for every workload of the mesh."""
    namespaces: tuple[str, ...] = ()
    """Namespaces whose workloads may all call; added to `callers`."""
    methods: tuple[str, ...] = ()
    paths: tuple[str, ...] = ()
    ports: tuple[int, ...] = ()

    @property
    def needs_http(self) -> bool:
        """Whether only a proxy that sees requests can decide it."""
        return bool(self.methods or self.paths)
