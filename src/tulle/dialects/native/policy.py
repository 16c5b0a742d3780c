"""How callers treat a service or a version of it, all together."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from pydantic import Field

from tulle.dialects.fields import PositiveDuration, Spec
from tulle.dialects.native.balancing import Balancing
from tulle.dialects.native.traffic import Rate
from tulle.dialects.native.upstream import (
    Checked,
    CircuitBreakerSpec,
    ConnectionsSpec,
    Encrypted,
    OutlierDetectionSpec,
    Tunnelled,
)
from tulle.model.policies import Policy


class VersionPolicySpec(Spec):
    """What a version may have of its own."""

    load_balancing: Balancing | None = Field(None, description="How callers choose among its instances.")
    circuit_breaker: CircuitBreakerSpec | None = Field(None, description="Upper limits towards it.")
    outlier_detection: OutlierDetectionSpec | None = Field(None, description="Leaves out instances that fail.")
    connections: ConnectionsSpec | None = Field(None, description="How connections to it are made and kept.")
    tls: Encrypted | None = Field(None, description="TLS that callers speak to it: true, a mode, or a mapping.")
    connect_timeout: PositiveDuration | None = Field(None, description="For a connection to an instance; 5s.")
    idle_timeout: PositiveDuration | None = Field(None, description="After which unused connections are closed; 1h.")
    proxy_protocol: Literal[1, 2] | None = Field(
        None, description="Tells it who the client is by this version of the PROXY protocol."
    )
    tunnel: Tunnelled | None = Field(
        None, description="TCP: it is an HTTP proxy, which is asked (CONNECT) for this place: db.example.org:5432."
    )

    def changed(self, policy: Policy, folder: str, namespace: str) -> Policy:
        """A policy with what is said here; files start at `folder`, secrets are looked for in `namespace`."""
        if self.load_balancing is not None:
            policy = replace(policy, load_balancing=self.load_balancing.model())
        if self.circuit_breaker is not None:
            policy = replace(policy, circuit_breaker=self.circuit_breaker.model())
        if self.outlier_detection is not None:
            policy = replace(policy, outlier_detection=self.outlier_detection.model())
        if self.connections is not None:
            policy = replace(policy, pool=self.connections.model())
        if self.tls is not None:
            policy = replace(policy, tls=self.tls.model(folder, namespace))
        if self.connect_timeout is not None:
            policy = replace(policy, connect_timeout=self.connect_timeout)
        if self.idle_timeout is not None:
            policy = replace(policy, idle_timeout=self.idle_timeout)
        if self.proxy_protocol is not None:
            policy = replace(policy, proxy_protocol=self.proxy_protocol)
        return replace(policy, tunnel=self.tunnel.model()) if self.tunnel is not None else policy


class PolicySpec(VersionPolicySpec):
    """What holds for all of a service."""

    rate_limit: Rate | None = Field(None, description="Above it, requests are answered 429: 100/s.")
    health_check: Checked | None = Field(None, description="How proxies watch addresses: a path, or a mapping.")

    def policy(self, folder: str, namespace: str) -> Policy:
        """As the model has it."""
        policy = Policy(
            health_check=self.health_check.model() if self.health_check is not None else None,
            rate_limit=self.rate_limit.model() if self.rate_limit is not None else None,
        )
        return self.changed(policy, folder, namespace)
