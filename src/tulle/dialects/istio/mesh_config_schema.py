"""The fields of Istio's MeshConfig, and of the ProxyConfig within it (`defaultConfig`)."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import Field

from tulle.dialects.fields import Count
from tulle.dialects.istio.mesh_providers import NO_LOG_SERVICE, ExtensionProvider
from tulle.dialects.objects import Differs, Items, ObjectSpec, Refused

OF_AGENT = Refused("has no effect: proxies are started and looked after by Tulle's agents")
NO_CAPTURE = Refused("has no effect: traffic is not captured")
NO_TRACES = Refused("has no effect yet: proxies send no spans")
NO_METRICS = Refused("has no effect: statistics of proxies are Tulle's own")
OF_DOCUMENTS = Refused("has no effect on other documents; write it in each of them")
OF_CLUSTER = Refused("has no effect: there is no cluster to look after")
OF_IDENTITY = Refused("has no effect: keys and certificates of workloads are Tulle's own")
OF_TLS = Refused("has no effect: proxies of the mesh speak TLS 1.3, others TLS 1.2 or 1.3")


class OutboundMode(StrEnum):
    """Whether workloads may call hosts that the mesh does not know."""

    REGISTRY_ONLY = "REGISTRY_ONLY"
    ALLOW_ANY = "ALLOW_ANY"
    ALLOW_ANY_DYNAMIC_DNS = "ALLOW_ANY_DYNAMIC_DNS"


class OutboundTrafficPolicy(ObjectSpec):
    """Calls to hosts that the mesh does not know."""

    mode: Annotated[OutboundMode, Differs("ALLOW_ANY finds the host by its name, as ALLOW_ANY_DYNAMIC_DNS does.")] = (
        Field(OutboundMode.ALLOW_ANY, strict=False, description="REGISTRY_ONLY or ALLOW_ANY.")
    )
    tls: Annotated[object, Refused("has no effect: TLS to other hosts is the application's")] = Field(
        None, description="TLS towards them."
    )


class Encoding(StrEnum):
    """How lines of a log are written."""

    TEXT = "TEXT"
    JSON = "JSON"


class Normalization(StrEnum):
    """What is made of paths."""

    DEFAULT = "DEFAULT"
    NONE = "NONE"
    BASE = "BASE"
    MERGE_SLASHES = "MERGE_SLASHES"
    DECODE_AND_MERGE_SLASHES = "DECODE_AND_MERGE_SLASHES"


class PathNormalization(ObjectSpec):
    """What is made of paths before they are compared."""

    normalization: Annotated[
        Normalization,
        Differs(
            "Of sidecars: gateways always merge slashes and unescape them. Where a policy asks for paths, NONE is like "
            "BASE, and escaped slashes that are not decoded are refused."
        ),
    ] = Field(Normalization.DEFAULT, strict=False, description="BASE, MERGE_SLASHES, DECODE_AND_MERGE_SLASHES or NONE.")


class DefaultProviders(ObjectSpec):
    """Who is meant where a Telemetry names nobody."""

    access_logging: Items[str] = Field((), description="Providers of access logs.")
    tracing: Annotated[Items[str], NO_TRACES] = Field((), description="Providers of traces.")
    metrics: Annotated[Items[str], NO_METRICS] = Field((), description="Providers of metrics.")


class Topology(ObjectSpec):
    """What stands before the gateway."""

    num_trusted_proxies: Count | None = Field(
        None, description="How many proxies before the gateway say truly who the client is (`X-Forwarded-For`)."
    )
    forward_client_cert_details: Annotated[
        object, Refused("has no effect: gateways remove what clients say of certificates", ("SANITIZE", "SANITIZE_SET"))
    ] = Field(None, description="What happens to `X-Forwarded-Client-Cert`.")
    proxy_protocol: Annotated[object, Refused("has no effect yet; an EnvoyFilter can add the listener filter")] = Field(
        None, description="That clients come by the PROXY protocol."
    )


class DefaultConfig(ObjectSpec):
    """Settings of all proxies."""

    concurrency: Annotated[Count | None, Differs("Holds for sidecars, from their next start on.")] = Field(
        None, description="Worker threads; 0: one per core."
    )
    gateway_topology: Topology | None = Field(None, description="What stands before the gateway.")
    hold_application_until_proxy_starts: Annotated[
        bool | None, Refused("has no effect: workloads wait for their sidecar", (True,))
    ] = Field(None, description="Whether workloads wait for their sidecar.")
    config_path: Annotated[object, OF_AGENT] = Field(None, description="Folder of the configuration.")
    binary_path: Annotated[object, OF_AGENT] = Field(None, description="The proxy's program.")
    service_cluster: Annotated[object, OF_AGENT] = Field(None, description="Name of the proxy's cluster.")
    tracing_service_name: Annotated[object, NO_TRACES] = Field(None, description="What services are called in traces.")
    drain_duration: Annotated[object, OF_AGENT] = Field(None, description="Time for draining at a restart.")
    parent_shutdown_duration: Annotated[object, OF_AGENT] = Field(None, description="Time until the old proxy ends.")
    discovery_address: Annotated[object, OF_AGENT] = Field(None, description="Address of the control plane.")
    discovery_refresh_delay: Annotated[object, OF_AGENT] = Field(None, description="No longer used.")
    zipkin_address: Annotated[object, NO_TRACES] = Field(None, description="Address of Zipkin.")
    statsd_udp_address: Annotated[object, NO_METRICS] = Field(None, description="Address of statsd.")
    envoy_metrics_service_address: Annotated[object, NO_METRICS] = Field(None, description="No longer used.")
    proxy_admin_port: Annotated[object, OF_AGENT] = Field(None, description="Port of the proxy's administration.")
    availability_zone: Annotated[object, OF_AGENT] = Field(None, description="No longer used.")
    control_plane_auth_policy: Annotated[object, OF_AGENT] = Field(None, description="How proxies show who they are.")
    custom_config_file: Annotated[object, OF_AGENT] = Field(None, description="Another configuration of the proxy.")
    stat_name_length: Annotated[object, NO_METRICS] = Field(None, description="Length of names of statistics.")
    proxy_bootstrap_template_path: Annotated[object, OF_AGENT] = Field(None, description="Template of the start.")
    interception_mode: Annotated[object, NO_CAPTURE] = Field(None, description="How traffic is captured.")
    tracing: Annotated[object, NO_TRACES] = Field(None, description="Traces.")
    sds: Annotated[object, OF_AGENT] = Field(None, description="No longer used.")
    envoy_access_log_service: Annotated[object, NO_LOG_SERVICE] = Field(None, description="A gRPC service for logs.")
    envoy_metrics_service: Annotated[object, NO_METRICS] = Field(None, description="A gRPC service for statistics.")
    proxy_metadata: Annotated[object, OF_AGENT] = Field(None, description="Environment of the proxy.")
    runtime_values: Annotated[object, OF_AGENT] = Field(None, description="Runtime of Envoy.")
    status_port: Annotated[object, OF_AGENT] = Field(None, description="Port of the agent.")
    extra_stat_tags: Annotated[object, NO_METRICS] = Field(None, description="Further tags.")
    termination_drain_duration: Annotated[object, OF_AGENT] = Field(None, description="Time for draining at the end.")
    mesh_id: Annotated[object, NO_METRICS] = Field(None, description="Name of the mesh in metrics.")
    readiness_probe: Annotated[object, OF_AGENT] = Field(None, description="When a workload is ready.")
    proxy_stats_matcher: Annotated[object, NO_METRICS] = Field(None, description="Further statistics.")
    ca_certificates_pem: Annotated[object, OF_IDENTITY] = Field(None, description="Further authorities.")
    image: Annotated[object, OF_AGENT] = Field(None, description="Image of the proxy.")
    private_key_provider: Annotated[object, OF_IDENTITY] = Field(None, description="Hardware for keys.")
    proxy_headers: Annotated[object, Refused("has no effect: proxies add no headers of their own to requests")] = Field(
        None, description="Headers that proxies add."
    )
    connection_settings: Annotated[
        object, Refused("has no effect: gateways always have Envoy's recommended settings for the edge")
    ] = Field(None, description="Limits and timeouts of connections.")
    file_flush_interval: Annotated[object, OF_AGENT] = Field(None, description="When logs are written out.")
    file_flush_min_size_kb: Annotated[object, OF_AGENT] = Field(None, description="When logs are written out.")
    stats_eviction_interval: Annotated[object, NO_METRICS] = Field(None, description="When old statistics go.")


class MeshConfig(ObjectSpec):
    """What holds for the whole mesh."""

    access_log_file: str | None = Field(None, description="Where all requests are logged; empty: nowhere.")
    access_log_format: str = Field("", description="What is logged; empty: Envoy's default.")
    access_log_encoding: Encoding = Field(Encoding.TEXT, strict=False, description="TEXT or JSON.")
    outbound_traffic_policy: OutboundTrafficPolicy | None = Field(None, description="Calls to unknown hosts.")
    trust_domain: Annotated[str, Differs("Holds when the control plane makes its authority; never changed later.")] = (
        Field("", description="Trust domain of all identities.")
    )
    root_namespace: str = Field("", description="Namespace whose policies hold for the whole mesh.")
    enable_auto_mtls: Annotated[
        bool | None, Refused("has no effect: workloads always speak mutual TLS where the callee takes it", (True,))
    ] = Field(None, description="Whether clients choose mutual TLS by themselves.")
    extension_providers: Items[ExtensionProvider] = Field((), description="Who can be asked, or gets logs.")
    default_providers: DefaultProviders | None = Field(None, description="Who is meant where nobody is named.")
    default_config: DefaultConfig | None = Field(None, description="Settings of all proxies.")
    path_normalization: PathNormalization | None = Field(None, description="What is made of paths.")
    connect_timeout: Annotated[object, OF_DOCUMENTS] = Field(None, description="Time for connecting.")
    default_http_retry_policy: Annotated[object, OF_DOCUMENTS] = Field(None, description="Retries.")
    default_traffic_policy: Annotated[object, OF_DOCUMENTS] = Field(None, description="Pools and outlier detection.")
    locality_lb_setting: Annotated[object, OF_DOCUMENTS] = Field(None, description="Preference for near endpoints.")
    tcp_keepalive: Annotated[object, OF_DOCUMENTS] = Field(None, description="TCP keepalive.")
    h2_upgrade_policy: Annotated[
        object, Refused("has no effect: requests within the mesh always travel as HTTP/2", ("UPGRADE",))
    ] = Field(None, description="Whether HTTP/1 becomes HTTP/2.")
    default_service_export_to: Annotated[Items[str], OF_DOCUMENTS] = Field((), description="Who sees services.")
    default_virtual_service_export_to: Annotated[Items[str], OF_DOCUMENTS] = Field((), description="Who sees routes.")
    default_destination_rule_export_to: Annotated[Items[str], OF_DOCUMENTS] = Field((), description="Who sees rules.")
    dns_refresh_rate: Annotated[object, OF_DOCUMENTS] = Field(None, description="How often names are looked up.")
    service_settings: Annotated[object, OF_CLUSTER] = Field(None, description="Services of one cluster.")
    service_scope_configs: Annotated[object, OF_CLUSTER] = Field(None, description="Services of several clusters.")
    service_entry_visibility: Annotated[object, OF_DOCUMENTS] = Field(None, description="Who sees ServiceEntries.")
    discovery_selectors: Annotated[object, OF_CLUSTER] = Field(None, description="Namespaces that are watched.")
    config_sources: Annotated[object, OF_CLUSTER] = Field(None, description="Where documents come from.")
    ingress_class: Annotated[object, OF_CLUSTER] = Field(None, description="Class of Ingresses.")
    ingress_service: Annotated[object, OF_CLUSTER] = Field(None, description="Service of the gateway.")
    ingress_selector: Annotated[object, OF_CLUSTER] = Field(None, description="Labels of the gateway for Ingresses.")
    ingress_controller_mode: Annotated[object, OF_CLUSTER] = Field(None, description="Which Ingresses are read.")
    proxy_listen_port: Annotated[object, NO_CAPTURE] = Field(None, description="Port for captured calls.")
    proxy_inbound_listen_port: Annotated[object, NO_CAPTURE] = Field(None, description="Port for captured requests.")
    proxy_http_port: Annotated[object, NO_CAPTURE] = Field(None, description="Port of an HTTP proxy.")
    protocol_detection_timeout: Annotated[object, NO_CAPTURE] = Field(None, description="Time for guessing protocols.")
    inbound_traffic_policy: Annotated[object, NO_CAPTURE] = Field(None, description="Requests to unknown ports.")
    enable_tracing: Annotated[bool | None, Refused(NO_TRACES.note, (False,))] = Field(None, description="Traces.")
    enable_envoy_access_log_service: Annotated[bool | None, Refused(NO_LOG_SERVICE.note, (False,))] = Field(
        None, description="A gRPC service for logs."
    )
    disable_envoy_listener_log: Annotated[bool | None, Refused("has no effect: listeners log nothing", (True,))] = (
        Field(None, description="Logs of listeners.")
    )
    trust_domain_aliases: Annotated[Items[str], Refused("has no effect: identities have one trust domain", ((),))] = (
        Field((), description="Other names of the trust domain.")
    )
    ca_certificates: Annotated[object, OF_IDENTITY] = Field(None, description="Further authorities.")
    ca: Annotated[object, OF_IDENTITY] = Field(None, description="Another authority.")
    certificates: Annotated[object, OF_IDENTITY] = Field(None, description="No longer used.")
    verify_certificate_at_client: Annotated[object, OF_IDENTITY] = Field(None, description="No longer used.")
    mesh_mtls: Annotated[object, OF_TLS, Field(alias="meshMTLS")] = Field(None, description="TLS within the mesh.")
    tls_defaults: Annotated[object, OF_TLS] = Field(None, description="TLS towards others.")
    inbound_cluster_stat_name: Annotated[object, NO_METRICS] = Field(None, description="Names of statistics.")
    outbound_cluster_stat_name: Annotated[object, NO_METRICS] = Field(None, description="Names of statistics.")
    enable_prometheus_merge: Annotated[object, NO_METRICS] = Field(None, description="Metrics of applications.")
