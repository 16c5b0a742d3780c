"""What can be observed of a running control plane; `status`, the API and the dashboard show nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from tulle.model.documents import Document
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.statuses import ObjectKey, Place
from tulle.model.workloads import Instance
from tulle.xds.snapshot import Resource


@dataclass(frozen=True, slots=True, kw_only=True)
class ProxyState:
    """One proxy, as its control plane sees it."""

    id: str
    role: str
    """`gateway` or `sidecar`."""
    service: str
    """`name.namespace` of the service that it stands before; `gateway.tulle-system` for the gateway."""
    host: str
    is_connected: bool
    is_synced: bool
    """It accepted everything that it should have."""
    version: str
    """Hash over the versions that it accepted."""
    admin: str
    """Where its agent finds Envoy's admin interface: `unix:/path`."""
    resources: tuple[Resource, ...] = ()
    """What it was given and accepted."""


class State(Protocol):
    """A running control plane, to look at."""

    @property
    def mesh(self) -> Mesh:
        """The desired state that is being published."""
        ...

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Everything that is wrong now: of files, of the mesh, of proxies, of instances."""
        ...

    @property
    def documents(self) -> Sequence[Document]:
        """Every object as it was written, in the order in which they are read."""
        ...

    @property
    def since(self) -> Mapping[ObjectKey, Mapping[Place, str]]:
        """Since when statuses are as they are, in RFC 3339."""
        ...

    @property
    def instances(self) -> tuple[Instance, ...]:
        """What the agents run, as they last reported it."""
        ...

    @property
    def is_ready(self) -> bool:
        """Every desired replica is ready and every proxy that should exist is connected and synced."""
        ...

    def proxies(self) -> tuple[ProxyState, ...]:
        """Every proxy that is connected or should be, by id."""
        ...
