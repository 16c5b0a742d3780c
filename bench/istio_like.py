"""A pair of sidecars as Istio configures them, written by hand for a plain Envoy.

What it has of Istio's: the filters of an HTTP service in a mesh without policies (grpc_stats, fault, cors, and rbac as
of one ALLOW policy), request ids, retries, attempt counts, peer metadata put into headers and taken out of them, the
metrics of the standard dashboard (requests, duration, sizes with their tags, here by Envoy's own stats logger), no
access log and no tracer, as in a default install, HTTP/2 over mutual TLS between the two. What it has not: captured
connections, and Istio's own filters, which are not in a plain Envoy. A `bare` pair has neither metrics nor metadata.
"""

from __future__ import annotations

from pathlib import Path

from bench import servers
from bench.certificates import Pair
from bench.servers import EXTENSIONS, Config, http_filter

SPIFFE = "spiffe://cluster.local/ns/default/sa"
METADATA = "ChQKDkFQUF9DT05UQUlORVJT" + "QmVuY2htYXJr" * 60
"""As long as the encoded metadata of a usual pod: about 750 bytes."""
TAGS = (
    "reporter", "source_workload", "source_workload_namespace", "source_principal", "source_app", "source_version",
    "destination_workload", "destination_workload_namespace", "destination_principal", "destination_app",
    "destination_service", "destination_service_name", "request_protocol", "connection_security_policy",
)  # fmt: skip
"""Constant for one pair; the response code comes from the request."""


def client(port: int, server: int, certificate: Pair, root: Path, is_bare: bool = False) -> Config:
    """The sidecar of the caller: plain HTTP in on `port`, mutual TLS out to `server`."""
    metadata = [] if is_bare else METADATA_HEADERS
    route = {
        "match": {"prefix": "/"},
        "route": {
            "cluster": "outbound|8000||server.default.svc.cluster.local",
            "timeout": "0s",
            "retry_policy": {
                "retry_on": "connect-failure,refused-stream,unavailable,cancelled,retriable-status-codes",
                "num_retries": 2,
                "retriable_status_codes": [503],
                "retry_host_predicate": [
                    {
                        "name": "previous_hosts",
                        "typed_config": {"@type": f"{EXTENSIONS}.retry.host.previous_hosts.v3.PreviousHostsPredicate"},
                    }
                ],
                "host_selection_retry_max_attempts": "5",
            },
            "max_grpc_timeout": "0s",
        },
        "decorator": {"operation": "server.default.svc.cluster.local:8000/*"},
        "request_headers_to_add": metadata,
    }
    filters = [*([] if is_bare else [_peer("response_rules")]), GRPC_STATS, FAULT, CORS, servers.ROUTER]
    tls = {
        "common_tls_context": {
            "alpn_protocols": ["istio", "h2"],
            **_context(certificate, root, f"{SPIFFE}/server"),
            "tls_params": {"tls_maximum_protocol_version": "TLSv1_3"},
        },
        "sni": "outbound_.8000_._.server.default.svc.cluster.local",
    }
    cluster = servers.cluster(
        "outbound|8000||server.default.svc.cluster.local",
        server,
        transport_socket=_socket("UpstreamTlsContext", tls),
        typed_extension_protocol_options=HTTP2,
    )
    listener = servers.listener("outbound", port, _manager("outbound", filters, route, is_bare))
    return {"static_resources": {"listeners": [listener], "clusters": [cluster]}}


def server(port: int, application: int, certificate: Pair, root: Path, is_bare: bool = False) -> Config:
    """The sidecar of the callee: mutual TLS in on `port`, plain HTTP out to `application`."""
    metadata = [] if is_bare else METADATA_HEADERS
    route = {
        "match": {"prefix": "/"},
        "route": {"cluster": "inbound|8000||", "timeout": "0s"},
        "decorator": {"operation": "server.default.svc.cluster.local:8000/*"},
        "response_headers_to_add": metadata,
    }
    name = {"safe_regex": {"regex": f"{SPIFFE}/client"}}
    principals = {"ids": [{"authenticated": {"principal_name": name}}]}
    policy = {"permissions": [{"any": True}], "principals": [{"and_ids": principals}]}
    rules = {"action": "ALLOW", "policies": {"ns[default]-policy[allow]-rule[0]": policy}}
    rbac = http_filter("rbac", "rbac.v3.RBAC", rules=rules, shadow_rules_stat_prefix="istio_dry_run_allow_")
    filters = [*([] if is_bare else [_peer("request_rules")]), rbac, GRPC_STATS, FAULT, CORS, servers.ROUTER]
    manager = {
        **_manager("inbound_0.0.0.0_8000", filters, route, is_bare),
        "forward_client_cert_details": "APPEND_FORWARD",
        "set_current_client_cert_details": {"subject": True, "dns": True, "uri": True},
    }
    tls = {
        "common_tls_context": {"alpn_protocols": ["h2", "http/1.1"], **_context(certificate, root, f"{SPIFFE}/client")},
        "require_client_certificate": True,
    }
    listener = {
        **servers.listener("virtualInbound", port, manager, tls=tls),
        "listener_filters": [
            {
                "name": "tls_inspector",
                "typed_config": {"@type": f"{EXTENSIONS}.filters.listener.tls_inspector.v3.TlsInspector"},
            }
        ],
    }
    clusters = [servers.cluster("inbound|8000||", application)]
    return {"static_resources": {"listeners": [listener], "clusters": clusters}}


