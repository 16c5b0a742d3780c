"""The filter that asks another service whether a request may pass."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from tulle.dialects.fields import Several
from tulle.dialects.gateway_api.references import BackendReference, backend
from tulle.dialects.gateway_api.values import HeaderName, at_most, is_path_text, longest
from tulle.dialects.objects import ObjectSpec
from tulle.dialects.written import Step, Written
from tulle.model.routes import ExternalCheck, RouteKind

Headers = Annotated[tuple[HeaderName, ...], Several(alone=False), at_most(64)]


class GrpcAuth(ObjectSpec):
    """How a service is asked by Envoy's protocol."""

    allowed_headers: Headers = Field((), description="Headers of the request that the service sees; all if empty.")


class HttpAuth(ObjectSpec):
    """How a service is asked by plain HTTP."""

    path: Annotated[str, longest(1024)] = Field("", description="Stands before the path of the request.")
    allowed_headers: Headers = Field(
        (), description="Headers of the request that the service sees beside Host, Content-Length and Authorization."
    )
    allowed_response_headers: Headers = Field(
        (), description="Headers of the consent that the backend sees; all if empty."
    )


DEFAULTS = HttpAuth.model_validate({})


class ForwardBody(ObjectSpec):
    """How much of the body the service sees."""

    max_size: Annotated[int, Field(ge=0)] = Field(
        0, description="In bytes; requests with a longer body are answered 413. 0 for no body at all."
    )


class ExternalAuth(ObjectSpec):
    """Who is asked, and how."""

    protocol: Literal["HTTP", "GRPC"] = Field(description="Plain HTTP, or Envoy's gRPC protocol.")
    backend_ref: BackendReference = Field(description="The service that is asked.")
    grpc: GrpcAuth | None = Field(None, description="Settings for GRPC.")
    http: HttpAuth | None = Field(None, description="Settings for HTTP.")
    forward_body: ForwardBody | None = Field(None, description="Whether the service sees the body.")


def external_check(part: Written, path: tuple[Step, ...], spec: ExternalAuth, kind: RouteKind) -> ExternalCheck:
    """The question; when nobody answers it, the request is refused."""
    for protocol, field, given in (("GRPC", "grpc", spec.grpc), ("HTTP", "http", spec.http)):
        if given is None and spec.protocol == protocol:
            part.error((*path, field), f"is missing, as the protocol is {protocol}")
        elif given is not None and spec.protocol != protocol:
            part.error((*path, field), f"needs protocol {protocol}, not {spec.protocol}")
    http = spec.http or DEFAULTS
    if http.path and not is_path_text(http.path):
        part.error((*path, "http", "path"), "has characters that no path may have")
    headers = spec.grpc.allowed_headers if spec.grpc is not None else http.allowed_headers
    is_grpc = spec.protocol == "GRPC"
    return ExternalCheck(
        backend=backend(part, (*path, "backendRef"), spec.backend_ref, kind),
        is_grpc=is_grpc,
        path_prefix=http.path,
        request_headers=tuple(name.lower() for name in headers),
        response_headers=() if is_grpc else tuple(name.lower() for name in http.allowed_response_headers) or ("*",),
        max_body=spec.forward_body.max_size if spec.forward_body is not None else 0,
    )
