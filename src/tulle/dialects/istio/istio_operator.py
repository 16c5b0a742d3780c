"""`IstioOperator`: how Istio is installed. Of that only the MeshConfig in it has a meaning here."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.istio.mesh_config import read_mesh_config
from tulle.dialects.istio.mesh_config_schema import MeshConfig
from tulle.dialects.objects import Metadata, Object, ObjectKind, ObjectSpec, Refused, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment

NO_INSTALLATION = Refused("has no effect: Istio is not installed")


class IstioOperatorSpec(ObjectSpec):
    """How Istio is installed."""

    mesh_config: MeshConfig | None = Field(None, description="What holds for the whole mesh.")
    profile: Annotated[object, NO_INSTALLATION] = Field(None, description="What is installed.")
    install_package_path: Annotated[object, NO_INSTALLATION] = Field(None, description="Where it is.")
    hub: Annotated[object, NO_INSTALLATION] = Field(None, description="Registry of its images.")
    tag: Annotated[object, NO_INSTALLATION] = Field(None, description="Version of its images.")
    resource_suffix: Annotated[object, NO_INSTALLATION] = Field(None, description="No longer used.")
    namespace: Annotated[object, NO_INSTALLATION] = Field(None, description="Where it is installed.")
    revision: Annotated[object, NO_INSTALLATION] = Field(None, description="Name of the installation.")
    default_revision: Annotated[object, NO_INSTALLATION] = Field(None, description="Whether it is the default.")
    compatibility_version: Annotated[object, NO_INSTALLATION] = Field(None, description="Older behaviour.")
    components: Annotated[object, NO_INSTALLATION] = Field(None, description="Its components.")
    addon_components: Annotated[object, NO_INSTALLATION] = Field(None, description="No longer used.")
    values: Annotated[object, NO_INSTALLATION] = Field(None, description="Values of its Helm charts.")
    unvalidated_values: Annotated[object, NO_INSTALLATION] = Field(None, description="The same, unchecked.")


class IstioOperatorObject(Object):
    """How Istio is installed."""

    metadata: Metadata = Field(Metadata.model_validate({}), description="Name and namespace; it may have none.")
    spec: IstioOperatorSpec | None = Field(None, description="The installation.")


def read(part: Written) -> Fragment:
    """The MeshConfig of an installation."""
    found = validated(part, IstioOperatorObject)
    if found is None or found.spec is None or found.spec.mesh_config is None:
        return Fragment(findings=tuple(part.findings))
    return read_mesh_config(part, ("spec", "meshConfig"), found.spec.mesh_config)


KIND = ObjectKind(
    group="install.istio.io",
    versions=("v1alpha1",),
    kind="IstioOperator",
    schema=IstioOperatorObject,
    read=read,
    unnamed="installed-state",
    documentation="https://istio.io/latest/docs/reference/config/istio.operator.v1alpha1/",
)