def _manager(prefix: str, filters: list[Config], route: Config, is_bare: bool) -> Config:
    host = {"name": "server", "domains": ["*"], "routes": [route], "include_request_attempt_count": True}
    return {
        "stat_prefix": prefix,
        "route_config": {"name": "8000", "virtual_hosts": [host], "validate_clusters": False},
        "http_filters": filters,
        "access_log": [] if is_bare else [_metrics()],
        "server_name": "istio-envoy",
        "normalize_path": True,
        "stream_idle_timeout": "0s",
        "upgrade_configs": [{"upgrade_type": "websocket"}],
        "path_with_escaped_slashes_action": "KEEP_UNCHANGED",
        "request_id_extension": {
            "typed_config": {
                "@type": f"{EXTENSIONS}.request_id.uuid.v3.UuidRequestIdConfig",
                "use_request_id_for_trace_sampling": True,
            }
        },
    }


def _peer(rules: str) -> Config:
    """Takes the other side's metadata out of the headers, as Istio's peer metadata filter does."""
    taken = [
        {
            "header": name,
            "on_header_present": {"metadata_namespace": "istio", "key": name, "type": "STRING"},
            "on_header_missing": {"metadata_namespace": "istio", "key": name, "value": "unknown", "type": "STRING"},
            "remove": True,
        }
        for name in ("x-envoy-peer-metadata", "x-envoy-peer-metadata-id")
    ]
    return http_filter("peer_metadata", "header_to_metadata.v3.Config", **{rules: taken})


def _metrics() -> Config:
    """istio_requests_total, _request_duration_milliseconds, _request_bytes, _response_bytes."""
    tags = [{"name": name, "value_format": f"{name}-of-the-benchmark"} for name in TAGS]
    tags.append({"name": "response_code", "value_format": "%RESPONSE_CODE%"})
    histograms = [
        {"stat": {"name": f"istio_{name}", "tags": tags}, "value_format": value}
        for name, value in (
            ("request_duration_milliseconds", "%DURATION%"),
            ("request_bytes", "%BYTES_RECEIVED%"),
            ("response_bytes", "%BYTES_SENT%"),
        )
    ]
    counters = [{"stat": {"name": "istio_requests_total", "tags": tags}, "value_fixed": 1}]
    kind = f"{EXTENSIONS}.access_loggers.stats.v3.Config"
    config = {"@type": kind, "stat_prefix": "istio", "histograms": histograms, "counters": counters}
    return {"name": "metrics", "typed_config": config}


def _context(certificate: Pair, root: Path, peer: str) -> Config:
    match = {"san_type": "URI", "matcher": {"exact": peer}}
    return {
        "tls_certificates": [
            {
                "certificate_chain": {"filename": str(certificate.certificate)},
                "private_key": {"filename": str(certificate.key)},
            }
        ],
        "validation_context": {"trusted_ca": {"filename": str(root)}, "match_typed_subject_alt_names": [match]},
    }


def _socket(kind: str, fields: Config) -> Config:
    return {"name": "tls", "typed_config": {"@type": f"{EXTENSIONS}.transport_sockets.tls.v3.{kind}", **fields}}


GRPC_STATS = http_filter(
    "grpc_stats", "grpc_stats.v3.FilterConfig", emit_filter_state=True, stats_for_all_methods=False
)
FAULT = http_filter("fault", "fault.v3.HTTPFault")
CORS = http_filter("cors", "cors.v3.Cors")
METADATA_HEADERS = [
    {"header": {"key": "x-envoy-peer-metadata", "value": METADATA}},
    {"header": {"key": "x-envoy-peer-metadata-id", "value": "sidecar~127.0.0.1~client-0.default~default.svc"}},
]
HTTP2 = {
    "envoy.extensions.upstreams.http.v3.HttpProtocolOptions": {
        "@type": f"{EXTENSIONS}.upstreams.http.v3.HttpProtocolOptions",
        "explicit_http_config": {"http2_protocol_options": {}},
    }
}
