"""How a service is called: Istio's `TrafficPolicy`, put together from what is said for a host, a subset, a port."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import PortNumber
from tulle.dialects.istio import balancing, client_tls, connections
from tulle.dialects.istio.balancing import LoadBalancer
from tulle.dialects.istio.client_tls import ClientTlsSpec
from tulle.dialects.istio.connections import ConnectionPoolSpec, Outliers, RetryBudgetSpec
from tulle.dialects.istio.destinations import PortSelector
from tulle.dialects.istio.hosts import HostName
from tulle.dialects.objects import Differs, Items, ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.policies import Policy, Tunnel

_GROUPS = ("load_balancer", "connection_pool", "outlier_detection", "tls", "tunnel", "proxy_protocol", "retry_budget")
"""Parts of a policy: each is taken as a whole, from the most special place that has it."""


class PolicyGroups(ObjectSpec):
    """What can be said for a port too."""

    load_balancer: LoadBalancer | None = Field(None, description="How endpoints are chosen.")
    connection_pool: ConnectionPoolSpec | None = Field(None, description="How many connections there may be.")
    outlier_detection: Outliers | None = Field(None, description="An endpoint that fails is left out for a while.")
    tls: ClientTlsSpec | None = Field(None, description="TLS that callers speak.")


class PortPolicy(PolicyGroups):
    """What holds for one port, in the place of everything that is said for the host."""

    port: PortSelector = Field(description="Which port.")


class TunnelSpec(ObjectSpec):
    """TCP through an HTTP proxy: the host of the rule is the proxy."""

    protocol: Literal["CONNECT", "POST"] = Field("CONNECT", description="How the proxy is asked.")
    target_host: HostName = Field(description="Where the proxy is to connect to.")
    target_port: PortNumber = Field(description="And to which port.")


class ProxyProtocol(ObjectSpec):
    """Tells the callee who the client is."""

    version: Literal["V1", "V2"] = Field("V1", description="Text or binary.")


class TrafficPolicy(PolicyGroups):
    """How a service is called."""

    port_level_settings: Items[PortPolicy] = Field(
        (), description="For single ports; what is not said there is as by default, not as for the host."
    )
    tunnel: TunnelSpec | None = Field(None, description="TCP through an HTTP proxy.")
    proxy_protocol: Annotated[ProxyProtocol | None, Differs("only spoken to endpoints without a sidecar")] = Field(
        None, description="Tells the callee who the client is."
    )
    retry_budget: RetryBudgetSpec | None = Field(None, description="How many retries there may be at the same time.")


NOTHING = TrafficPolicy.model_validate({})
Ports = Mapping[int, TrafficPolicy]


def merged(base: TrafficPolicy, special: TrafficPolicy) -> TrafficPolicy:
    """A policy in which every group that the special one has takes the place of the same group of the other."""
    given = {name: value for name in _GROUPS if (value := getattr(special, name)) is not None}
    return base.model_copy(update=given)


def ports(policy: TrafficPolicy) -> dict[int, TrafficPolicy]:
    """What is said for single ports, each complete by itself.

    Istio: nothing is inherited of what a port could say itself; the rest of the policy holds for it, too.
    """
    return {
        each.port.number: policy.model_copy(update={name: getattr(each, name) for name in PolicyGroups.model_fields})
        for each in policy.port_level_settings
        if each.port.number is not None
    }


def check(part: Written, path: tuple[Step, ...], policy: TrafficPolicy, base: TrafficPolicy = NOTHING) -> None:
    """Note what the schema cannot see in the policy at `path`; what it leaves out is said by `base`."""
    _check_groups(part, path, policy, fails_over=merged(base, policy).outlier_detection is not None)
    seen: set[int] = set()
    for index, each in enumerate(policy.port_level_settings):
        place = (*path, "portLevelSettings", index)
        number = each.port.number
        if number is None:
            part.error((*place, "port"), "needs a number")
        elif number in seen:
            part.error((*place, "port"), f"has port {number}, which is written before; write it once")
        else:
            seen.add(number)
        _check_groups(part, place, each, fails_over=each.outlier_detection is not None)


def _check_groups(part: Written, path: tuple[Step, ...], policy: PolicyGroups, *, fails_over: bool) -> None:
    if policy.load_balancer is not None:
        balancing.check(part, (*path, "loadBalancer"), policy.load_balancer, fails_over=fails_over)
    if policy.outlier_detection is not None:
        connections.check_outliers(part, (*path, "outlierDetection"), policy.outlier_detection)
    if policy.tls is not None:
        client_tls.check(part, (*path, "tls"), policy.tls)


def model(part: Written, policy: TrafficPolicy) -> Policy:
    """The complete policy, with Istio's defaults for what nobody said."""
    pool = policy.connection_pool
    tcp = pool.tcp if pool is not None else None
    http = pool.http if pool is not None else None
    tunnel = policy.tunnel
    return Policy(
        load_balancing=balancing.model(policy.load_balancer, fails_over=policy.outlier_detection is not None),
        circuit_breaker=connections.breaker(pool, policy.retry_budget),
        outlier_detection=connections.outliers(policy.outlier_detection),
        connect_timeout=(tcp.connect_timeout if tcp is not None else None) or connections.CONNECT_TIMEOUT,
        idle_timeout=http.idle_timeout if http is not None else None,
        pool=connections.pool(pool),
        tls=client_tls.model(part, policy.tls),
        proxy_protocol=int(policy.proxy_protocol.version[1:]) if policy.proxy_protocol is not None else 0,
        tunnel=_tunnel(tunnel) if tunnel is not None else None,
    )


def _tunnel(spec: TunnelSpec) -> Tunnel:
    return Tunnel(host=spec.target_host, port=spec.target_port, uses_post=spec.protocol == "POST")
