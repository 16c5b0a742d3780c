"""`Namespace`: its labels, by which gateways choose whose routes they take."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects.objects import Object, ObjectKind, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.objects import Namespace


class NamespaceObject(Object):
    """A namespace."""

    spec: object = Field(None, description="Ignored: finalizers of a cluster.")


def read(part: Written) -> Fragment:
    """One namespace."""
    found = validated(part, NamespaceObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name.name
    # Kubernetes gives every namespace this label; selectors of Gateway API rely on it.
    labels = labels_of({"kubernetes.io/metadata.name": name, **found.metadata.labels})
    namespace = Namespace(name=name, origin=part.origin, labels=labels)
    return Fragment(objects=(namespace,), findings=tuple(part.findings))


KIND = ObjectKind(
    group="",
    versions=("v1",),
    kind="Namespace",
    schema=NamespaceObject,
    read=read,
    is_global=True,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/cluster-resources/namespace-v1/",
)
