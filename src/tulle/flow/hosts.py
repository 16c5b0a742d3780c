"""The hosts that joined and what they last reported, kept on disk.

A control plane that was restarted therefore knows every endpoint before any agent has spoken again.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from tulle.kit.codec import decode, encode
from tulle.kit.files import recalled, write_atomically
from tulle.model.workloads import Instance

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """One machine with an agent on it."""

    name: str
    role: str
    """`sidecar`, `gateway` or `host`."""
    instances: tuple[Instance, ...] = ()
    message: str = ""
    """What its agent complains about, in a sentence."""
    is_connected: bool = False


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept on disk."""

    hosts: tuple[Host, ...]


class Hosts:
    """The newest report of each host. Calls `changed` after every change."""

    def __init__(self, path: Path, changed: Callable[[], None]) -> None:
        self._path = path
        self._changed = changed
        self._hosts: dict[str, Host] = {}
        self._by_id: dict[str, Instance] = {}

    def load(self) -> None:
        """Read what was last reported; a file that cannot be read is put aside, for agents will report again."""
        known = recalled(self._path, partial(decode, Record))
        if known is None:
            return
        self._hosts = {host.name: replace(host, is_connected=False) for host in known.hosts}
        self._by_id = {instance.id: instance for instance in self.instances}

    @property
    def all(self) -> tuple[Host, ...]:
        """Every host that ever joined, by name."""
        return tuple(self._hosts[name] for name in sorted(self._hosts))

    @property
    def roles(self) -> dict[str, str]:
        """Host name → role of its agent, for the hosts that count.

        One that is away and runs nothing does not: it may have been renamed, or have left for good.
        """
        return {
            host.name: host.role
            for host in self._hosts.values()
            if host.is_connected or host.instances or host.role == "gateway"
        }

    def is_connected(self, name: str) -> bool:
        """Whether the agent of this host is there now."""
        host = self._hosts.get(name)
        return host is not None and host.is_connected

    @property
    def instances(self) -> tuple[Instance, ...]:
        """Everything that runs on any host."""
        return tuple(instance for host in self.all for instance in host.instances)

    def instances_of(self, name: str) -> tuple[Instance, ...]:
        """What was last reported of one host."""
        known = self._hosts.get(name)
        return known.instances if known else ()

    def instance(self, id: str) -> Instance | None:
        """What was reported under this id."""
        return self._by_id.get(id)

    def connected(self, name: str, role: str) -> None:
        """An agent opened its stream."""
        known = self._hosts.get(name, Host(name=name, role=role))
        self._put(replace(known, role=role, is_connected=True))

    def disconnected(self, name: str) -> None:
        """An agent's stream ended; what it runs goes on running."""
        if name in self._hosts:
            self._put(replace(self._hosts[name], is_connected=False))

    def reported(self, name: str, instances: tuple[Instance, ...], message: str = "") -> None:
        """An agent told what it runs now."""
        known = self._hosts.get(name, Host(name=name, role="host", is_connected=True))
        mine = tuple(instance for instance in instances if instance.host == name)
        self._put(replace(known, instances=mine, message=message))

    def _put(self, host: Host) -> None:
        if self._hosts.get(host.name) == host:
            return
        for gone in self.instances_of(host.name):
            if self._by_id.get(gone.id) is gone:
                del self._by_id[gone.id]
        self._hosts[host.name] = host
        for each in host.instances:
            # An id that another host gave away first stays what it is.
            self._by_id.setdefault(each.id, each)
        try:
            write_atomically(self._path, encode(Record(self.all)), durable=False)
        except OSError as error:
            # Only a restart of this process would miss it, and by then the agents report again.
            log.error("the state of the hosts could not be saved: %s", error)
        self._changed()
