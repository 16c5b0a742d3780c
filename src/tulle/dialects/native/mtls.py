"""`mtls`: how some workloads may be called, said apart from them, with all that PeerAuthentication of Istio can say."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from tulle.dialects.fields import Label, Spec
from tulle.dialects.native.ports import PortKey
from tulle.dialects.native.running import LabelMap
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.security import PeerAuthentication, PeerMode

Mode = Literal["strict", "permissive", "disable"]


class MtlsSpec(Spec):
    """How some workloads may be called: by mutual TLS only, by plain text too, or by plain text only.

    The narrowest counts: for labels before those for a namespace before those of the root namespace.
    """

    namespace: Label | None = Field(None, description="Where its name belongs; that of the document if not given.")
    labels: LabelMap = Field(
        default_factory=dict, description="The workloads that it is for; all of its namespace if not given."
    )
    mode: Mode | None = Field(None, description="strict, permissive, disable; as elsewhere said if not given.")
    ports: dict[PortKey, Mode] = Field(default_factory=dict, description="The same for single ports, by number.")


def read(part: Written) -> Fragment:
    """One policy."""
    spec = part.validated(MtlsSpec)
    if spec is None or part.findings:
        return Fragment(findings=tuple(part.findings))
    found = PeerAuthentication(
        name=part.document.key.name,
        origin=part.origin,
        selector=tuple(sorted(spec.labels.items())),
        mode=PeerMode(spec.mode) if spec.mode is not None else None,
        port_modes=tuple((number, PeerMode(mode)) for number, mode in sorted(spec.ports.items())),
    )
    return Fragment(objects=(found,))


KIND = Kind(
    name="native/mtls",
    noun="mtls",
    section=("mtls",),
    shape=Shape.NAMED,
    schema=MtlsSpec,
    read=read,
    is_policy=True,
)
