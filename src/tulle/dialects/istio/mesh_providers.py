"""`extensionProviders` of a MeshConfig: who can be asked, and where requests can be logged."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import Count, PortNumber, PositiveDuration
from tulle.dialects.objects import Items, ObjectSpec, Refused, Strings, labels_of
from tulle.dialects.written import Step, Written
from tulle.model.extensions import LogProvider
from tulle.model.names import DEFAULT_NAMESPACE, SERVICE_SUFFIX, Name
from tulle.model.routes import Backend, ExternalCheck
from tulle.model.security import Authorizer

Path = tuple[Step, ...]
NO_TRACES = Refused("has no effect yet: proxies send no spans")
NO_LOG_SERVICE = Refused("has no effect yet: requests are only logged to files; write envoyFileAccessLog")
_STATUS = re.compile(r"[45][0-9]{2}")


class RequestBody(ObjectSpec):
    """Of the body of the request."""

    max_request_bytes: Count = Field(0, description="Bytes that are held and sent.")
    allow_partial_message: bool = Field(False, description="Whether longer bodies are sent in part, not refused.")
    pack_as_bytes: bool = Field(False, description="Whether it is sent as bytes, not as text (gRPC).")


def _number(value: object) -> object:
    """A MeshConfig is read as JSON of protocol buffers, in which numbers may be in quotes."""
    return int(value) if isinstance(value, str) and value.isdecimal() and value.isascii() else value


class ExtAuthz(ObjectSpec):
    """A service that says whether a request may pass."""

    service: str = Field(min_length=1, description="Its host name, with `namespace/` before it if that is needed.")
    port: Annotated[PortNumber, BeforeValidator(_number)] = Field(description="Its port.")
    timeout: PositiveDuration = Field(600.0, description="How long is waited for it.")
    fail_open: bool = Field(False, description="Whether requests pass when it cannot be asked.")
    clear_route_cache: bool = Field(False, description="Whether routes are looked for again with the headers it added.")
    status_on_error: str = Field("403", description="The answer when it cannot be asked.")
    include_request_body_in_check: RequestBody | None = Field(None, description="How much of the body it sees.")


class ExtAuthzHttp(ExtAuthz):
    """A service that is asked over HTTP."""

    path_prefix: str = Field("", description="Before the path of the request.")
    include_headers_in_check: Items[str] = Field((), description="Older name of `includeRequestHeadersInCheck`.")
    include_request_headers_in_check: Items[str] = Field((), description="Headers of the request that it sees.")
    include_additional_headers_in_check: Strings = Field(description="Headers that it sees beside those.")
    headers_to_upstream_on_allow: Items[str] = Field((), description="Headers of it that the application sees.")
    headers_to_downstream_on_deny: Items[str] = Field((), description="Headers of a refusal that the client sees.")
    headers_to_downstream_on_allow: Items[str] = Field((), description="Headers of a consent that the client sees.")


class LogFormat(ObjectSpec):
    """What is logged."""

    text: str = Field("", description="A line, in Envoy's commands.")
    labels: dict[str, Any] | None = Field(None, description="Or a mapping, logged as JSON.")


class FileAccessLog(ObjectSpec):
    """A file of access logs."""

    path: str = Field("/dev/stdout", description="The file, on the host of the proxy.")
    log_format: LogFormat | None = Field(None, description="What is logged.")
    omit_empty_values: bool = Field(False, description="Whether what is empty is left out.")


class ExtensionProvider(ObjectSpec):
    """A provider by its name, and exactly one of the kinds."""

    name: str = Field(min_length=1, description="What policies call it.")
    envoy_ext_authz_http: ExtAuthzHttp | None = Field(None, description="Asked over HTTP whether requests may pass.")
    envoy_ext_authz_grpc: ExtAuthz | None = Field(None, description="The same over gRPC, in Envoy's protocol.")
    envoy_file_access_log: FileAccessLog | None = Field(None, description="A file that requests are logged to.")
    envoy_http_als: Annotated[object, NO_LOG_SERVICE] = Field(None, description="A gRPC service for logs.")
    envoy_tcp_als: Annotated[object, NO_LOG_SERVICE] = Field(None, description="A gRPC service for logs of TCP.")
    envoy_otel_als: Annotated[object, NO_LOG_SERVICE] = Field(None, description="An OpenTelemetry service for logs.")
    zipkin: Annotated[object, NO_TRACES] = Field(None, description="Zipkin.")
    lightstep: Annotated[object, NO_TRACES] = Field(None, description="Lightstep.")
    datadog: Annotated[object, NO_TRACES] = Field(None, description="Datadog.")
    stackdriver: Annotated[object, NO_TRACES] = Field(None, description="Stackdriver.")
    opencensus: Annotated[object, NO_TRACES] = Field(None, description="OpenCensus.")
    skywalking: Annotated[object, NO_TRACES] = Field(None, description="SkyWalking.")
    opentelemetry: Annotated[object, NO_TRACES] = Field(None, description="OpenTelemetry.")
    prometheus: Annotated[object, Refused("has no effect yet: there are no metrics of Istio's")] = Field(
        None, description="Prometheus."
    )
    sds: Annotated[object, Refused("has no effect: certificates come from Secrets and files")] = Field(
        None, description="A service for certificates."
    )


def providers(part: Written, path: Path, written: tuple[ExtensionProvider, ...]) -> Iterator[Authorizer | LogProvider]:
    """Those that can be used here."""
    names: set[str] = set()
    for index, each in enumerate(written):
        place = (*path, index)
        kinds = [name for name in type(each).model_fields if name != "name" and getattr(each, name) is not None]
        if len(kinds) != 1:
            message = "has no kind" if not kinds else f"has {len(kinds)} kinds"
            part.error(place, f"{message}; write exactly one, such as envoyExtAuthzHttp")
        if each.name in names:
            part.error((*place, "name"), f'is "{each.name}", which is there already')
        names.add(each.name)
        yield from _provider(part, place, each)


def _provider(part: Written, path: Path, written: ExtensionProvider) -> Iterator[Authorizer | LogProvider]:
    origin = part.at(*path)
    if written.envoy_ext_authz_http is not None:
        check = _http_check(part, (*path, "envoyExtAuthzHttp"), written.envoy_ext_authz_http)
        yield Authorizer(name=written.name, origin=origin, check=check)
    if written.envoy_ext_authz_grpc is not None:
        check = _check(part, (*path, "envoyExtAuthzGrpc"), written.envoy_ext_authz_grpc, is_grpc=True)
        yield Authorizer(name=written.name, origin=origin, check=check)
    if any(each is not None for each in (written.envoy_http_als, written.envoy_tcp_als, written.envoy_otel_als)):
        yield LogProvider(name=written.name, origin=origin, file="")
    if written.envoy_file_access_log is not None:
        log = written.envoy_file_access_log
        form = log.log_format
        if form is not None and form.text and form.labels is not None:
            part.error((*path, "envoyFileAccessLog", "logFormat"), "has text and labels; write one of them")
        labels = form.labels if form else None
        yield LogProvider(
            name=written.name,
            origin=origin,
            file=log.path,
            text=form.text if form else "",
            labels=json.dumps(labels, sort_keys=True) if labels is not None else "",
            omits_empty=log.omit_empty_values,
        )


def _http_check(part: Written, path: Path, written: ExtAuthzHttp) -> ExternalCheck:
    more: dict[str, Any] = {
        "path_prefix": written.path_prefix,
        "request_headers": written.include_request_headers_in_check or written.include_headers_in_check,
        "added_headers": labels_of(written.include_additional_headers_in_check),
        "response_headers": written.headers_to_upstream_on_allow,
        "refusal_headers": written.headers_to_downstream_on_deny,
        "consent_headers": written.headers_to_downstream_on_allow,
    }
    return _check(part, path, written, is_grpc=False, **more)


def _check(part: Written, path: Path, written: ExtAuthz, *, is_grpc: bool, **more: Any) -> ExternalCheck:
    if not _STATUS.fullmatch(written.status_on_error):
        part.error((*path, "statusOnError"), f'must be a status from "400" to "599", not "{written.status_on_error}"')
        return _check(part, path, written.model_copy(update={"status_on_error": "403"}), is_grpc=is_grpc, **more)
    body = written.include_request_body_in_check
    if body is not None and not body.max_request_bytes:
        part.error((*path, "includeRequestBodyInCheck", "maxRequestBytes"), "must be greater than 0")
    service, host = service_of(written.service)
    backend = Backend(service=service, host=host, port=written.port, origin=part.at(*path, "service"))
    return ExternalCheck(
        backend=backend,
        is_grpc=is_grpc,
        timeout=written.timeout,
        fails_open=written.fail_open,
        refusal_status=int(written.status_on_error),
        max_body=body.max_request_bytes if body else 0,
        allows_partial_body=bool(body and body.allow_partial_message),
        packs_raw_body=bool(body and body.pack_as_bytes),
        reroutes=written.clear_route_cache,
        **more,
    )


def service_of(text: str) -> tuple[Name, str]:
    """The service that `[namespace/]host` means, and the host if it is none of the cluster domain."""
    namespace, _, host = text.rpartition("/")
    host = host.lower()
    for suffix in (SERVICE_SUFFIX, ".svc"):
        if host.endswith(suffix):
            return Name.parse(host.removesuffix(suffix), namespace or DEFAULT_NAMESPACE), ""
    return Name(namespace or DEFAULT_NAMESPACE, host), host if "." in host else ""
