"""Virtual hosts that answer while the control plane cannot: 503 with the reason, so that no request hangs. Pure."""

from __future__ import annotations

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.config.route.v3.route_components_pb2 import DirectResponseAction, Route, RouteMatch, VirtualHost

from tulle.envoy.naming import REASON_HEADER
from tulle.xds.snapshot import Resource, encode

UNAVAILABLE = 503


def is_demand(name: str) -> bool:
    """Whether a subscription asks for one virtual host (`<route configuration>/<authority>`), not for all of them."""
    configuration, slash, authority = name.partition("/")
    return bool(configuration and slash and authority) and "*" not in authority


def stand_in(name: str, reason: str) -> Resource:
    """The virtual host that was asked for by this name, answering 503 to everything."""
    authority = name.partition("/")[2]
    header = HeaderValueOption(header=HeaderValue(key=REASON_HEADER, value=reason))
    route = Route(
        match=RouteMatch(prefix="/"),
        direct_response=DirectResponseAction(status=UNAVAILABLE),
        response_headers_to_add=[header],
    )
    # CONNECT has no path, so that the prefix does not match it.
    connect = Route(
        match=RouteMatch(connect_matcher=RouteMatch.ConnectMatcher()),
        direct_response=DirectResponseAction(status=UNAVAILABLE),
        response_headers_to_add=[header],
    )
    return encode(name, VirtualHost(name=name, domains=[authority], routes=[connect, route]))
