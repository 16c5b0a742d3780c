"""How an entry point of routers reads requests: whose forwarded headers it believes, which paths and sizes it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import ip_network
from typing import TypeAlias

from envoy.config.common.mutation_rules.v3 import mutation_rules_pb2
from envoy.config.core.v3 import base_pb2, extension_pb2, protocol_pb2, substitution_format_string_pb2
from envoy.config.listener.v3 import listener_components_pb2
from envoy.config.route.v3 import route_pb2
from envoy.extensions.filters.common.set_filter_state.v3 import value_pb2 as set_filter_state_values_pb2
from envoy.extensions.filters.listener.proxy_protocol.v3 import proxy_protocol_pb2
from envoy.extensions.filters.network.http_connection_manager.v3 import http_connection_manager_pb2
from envoy.extensions.filters.network.set_filter_state.v3 import set_filter_state_pb2
from envoy.extensions.http.early_header_mutation.header_mutation.v3 import header_mutation_pb2
from envoy.type.matcher.v3 import string_pb2

from tulle.envoy import conditions, edge_logs, edge_metrics, edge_replies, edge_traces, protos
from tulle.envoy.filters.base import Chain
from tulle.model.listeners import Entrance
from tulle.model.observing import Observed

Manager: TypeAlias = http_connection_manager_pb2.HttpConnectionManager
HeaderValueOption: TypeAlias = base_pb2.HeaderValueOption
Mutation: TypeAlias = mutation_rules_pb2.HeaderMutation
PEER = "%DOWNSTREAM_DIRECT_REMOTE_ADDRESS_WITHOUT_PORT%"
"""Who is really at the other end."""
TOLD = "%DOWNSTREAM_REMOTE_ADDRESS_WITHOUT_PORT%"
"""The same of a connection, or who a proxy there says that it is."""
CLIENT = "tulle.client"
"""Who that is, as text in the state of the connection: addresses are printed with a port."""
NOBODY = "nobody.invalid"
"""The host of requests that name none, which HTTP/1.0 allows: no router is for it by name."""
FORWARDED_FOR = "X-Forwarded-For"
SET_BY_PROXIES = (
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Port",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Forwarded-Server",
    "X-Forwarded-Method",
    "X-Forwarded-Uri",
    "X-Forwarded-Tls-Client-Cert",
    "X-Forwarded-Tls-Client-Cert-Info",
    "X-Real-Ip",
)
"""Nobody who is not believed may send these, nor what many servers take for the same: `X_Forwarded_For`."""
DISGUISED = "|".join(SET_BY_PROXIES).lower().replace("-", "[-_]")
INTERNAL = ("x-envoy-internal", "x-envoy-expected-rq-timeout-ms", "x-envoy-attempt-count")
UNDERSCORES = {
    "delete": protocol_pb2.HttpProtocolOptions.DROP_HEADER,
    "reject": protocol_pb2.HttpProtocolOptions.REJECT_REQUEST,
}
REMEMBERED = 2592000
"""Seconds for which clients may know that HTTP/3 is spoken."""
OF_HOST = "host"
"""A port that is still to be read from the `Host`."""
IS_SECURE = "request.headers['x-forwarded-proto'] in ['https', 'wss']"
BY_SCHEME = f"%CEL(request.host.contains(':') ? '{OF_HOST}' : {IS_SECURE} ? '443' : '80')%"
LAST_CHANCE = 1.0
"""Seconds in which a connection that is to end takes another request."""
LARGEST_HEADERS = 8192
"""Kilobytes: Envoy's limit."""
MOST_HEADERS = 32000
REMEMBERED = 2592000
"""Seconds for which clients remember where HTTP/3 is spoken."""


@dataclass(frozen=True, slots=True)
class Variant:
    """How requests of some connections are read."""

    entrance: Entrance
    address: str
    """What says who the client is."""
    peers: tuple[str, ...] = ()
    """Those that really come from there (CIDR); empty: from anywhere else."""
    clients: tuple[str, ...] = ()
    """The same of where they come from as far as is known."""


