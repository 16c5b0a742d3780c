"""Health checks that proxies make themselves, on endpoints that no agent of ours watches."""

from __future__ import annotations

from envoy.config.cluster.v3 import cluster_pb2
from envoy.config.core.v3 import base_pb2, health_check_pb2
from envoy.type.v3 import http_pb2, range_pb2
from google.protobuf import struct_pb2

from tulle.envoy import protos
from tulle.model.policies import HealthCheck

CHECKED_BY = "checked-by"
"""Key of what decides about the transport socket of checks, where they speak another scheme than requests."""


def check_health(check: HealthCheck, cluster: cluster_pb2.Cluster, *, is_http2: bool) -> None:
    """Let the proxy look after the endpoints itself."""
    message = health_check_pb2.HealthCheck(
        timeout=protos.seconds(check.timeout),
        interval=protos.seconds(check.interval),
        # Envoy would check services that nobody calls once in a minute.
        no_traffic_interval=protos.seconds(check.interval),
        unhealthy_threshold=protos.number(check.unhealthy_after),
        healthy_threshold=protos.number(check.healthy_after),
    )
    if check.unhealthy_interval is not None:
        message.unhealthy_interval.CopyFrom(protos.seconds(check.unhealthy_interval))
    if check.is_grpc:
        message.grpc_health_check.SetInParent()
    elif check.path:
        _http(check, message.http_health_check, is_http2=is_http2)
    else:
        _tcp(check, message.tcp_health_check)
    if check.scheme:
        message.transport_socket_match_criteria.CopyFrom(criteria(check.scheme))
    cluster.health_checks.append(message)
    cluster.ignore_health_on_host_removal = True


def criteria(scheme: str) -> struct_pb2.Struct:
    """What the transport socket of checks is found by."""
    found = struct_pb2.Struct()
    found.update({CHECKED_BY: scheme})
    return found


def _http(check: HealthCheck, message: health_check_pb2.HealthCheck.HttpHealthCheck, *, is_http2: bool) -> None:
    message.path, message.host = check.path, check.host
    message.codec_client_type = http_pb2.HTTP2 if is_http2 else http_pb2.HTTP1
    if check.method:
        message.method = base_pb2.RequestMethod.Value(check.method)
    message.expected_statuses.extend(range_pb2.Int64Range(start=low, end=high + 1) for low, high in check.statuses)
    message.request_headers_to_add.extend(protos.header(name, protos.literal(value)) for name, value in check.headers)


def _tcp(check: HealthCheck, message: health_check_pb2.HealthCheck.TcpHealthCheck) -> None:
    message.SetInParent()
    if check.sends:
        message.send.text = check.sends.encode().hex()
    if check.expects:
        message.receive.add(text=check.expects.encode().hex())
