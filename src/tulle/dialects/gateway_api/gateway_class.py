"""`GatewayClass`: what kind of gateway somebody offers."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import refuse, shown
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.references import LocalReference
from tulle.dialects.gateway_api.values import Namespace, longest
from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, Refused, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.objects import GatewayClass

_CONTROLLER = re.compile(
    r"[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*/[A-Za-z0-9/\-._~%!$&'()*+,;=:]+"
)


def _controller(value: object) -> object:
    if not isinstance(value, str) or not _CONTROLLER.fullmatch(value):
        refuse(f"must be a name with a path such as tulle/gateway, not {shown(value)}")
    return value


class Parameters(LocalReference):
    """Parameters of another implementation."""

    namespace: Namespace | None = Field(None, description="Its namespace.")


class GatewayClassSpec(ObjectSpec):
    """What the class says."""

    controller_name: Annotated[
        str,
        BeforeValidator(_controller),
        longest(253),
        Differs("Gateways of other controllers are served too, as nobody else is on this machine; ours: tulle/gateway"),
    ] = Field(description="Who serves gateways of this class.")
    parameters_ref: Annotated[
        Parameters | None, Refused("has no effect: parameters of other implementations are unknown here")
    ] = Field(None, description="Parameters of the implementation.")
    description: Annotated[str, longest(64)] | None = Field(None, description="What it is for.")


class GatewayClassObject(Object):
    """A class of gateways."""

    spec: GatewayClassSpec = Field(description="What the class says.")


def read(part: Written) -> Fragment:
    """One class."""
    found = validated(part, GatewayClassObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name.name
    parameters = found.spec.parameters_ref
    problem = f"parameters of kind {parameters.kind} are unknown here" if parameters is not None else ""
    made = GatewayClass(
        name=name, origin=part.origin, controller=found.spec.controller_name, parameters_problem=problem
    )
    return Fragment(objects=(made,), findings=tuple(part.findings))


KIND = ObjectKind(
    group=GROUP,
    versions=("v1", "v1beta1"),
    kind="GatewayClass",
    schema=GatewayClassObject,
    read=read,
    is_global=True,
    documentation="https://gateway-api.sigs.k8s.io/reference/api-types/gatewayclass/",
)
