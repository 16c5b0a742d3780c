"""`ReferenceGrant`: consent to references from other namespaces."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.dialect import GROUP
from tulle.dialects.gateway_api.values import Group, Kind, Namespace, ObjectName, at_most
from tulle.dialects.objects import Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.objects import Grant, GrantFrom, GrantTo


class FromSpec(ObjectSpec):
    """Objects that may refer."""

    group: Group = Field(description="Their API group.")
    kind: Kind = Field(description="Their kind.")
    namespace: Namespace = Field(description="Their namespace.")


class ToSpec(ObjectSpec):
    """Objects that may be referred to."""

    group: Group = Field(description='Their API group; `""` for services and secrets.')
    kind: Kind = Field(description="Their kind.")
    name: ObjectName | None = Field(None, description="The name of one of them; all if not given.")


class ReferenceGrantSpec(ObjectSpec):
    """What the grant says."""

    from_: Annotated[tuple[FromSpec, ...], Several(alone=False), at_most(16, 1)] = Field(
        alias="from", description="Who may refer."
    )
    to: Annotated[tuple[ToSpec, ...], Several(alone=False), at_most(16, 1)] = Field(
        description="To what in this namespace."
    )


class ReferenceGrant(Object):
    """Consent to references from other namespaces."""

    spec: ReferenceGrantSpec = Field(description="What the grant says.")


def read(part: Written) -> Fragment:
    """One grant."""
    found = validated(part, ReferenceGrant)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    grant = Grant(
        name=part.document.key.name,
        origin=part.origin,
        sources=tuple(
            GrantFrom(group=each.group, kind=each.kind, namespace=each.namespace) for each in found.spec.from_
        ),
        targets=tuple(GrantTo(group=each.group, kind=each.kind, name=each.name or "") for each in found.spec.to),
    )
    return Fragment(objects=(grant,), findings=tuple(part.findings))


KIND = ObjectKind(
    group=GROUP,
    versions=("v1", "v1beta1", "v1alpha2"),
    kind="ReferenceGrant",
    schema=ReferenceGrant,
    read=read,
    documentation="https://gateway-api.sigs.k8s.io/reference/api-types/referencegrant/",
)
