"""`PeerAuthentication`: whether workloads take plain text, mutual TLS, or both."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tulle.dialects.istio.selection import ROOT_NAMESPACE, WorkloadSelector, labels
from tulle.dialects.objects import Differs, Object, ObjectKind, ObjectSpec, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.security import PeerAuthentication, PeerMode


class Mode(StrEnum):
    """What a proxy takes."""

    UNSET = "UNSET"
    DISABLE = "DISABLE"
    PERMISSIVE = "PERMISSIVE"
    STRICT = "STRICT"

    @property
    def model(self) -> PeerMode | None:
        """As the model says it; None: inherited."""
        return None if self is Mode.UNSET else PeerMode(self.value.lower())


class MutualTls(ObjectSpec):
    """Mutual TLS of one policy or port."""

    mode: Mode = Field(
        Mode.UNSET, strict=False, description="STRICT, PERMISSIVE, DISABLE, or UNSET: as the policy above says."
    )


class PeerAuthenticationSpec(ObjectSpec):
    """How some workloads may be called."""

    selector: WorkloadSelector | None = Field(
        None, description="Labels of the workloads; without it all of the namespace, in the root namespace of the mesh."
    )
    mtls: Annotated[
        MutualTls | None,
        Differs(
            "Where no policy says anything, STRICT holds for workloads that run here; Istio's default is PERMISSIVE."
        ),
    ] = Field(None, description="What is taken on every port.")
    port_level_mtls: dict[str, MutualTls] = Field(
        default_factory=dict, description="What is taken on single ports of the workload; only with a selector."
    )


class PeerAuthenticationObject(Object):
    """How some workloads may be called."""

    spec: PeerAuthenticationSpec | None = Field(None, description="The policy.")


def read(part: Written) -> Fragment:
    """One policy."""
    found = validated(part, PeerAuthenticationObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    spec = found.spec or PeerAuthenticationSpec.model_validate({})
    selector = labels(spec)
    ports = _port_modes(part, spec)
    if ports and not selector:
        part.warning(("spec", "portLevelMtls"), "has no effect without a selector; add one")
        ports = ()
    if selector and part.document.key.name.namespace == ROOT_NAMESPACE:
        part.warning(
            ("spec", "selector"),
            f"has no effect in the root namespace ({ROOT_NAMESPACE}); write the policy in the workloads' own namespace",
        )
    policy = PeerAuthentication(
        name=part.document.key.name,
        origin=part.origin,
        selector=selector,
        selector_origin=part.at("spec", "selector"),
        mode=spec.mtls.mode.model if spec.mtls else None,
        port_modes=ports,
        created=str(found.metadata.creation_timestamp or ""),
    )
    return Fragment(objects=(policy,), findings=tuple(part.findings))


def _port_modes(part: Written, spec: PeerAuthenticationSpec) -> tuple[tuple[int, PeerMode], ...]:
    found = []
    for port, written in spec.port_level_mtls.items():
        if not port.isascii() or not port.isdecimal() or not 0 < int(port[:6]) < 65536:
            part.error(("spec", "portLevelMtls", port), "must be the number of a port, from 1 to 65535")
        elif written.mode.model is not None:
            found.append((int(port), written.mode.model))
    return tuple(sorted(found))


KIND = ObjectKind(
    group="security.istio.io",
    versions=("v1", "v1beta1"),
    kind="PeerAuthentication",
    schema=PeerAuthenticationObject,
    read=read,
    is_policy=True,
    documentation="https://istio.io/latest/docs/reference/config/security/peer_authentication/",
)
