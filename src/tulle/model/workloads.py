"""What is to be run, and what is running."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from tulle.model.documents import Origin
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.services import Port, Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class Probe:
    """How to find out that an instance is ready; at most one of the three, none for `the port accepts connections`."""

    path: str = ""
    """HTTP GET on the first HTTP port; 200 to 399 is ready."""
    command: str = ""
    """Run by the shell in the environment of the instance; exit status 0 is ready."""
    port: str = ""
    """Name of the port that `path` (or the TCP check) uses; the first one if empty."""
    interval: float = 0.1
    """Seconds between checks while it starts; once ready, checks are every 5 s."""
    timeout: float = 1.0
    deadline: float = 60.0
    """Seconds after which an instance that is not ready is reported and started anew."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Workload:
    """One version of a service that we run. Compared and hashed by identity."""

    name: Name
    """`<service>` or `<service>-<version>`, in the namespace of the service."""
    origin: Origin
    service: Name
    command: str | tuple[str, ...]
    """A line for the shell, or a program and its arguments."""
    directory: str
    """Absolute path; where the command runs."""
    version: str = ""
    account: str = ""
    environment: tuple[tuple[str, str], ...] = ()
    ports: tuple[Port, ...] = ()
    replicas: int = 1
    probe: Probe = field(default_factory=Probe)
    drain: float = 5.0
    """Seconds that an instance which is no longer called may take to finish its requests."""
    calls: tuple[Name, ...] | None = None
    """TCP and UDP services for which its sidecar offers a local port; None: all that it may call."""
    calls_origin: Origin | None = None
    """Where they were written, if not where the workload begins."""
    unix_socket: bool = False
    """Whether the application listens on a Unix socket (`SOCKET` in its environment) instead of `PORT`."""
    own_labels: tuple[tuple[str, str], ...] = ()
    """Labels that were written, beside (or instead of) `app` and `version`."""
    is_bare: bool = False
    """Whether it belongs to no service of its own: only selectors find it. `service` then only names it."""
    locality: Locality | None = None
    has_account: bool = True
    """Whether its account was written; otherwise a template of its name may say it."""

    @property
    def labels(self) -> tuple[tuple[str, str], ...]:
        """What selectors and subsets select by, with those that say where it is."""
        labels = {} if self.is_bare else {"app": self.service.name}
        if self.version:
            labels["version"] = self.version
        labels |= dict(self.own_labels)
        for label, text in self.locality.labels if self.locality is not None else ():
            labels.setdefault(label, text)
        return tuple(labels.items())


NAMING_LABELS = ("service.istio.io/canonical-name", "app.kubernetes.io/name", "app")


def canonical_name(labels: Mapping[str, str], name: str) -> str:
    """What a workload without a service of its own is called: by its labels, or else by its own name."""
    return next((labels[key] for key in NAMING_LABELS if labels.get(key)), name)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Template:
    """What another document says about workloads of a name: a Deployment, a Pod, a WorkloadGroup. It runs nothing."""

    name: Name
    origin: Origin
    labels: tuple[tuple[str, str], ...] = ()
    account: str = ""
    ports: tuple[tuple[str, int], ...] = ()
    """Names (which may be empty) and numbers."""
    replicas: int | None = None
    kind: str = ""
    """Of what says it: those of different kinds may have one name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Forward:
    """A TCP or UDP service that a workload reaches through a local port of its sidecar."""

    service: Name
    port: int
    protocol: Protocol
    address: str = ""
    """`127.0.0.1:<port>` on the host of the caller; empty as long as nobody chose it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """What a host is to run for one workload: sent to its agent, as JSON. Fields are those of `Workload`."""

    name: Name
    service: Name
    version: str
    account: str
    labels: tuple[tuple[str, str], ...]
    command: str | tuple[str, ...]
    directory: str
    environment: tuple[tuple[str, str], ...]
    ports: tuple[Port, ...]
    replicas: int
    """On this host."""
    probe: Probe
    drain: float
    unix_socket: bool
    forwards: tuple[Forward, ...]
    """TCP and UDP services that it may call; the agent chooses the local ports."""
    trust_domain: str
    concurrency: int
    """Worker threads of the sidecar."""
    proxy_environment: tuple[tuple[str, str], ...] = ()
    """Variables of the sidecar."""
    reserved: tuple[int, ...] = ()
    """Ports of the gateway's listeners: not to be chosen for an instance, even while nothing listens there yet."""

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """What makes running instances obsolete when it changes; scaling and new neighbours do not."""
        return (
            self.service,
            self.version,
            self.account,
            self.labels,
            self.command,
            self.directory,
            self.environment,
            self.ports,
            self.unix_socket,
            self.trust_domain,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayAssignment:
    """That a host is to run a gateway: sent to its agent, as JSON."""

    name: Name
    """`gateway.tulle-system`; also the service account."""
    trust_domain: str
    concurrency: int
    """Worker threads; 0: one per core."""
    proxy_environment: tuple[tuple[str, str], ...] = ()
    """Its variables."""


class InstanceState(StrEnum):
    """Life of an instance."""

    STARTING = "starting"
    READY = "ready"
    UNHEALTHY = "unhealthy"
    """Was ready, and its probe fails now."""
    DRAINING = "draining"
    """Receives no new requests; finishes those it has."""
    BACKING_OFF = "backing_off"
    """Ended by itself; waits to be started again."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """Where one port of an instance really is."""

    name: str
    """Name of the port of the service."""
    protocol: Protocol
    address: str
    """Where the sidecar listens for other proxies (for UDP, where the application itself does)."""
    port: int
    application: str
    """Where the application listens: `127.0.0.1:8123`, or the absolute path of a Unix socket."""
    number: int = 0
    """Number of the port of the workload; 0 from an agent that does not tell."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Instance:
    """One running replica, as its agent reports it."""

    id: str
    """Unique in the mesh: `<workload>-<short random>`; also the id of its sidecar."""
    workload: Name
    service: Name
    host: str
    account: str
    state: InstanceState
    version: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    bindings: tuple[Binding, ...] = ()
    outbound: str = ""
    """`127.0.0.1:port` where the sidecar takes the calls of the application (HTTP proxy)."""
    forwards: tuple[Forward, ...] = ()
    """Local ports that the sidecar is to offer, each with its address."""
    message: str = ""
    """Why it is not ready, in a sentence."""
    restarts: int = 0
