"""Which workloads a policy of its own is for: `access`, `tokens` and `logging` say it in the same words."""

from __future__ import annotations

from typing import Annotated, Self

from pydantic import Field, model_validator

from tulle.dialects.fields import Label, Several, Spec, Text, refuse
from tulle.dialects.native.running import LabelMap
from tulle.model.extensions import Labels
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.security import LISTENER, Target


class Selecting(Spec):
    """A policy for some workloads of its namespace."""

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    labels: LabelMap = Field(
        default_factory=dict, description="The workloads that it is for; all of its namespace if not given."
    )
    services: Annotated[tuple[Label, ...], Several()] = Field((), description="Instead: services of its namespace.")
    listeners: Annotated[tuple[Text, ...], Several()] = Field(
        (), description="Instead, or too: listeners of the gateway."
    )

    @model_validator(mode="after")
    def _one_selection(self) -> Self:
        for name in ("services", "listeners"):
            if self.labels and getattr(self, name):
                refuse(f"takes only one of labels, {name}")
        return self

    @property
    def selector(self) -> Labels:
        """The labels, as the model has them."""
        return tuple(sorted(self.labels.items()))

    def targets(self, namespace: str) -> tuple[Target, ...]:
        """The services, which are in the namespace of the policy, or the listeners."""
        services = (Target(kind="Service", name=Name(namespace, service)) for service in self.services)
        listeners = (Target(kind=LISTENER, name=Name(SYSTEM_NAMESPACE, each)) for each in self.listeners)
        return (*services, *listeners)
