"""What things are called: names with a namespace, and the host names by which a service is reached."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any, NamedTuple

DEFAULT_NAMESPACE = "default"
SYSTEM_NAMESPACE = "tulle-system"
CLUSTER_DOMAIN = "cluster.local"
SERVICE_SUFFIX = f".svc.{CLUSTER_DOMAIN}"
"""What the full host names of services of the mesh end with."""


class Name(NamedTuple):
    """The name of an object, unique among the objects of its kind.

    Nearly every table is by name: a tuple is hashed and compared without a call into Python.
    """

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}.{self.namespace}"

    @classmethod
    def parse(cls, text: str, namespace: str = DEFAULT_NAMESPACE) -> Name:
        """Read `name` or `name.namespace`; a bare name belongs to `namespace`."""
        name, dot, given = text.partition(".")
        return cls(given if dot else namespace, name)

    @classmethod
    def written(cls, text: str) -> Name:
        """What `str` of a name was: services of hosts such as `api.example.org` have dots in their own names."""
        name, _, namespace = text.rpartition(".")
        return cls(namespace, name)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Callable[[Any], Any]) -> Any:
        """Among JSON it is a mapping, as everything else that has fields."""
        return {**handler(source), "serialization": {"type": "function-plain", "function": cls._asdict}}


@lru_cache(1024)
def named(namespace: str, name: str) -> Name:
    """A name; the same object as a moment ago, as what is about one thing is mostly written in one place."""
    return Name(namespace, name)


GATEWAY = Name(SYSTEM_NAMESPACE, "gateway")
"""The gateway as a workload, and its service account."""
INGRESS = Name(SYSTEM_NAMESPACE, "ingress")
"""The gateway that all Ingresses share: its listeners are made when there is one."""


ISTIO = "istio/"
"""Begins the names of gateways of Istio among all gateways: one of Gateway API may have the same name."""


def full_host(service: Name) -> str:
    """The host name of a service of the mesh by which every namespace means the same."""
    return f"{service}{SERVICE_SUFFIX}"


def host_names(service: Name, caller_namespace: str) -> tuple[str, ...]:
    """Every host name by which a caller in `caller_namespace` reaches a service, the canonical one first.

    The forms are those of Kubernetes DNS: the short name only within the namespace of the service.
    """
    qualified = str(service)
    names = (full_host(service), f"{qualified}.svc", qualified)
    return (*names, service.name) if caller_namespace == service.namespace else names
