"""What is believed: a proxy is what its certificate says, and a host runs what it was told to run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from tulle.flow.assign import HostPlan
from tulle.flow.hosts import Hosts
from tulle.kit.codec import from_plain
from tulle.model.names import SYSTEM_NAMESPACE
from tulle.model.security import Identity
from tulle.model.workloads import Instance, InstanceState
from tulle.xds.subscription import Refused, Session


@dataclass(frozen=True, slots=True)
class Peer:
    """A stream's other end, after its certificate was compared with its claims."""

    role: str
    """`agent`, `gateway` or `sidecar`."""
    host: str
    instance: Instance | None = None
    admin: str = ""


def admit(session: Session, trust_domain: str, hosts: Hosts) -> Peer:
    """Compare the node's claims with its identity, and with what hosts reported under its id.

    Raises:
        Refused: a claim is missing, malformed, or not covered by the certificate.
    """
    claims = session.metadata
    role, host = str(claims.get("role", "")), str(claims.get("host", ""))
    admin = str(claims.get("admin", ""))
    if role == "agent":
        _require(session, trust_domain, SYSTEM_NAMESPACE, f"agent-{host}")
        return Peer(role, host)
    if role == "gateway":
        _require(session, trust_domain, SYSTEM_NAMESPACE, "gateway")
        if session.node_id != f"gateway-{host}":
            raise Refused(f"node {session.node_id} says that it is the gateway of host {host}")
        return Peer(role, host, admin=admin)
    if role == "sidecar":
        instance = _instance(claims.get("instance"))
        _require(session, trust_domain, instance.service.namespace, instance.account)
        if instance.id != session.node_id:
            raise Refused(f"node {session.node_id} describes the instance {instance.id}")
        _require_own_id(instance, hosts)
        return Peer(role, host, instance=instance, admin=admin)
    raise Refused(f'node {session.node_id} has the role "{role}"; known roles are agent, gateway and sidecar')


def believed(reported: Iterable[Instance], plan: HostPlan, known: Iterable[Instance]) -> tuple[Instance, ...]:
    """Of what a host reports, what it was told to run, and what it ran before (it is still being drained).

    Anything else would give the host the identity of a service that is none of its business, and a share of its calls.
    """
    assigned = {(each.service, each.account) for each in plan.workloads}
    before = {(each.id, each.service, each.account) for each in known}
    return tuple(
        each
        for each in reported
        if (each.service, each.account) in assigned or (each.id, each.service, each.account) in before
    )


def _instance(claim: Any) -> Instance:
    try:
        instance = from_plain(Instance, claim)
    except ValueError as error:
        raise Refused(f"the node's description of its instance cannot be read: {error}") from error
    # What changes while it lives is of no interest here; without it, equal instances compile to the same objects.
    return replace(instance, state=InstanceState.READY, message="", restarts=0)


def _require_own_id(instance: Instance, hosts: Hosts) -> None:
    """Whoever took the id of another proxy would cut that off from its configuration."""
    known = hosts.instance(instance.id)
    is_other = known is not None and (known.service, known.account) != (instance.service, instance.account)
    is_gateway = instance.id.startswith("gateway-") and instance.id.removeprefix("gateway-") in hosts.roles
    if is_other or is_gateway:
        raise Refused(f"{instance.id} is another proxy than one of {instance.service} as {instance.account}")


def _require(session: Session, trust_domain: str, namespace: str, account: str) -> None:
    needed = str(Identity(trust_domain, namespace, account))
    if session.identity != needed:
        raise Refused(f"node {session.node_id} needs the identity {needed}, its certificate says {session.identity}")
