"""Who calls: all that may decide how a service is treated, apart from the request itself."""

from __future__ import annotations

from dataclasses import dataclass

from tulle.kit.quick import quick
from tulle.model.mesh import Settings
from tulle.model.names import GATEWAY, Name
from tulle.model.policies import Locality
from tulle.model.workloads import Instance


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class Caller:
    """A workload, or the gateway, as policies see it."""

    namespace: str
    account: str = ""
    labels: tuple[tuple[str, str], ...] = ()
    locality: Locality | None = None

    @classmethod
    def of(cls, instance: Instance) -> Caller:
        """The workload that an instance belongs to; where it is, its labels tell."""
        return cls(
            namespace=instance.service.namespace,
            account=instance.account,
            labels=instance.labels,
            locality=Locality.of(instance.labels),
        )

    @classmethod
    def gateway(cls, settings: Settings) -> Caller:
        """The gateway."""
        return cls(
            namespace=GATEWAY.namespace,
            account=GATEWAY.name,
            labels=settings.gateway_labels,
            locality=Locality.of(settings.gateway_labels),
        )

    @property
    def name(self) -> Name:
        """Its service account, as rules name it."""
        return Name(self.namespace, self.account)

    @property
    def is_gateway(self) -> bool:
        """Whether it is the gateway."""
        return self.name == GATEWAY

    def lives_in(self, root_namespace: str) -> str:
        """The namespace in which its policies are looked up: the gateway's are those of the whole mesh."""
        return root_namespace if self.is_gateway else self.namespace


ANYBODY = Caller(namespace="")
"""A caller of whom nothing is known."""
