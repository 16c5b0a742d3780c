"""The proxies beside the instances of this host, as the runtime asks for them."""

from __future__ import annotations

from dataclasses import replace

from tulle.agent.proxies import Proxies, ProxyFailed, ProxyRecord
from tulle.model.security import Identity
from tulle.model.workloads import Assignment, Instance, InstanceState
from tulle.runtime.sidecars import SidecarFailed

DRAIN = 5.0
"""Seconds for instances of which nothing else is known."""


class EnvoySidecars:
    """Implements `tulle.runtime.sidecars.Sidecars`: one Envoy beside each instance."""

    def __init__(self, proxies: Proxies) -> None:
        self._proxies = proxies
        self._drains: dict[str, float] = {}

    async def start(self, instance: Instance, assignment: Assignment) -> None:
        """Start the sidecar, or adopt the one that already runs; return when it serves.

        Raises:
            SidecarFailed: it does not, with the reason.
        """
        self._drains[instance.id] = assignment.drain
        record = ProxyRecord(
            id=instance.id,
            role="sidecar",
            host=instance.host,
            service=str(instance.service),
            identity=Identity(assignment.trust_domain, instance.service.namespace, assignment.account),
            concurrency=assignment.concurrency,
            environment=assignment.proxy_environment,
            # What changes while it lives is reported elsewhere; the plane compiles from the rest.
            instance=replace(instance, state=InstanceState.READY, message="", restarts=0),
        )
        try:
            await self._proxies.start(record)
        except ProxyFailed as error:
            raise SidecarFailed(str(error)) from error

    async def drain(self, instance: Instance) -> None:
        """Let no new request in, and wait until nothing is in flight or the drain time of the workload is over."""
        await self._proxies.drain(instance.id, self._drains.get(instance.id, DRAIN))

    async def stop(self, instance_id: str) -> None:
        """End it, if there is one."""
        self._drains.pop(instance_id, None)
        await self._proxies.stop(instance_id)
