"""`ProxyConfig`: settings of the proxies of some workloads themselves."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Count
from tulle.dialects.istio.selection import WorkloadSelector, labels
from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, Refused, Strings, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.extensions import ProxySettings
from tulle.model.mesh import Fragment


class ProxyImage(ObjectSpec):
    """Which build of the proxy runs."""

    image_type: str = Field("", description="`default`, `debug` or `distroless`.")


class ProxyConfigSpec(ObjectSpec):
    """Settings of some proxies."""

    selector: WorkloadSelector | None = Field(
        None, description="Labels of the workloads; without it all of the namespace, in the root namespace of the mesh."
    )
    concurrency: Annotated[
        Count | None, Differs("Holds from the next start of a proxy on; without it sidecars have one worker thread.")
    ] = Field(None, description="Worker threads; 0: one per core.")
    environment_variables: Annotated[Strings, Differs("Holds from the next start of a proxy on.")] = Field(
        description="Environment of the proxy."
    )
    image: Annotated[
        ProxyImage | None, Refused("has no effect: the proxy is the Envoy that came with Tulle, not an image")
    ] = Field(None, description="Which image of the proxy runs.")


class ProxyConfigObject(Object):
    """Settings of some proxies."""

    spec: ProxyConfigSpec | None = Field(None, description="The settings.")


def read(part: Written) -> Fragment:
    """Settings of some proxies."""
    found = validated(part, ProxyConfigObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec or ProxyConfigSpec.model_validate({})
    settings = ProxySettings(
        name=part.document.key.name,
        origin=part.origin,
        selector=labels(spec),
        selector_origin=part.at("spec", "selector"),
        concurrency=spec.concurrency,
        environment=labels_of(spec.environment_variables),
    )
    return Fragment(objects=(settings,), findings=tuple(part.findings))


KIND = ObjectKind(
    group="networking.istio.io",
    versions=("v1", "v1beta1"),
    kind="ProxyConfig",
    schema=ProxyConfigObject,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/proxy-config/",
)
