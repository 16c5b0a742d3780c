"""`IngressClass`: who serves some Ingresses. Here all of them are served."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, Refused, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.objects import GatewayClass

DEFAULT = "ingressclass.kubernetes.io/is-default-class"
"""Annotation of the class of Ingresses that name none."""


class Parameters(ObjectSpec):
    """Settings of a controller."""

    api_group: str | None = Field(None, description="The group of the object with the settings.")
    kind: str = Field(description="Its kind.")
    name: str = Field(description="Its name.")
    namespace: str | None = Field(None, description="Its namespace.")
    scope: str | None = Field(None, description="Cluster or Namespace.")


class ClassSpec(ObjectSpec):
    """Who serves them."""

    controller: Annotated[str, Differs("Ingresses of every controller are served.")] = Field(
        "", description="The controller that serves them elsewhere."
    )
    parameters: Annotated[Parameters | None, Refused("has no effect: they are settings of another controller")] = Field(
        None, description="Settings of the controller."
    )


class ClassObject(Object):
    """A class of Ingresses."""

    spec: ClassSpec = Field(ClassSpec.model_validate({}), description="Who serves them.")


def read(part: Written) -> Fragment:
    """One class."""
    found = validated(part, ClassObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    made = GatewayClass(
        name=part.document.key.name.name,
        origin=part.origin,
        controller=found.spec.controller,
        is_default=found.metadata.annotations.get(DEFAULT) == "true",
        kind="IngressClass",
    )
    return Fragment(objects=(made,), findings=tuple(part.findings))


KIND = ObjectKind(
    group="networking.k8s.io",
    versions=("v1",),
    kind="IngressClass",
    schema=ClassObject,
    read=read,
    is_global=True,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-class-v1/",
)