def variants(entrance: Entrance) -> Iterator[Variant]:
    """How requests are read, by where their connections come from; those that are believed first."""
    proxies = entrance.proxy_protocol
    usual = proxies is not None and proxies.trusts_all
    if proxies is not None and proxies.trusted and not usual:
        yield from _believed(entrance, TOLD, tuple(map(cidr, proxies.trusted)))
    yield from _believed(entrance, TOLD if usual else PEER, ())


def _believed(entrance: Entrance, address: str, peers: tuple[str, ...]) -> Iterator[Variant]:
    trusted = tuple(map(cidr, entrance.forwarded.trusted))
    if trusted and not entrance.forwarded.trusts_all:
        believing = replace(entrance, forwarded=replace(entrance.forwarded, trusts_all=True))
        # Who is not believed by what a proxy says of it is known by its own address only.
        is_told = address == TOLD
        yield Variant(believing, address, peers if is_told else trusted, trusted if is_told else ())
    yield Variant(entrance, address, peers)


def cidr(text: str) -> str:
    """An address or CIDR as CIDR."""
    return str(ip_network(text, strict=False))


def shape(manager: Manager, chain: Chain, entrance: Entrance) -> None:
    """Make a connection manager read requests as an entry point does."""
    manager.use_remote_address.value = False
    manager.skip_xff_append = True
    manager.early_header_mutation_extensions.append(_early(chain, entrance))
    manager.local_reply_config.CopyFrom(edge_replies.local_reply())
    manager.ClearField("forward_client_cert_details")
    manager.ClearField("set_current_client_cert_details")
    manager.normalize_path.value = entrance.sanitizes_path
    manager.merge_slashes = entrance.sanitizes_path
    manager.path_with_escaped_slashes_action = Manager.KEEP_UNCHANGED
    manager.http_protocol_options.allow_custom_methods = True
    manager.http_protocol_options.default_host_for_http_10 = NOBODY
    # `Location: …` is what scripts look for.
    manager.http_protocol_options.header_key_format.proper_case_words.SetInParent()
    common = manager.common_http_protocol_options
    common.ClearField("headers_with_underscores_action")
    if entrance.underscores:
        common.headers_with_underscores_action = UNDERSCORES[entrance.underscores]
    common.idle_timeout.CopyFrom(protos.seconds(entrance.idle_timeout))
    if entrance.longest:
        common.max_connection_duration.CopyFrom(protos.seconds(entrance.longest))
        manager.http1_safe_max_connection_duration = True
    if entrance.most_requests:
        common.max_requests_per_connection.value = entrance.most_requests
    common.max_headers_count.value = MOST_HEADERS
    manager.max_request_headers_kb.value = min(max(-(-entrance.largest_headers // 1024), 1), LARGEST_HEADERS)
    manager.http2_protocol_options.max_concurrent_streams.value = entrance.most_streams or 250
    manager.request_headers_timeout.CopyFrom(protos.seconds(entrance.read_timeout))
    manager.request_timeout.CopyFrom(protos.seconds(entrance.read_timeout))
    manager.drain_timeout.CopyFrom(protos.seconds(LAST_CHANCE))
    observe(manager, chain, entrance.observed)


def observe(manager: Manager, chain: Chain, observed: Observed) -> None:
    """Make a connection manager tell of its requests."""
    if observed.log is not None:
        manager.access_log.append(edge_logs.log(observed.log, observed.place, is_encrypted=chain.is_encrypted))
    if observed.metrics is not None:
        counters = edge_metrics.counters(observed.metrics, observed.place, is_encrypted=chain.is_encrypted)
        manager.access_log.extend(counters)
    cluster = chain.cluster(edge_traces.COLLECTOR)
    if observed.traces is not None and cluster:
        edge_traces.trace(manager, observed.traces, cluster)


def proxy_protocol() -> listener_components_pb2.ListenerFilter:
    """Takes what proxies say before the first byte, if they say something; who is believed is decided afterwards."""
    config = proxy_protocol_pb2.ProxyProtocol(allow_requests_without_proxy_protocol=True)
    return listener_components_pb2.ListenerFilter(name="proxy_protocol", typed_config=protos.packed(config))


def noted(address: str, ending: str = "") -> listener_components_pb2.Filter:
    """Writes down where a connection comes from, and how its TLS was ended: for conditions of routes and headers."""
    values = [_value(conditions.SOURCE, "envoy.network.ip", address), _value(CLIENT, "envoy.string", address)]
    if ending:
        values.append(_value(conditions.ENDING, "envoy.string", protos.literal(ending)))
    config = set_filter_state_pb2.Config(on_new_connection=values)
    return listener_components_pb2.Filter(name="source", typed_config=protos.packed(config))


def _value(key: str, kind: str, text: str) -> set_filter_state_values_pb2.FilterStateValue:
    return set_filter_state_values_pb2.FilterStateValue(
        object_key=key,
        factory_key=kind,
        format_string=substitution_format_string_pb2.SubstitutionFormatString(
            text_format_source=base_pb2.DataSource(inline_string=text)
        ),
    )


def forward(entrance: Entrance, message: route_pb2.RouteConfiguration) -> None:
    """What servers are told about clients at the very end, after all steps."""
    message.most_specific_header_mutations_wins = True
    message.request_headers_to_remove.extend(INTERNAL)
    if entrance.http3:
        message.response_headers_to_add.append(protos.header("alt-svc", f'h3=":{entrance.http3}"; ma={REMEMBERED}'))
    if not entrance.forwarded.appends:
        return
    client = _client(entrance)
    joined = f"%REQ({FORWARDED_FOR})%, {client}"
    message.request_headers_to_add.append(_option(FORWARDED_FOR, joined, HeaderValueOption.OVERWRITE_IF_EXISTS))
    message.request_headers_to_add.append(_option(FORWARDED_FOR, client, HeaderValueOption.ADD_IF_ABSENT))


def _early(chain: Chain, entrance: Entrance) -> extension_pb2.TypedExtensionConfig:
    config = header_mutation_pb2.HeaderMutation(mutations=_mutations(chain, entrance))
    return extension_pb2.TypedExtensionConfig(name="forwarded", typed_config=protos.packed(config))


def _mutations(chain: Chain, entrance: Entrance) -> Iterator[Mutation]:
    if not entrance.forwarded.trusts_all:
        names = string_pb2.StringMatcher(safe_regex=protos.regex(DISGUISED))
        yield Mutation(remove_on_match=Mutation.RemoveOnMatch(key_matcher=names))
    scheme = "https" if chain.is_encrypted else "http"
    usual = {
        "X-Real-Ip": _client(entrance),
        "X-Forwarded-Proto": scheme,
        "X-Forwarded-Port": _port(chain, entrance),
        "X-Forwarded-Host": "%REQ(:AUTHORITY)%",
        "X-Forwarded-Server": "%HOSTNAME%",
    }
    for name, value in usual.items():
        yield Mutation(append=_option(name, value, HeaderValueOption.ADD_IF_ABSENT))


def _client(entrance: Entrance) -> str:
    """What says who the client is, in headers."""
    return PEER if entrance.proxy_protocol is None else f"%FILTER_STATE({CLIENT}:PLAIN)%"


def _port(chain: Chain, entrance: Entrance) -> str:
    """Where nobody could say another one, what the `Host` says is put in by `filters.intake`."""
    return BY_SCHEME if entrance.forwarded.trusts_all else usual_port(is_encrypted=chain.is_encrypted)


def usual_port(*, is_encrypted: bool) -> str:
    """Of a scheme."""
    return "443" if is_encrypted else "80"


def _option(name: str, value: str, action: int) -> HeaderValueOption:
    return HeaderValueOption(header=base_pb2.HeaderValue(key=name, value=value), append_action=action)
