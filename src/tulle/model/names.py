"""What things are called: names with a namespace, and the host names by which a service is reached."""

from __future__ import annotations

from dataclasses import dataclass

DEFAULT_NAMESPACE = "default"
SYSTEM_NAMESPACE = "tulle-system"
CLUSTER_DOMAIN = "cluster.local"


@dataclass(frozen=True, slots=True, order=True)
class Name:
    """The name of an object, unique among the objects of its kind."""

    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.name}.{self.namespace}"

    @classmethod
    def parse(cls, text: str, namespace: str = DEFAULT_NAMESPACE) -> Name:
        """Read `name` or `name.namespace`; a bare name belongs to `namespace`."""
        name, dot, given = text.partition(".")
        return cls(given if dot else namespace, name)


INGRESS = Name(SYSTEM_NAMESPACE, "ingress")
"""The gateway that all Ingresses share: its listeners are made when there is one."""


ISTIO = "istio/"
"""Begins the names of gateways of Istio among all gateways: one of Gateway API may have the same name."""


def host_names(service: Name, caller_namespace: str) -> tuple[str, ...]:
    """Every host name by which a caller in `caller_namespace` reaches a service, the canonical one first.

    The forms are those of Kubernetes DNS: the short name only within the namespace of the service.
    """
    qualified = str(service)
    names = (f"{qualified}.svc.{CLUSTER_DOMAIN}", f"{qualified}.svc", qualified)
    return (*names, service.name) if caller_namespace == service.namespace else names
