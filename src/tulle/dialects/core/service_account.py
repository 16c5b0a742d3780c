"""`ServiceAccount`: an identity needs no object here; workloads name it."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from tulle.dialects.objects import Differs, Object, ObjectKind, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment

_CLUSTER = "Ignored: it is about the API of a cluster, or about images."


class ServiceAccountObject(Object):
    """An identity of workloads."""

    automount_service_account_token: Annotated[bool | None, Differs(_CLUSTER)] = Field(
        None, description="Whether pods get its token."
    )
    image_pull_secrets: Annotated[object, Differs(_CLUSTER)] = Field(None, description="How images are fetched.")
    secrets: Annotated[object, Differs(_CLUSTER)] = Field(None, description="Secrets that its pods may use.")


def read(part: Written) -> Fragment:
    """One account: that it is well-formed."""
    validated(part, ServiceAccountObject)
    return Fragment(findings=tuple(part.findings))


KIND = ObjectKind(
    group="",
    versions=("v1",),
    kind="ServiceAccount",
    schema=ServiceAccountObject,
    read=read,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/authentication-resources/service-account-v1/",
)
