"""`ListenerSet`: listeners that somebody adds to the gateway of somebody else."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects.gateway_api.dialect import EXPERIMENTAL, GROUP
from tulle.dialects.gateway_api.listener import Frame, Listeners, listeners
from tulle.dialects.gateway_api.rules import created
from tulle.dialects.gateway_api.values import Group, Kind, Namespace, ObjectName
from tulle.dialects.objects import Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.objects import ListenerSet, listener_set_key


class GatewayReference(ObjectSpec):
    """The gateway that gets the listeners."""

    group: Group = Field(GROUP, description="Its API group.")
    kind: Kind = Field("Gateway", description="Its kind; only Gateway is known.")
    namespace: Namespace | None = Field(None, description="Its namespace; that of the set if not given.")
    name: ObjectName = Field(description="Its name.")


class ListenerSetSpec(ObjectSpec):
    """What the set says."""

    parent_ref: GatewayReference = Field(description="The gateway that gets the listeners, if it allows it.")
    listeners: Listeners = Field(description="The ports.")


class ListenerSetObject(Object):
    """Listeners for a gateway."""

    spec: ListenerSetSpec = Field(description="What the set says.")


def read(part: Written) -> Fragment:
    """One set."""
    found = validated(part, ListenerSetObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    name, stamp, parent = part.document.key.name, created(found.metadata), found.spec.parent_ref
    if (parent.group, parent.kind) != (GROUP, "Gateway"):
        part.error(("spec", "parentRef"), f"names a {parent.kind}; listeners can only be added to a Gateway")
    kind = str(part.document.data["kind"])
    listener_set = ListenerSet(
        name=name,
        origin=part.origin,
        parent=Name(parent.namespace or name.namespace, parent.name),
        parent_origin=part.at("spec", "parentRef"),
        created=stamp,
        kind=kind,
    )
    ports = listeners(part, found.spec.listeners, Frame(listener_set_key(name), kind, stamp))
    return Fragment(listeners=ports, objects=(listener_set,), findings=tuple(part.findings))


_PAGE = "https://gateway-api.sigs.k8s.io/reference/api-types/listenerset/"
KINDS = (
    ObjectKind(
        group=GROUP,
        versions=("v1",),
        kind="ListenerSet",
        schema=ListenerSetObject,
        read=read,
        documentation=_PAGE,
    ),
    ObjectKind(
        group=EXPERIMENTAL,
        versions=("v1alpha1",),
        kind="XListenerSet",
        schema=ListenerSetObject,
        read=read,
        documentation=_PAGE,
    ),
)
