"""`ConfigMap`: texts by name, such as the certificates of an authority."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.istio import mesh_config
from tulle.dialects.objects import Differs, Object, ObjectKind, Strings, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.objects import ConfigMap


class ConfigMapObject(Object):
    """Texts by name."""

    data: Strings = Field(description="The texts; ca.crt has the certificates of authorities.")
    binary_data: Annotated[Strings, Differs("Ignored: nothing that is used here is binary.")] = Field(
        description="Other values, in base64."
    )
    immutable: Annotated[bool | None, Differs("Ignored: a document may always be changed.")] = Field(
        None, description="Whether it may be changed."
    )


def read(part: Written) -> Fragment:
    """One map."""
    found = validated(part, ConfigMapObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    if mesh_config.is_mesh_config(part.document):
        return mesh_config.read_config_map(part)
    config = ConfigMap(name=part.document.key.name, origin=part.origin, data=labels_of(found.data))
    return Fragment(objects=(config,), findings=tuple(part.findings))


KIND = ObjectKind(
    group="",
    versions=("v1",),
    kind="ConfigMap",
    schema=ConfigMapObject,
    read=read,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/config-and-storage-resources/config-map-v1/",
)
