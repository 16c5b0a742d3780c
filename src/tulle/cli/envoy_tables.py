"""Envoy's resources as tables that people can read. Pure; shows a summary, `-o json` shows everything."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from tulle.cli.output import paint, plain, table

Json = dict[str, Any]
Row = tuple[str, ...]


def tables(resources: list[Json]) -> list[str]:
    """A table for each type of resources that there is."""
    lines: list[str] = []
    for title, types, headings, rows in _SECTIONS:
        found = [row for entry in resources if entry["type"] in types for row in rows(entry)]
        if found:
            cells = ([plain(cell) for cell in row] for row in found)
            lines += [paint(title, "bold"), *(f"  {line}" for line in table(headings, cells)), ""]
    return lines[:-1]


def _origin(entry: Json) -> str:
    places = [f"{o['file']}:{o['line']}" if o["file"] else o["source"] for o in entry["origins"]]
    return places[0] + (f" +{len(places) - 1}" if len(places) > 1 else "") if places else ""


def _listener(entry: Json) -> Iterator[Row]:
    address = entry["resource"].get("address", {})
    where = _address(address) if address else "internal"
    yield entry["name"], where, _origin(entry)


def _filters(entry: Json) -> Iterator[Row]:
    config = entry["resource"].get("typed_config", {})
    kind = str(config.get("@type", "")).rpartition(".")[2]
    yield entry["name"], kind, _origin(entry)


def _address(address: Json) -> str:
    if "pipe" in address:
        return str(address["pipe"].get("path", ""))
    place = address.get("socket_address", {})
    if "address" not in place:
        return "internal"
    suffix = "/udp" if place.get("protocol") == "UDP" else ""
    return f"{place['address']}:{place.get('port_value', 0)}{suffix}"


def _cluster(entry: Json) -> Iterator[Row]:
    cluster = entry["resource"]
    kind = cluster.get("type") or cluster.get("cluster_type", {}).get("name") or "STATIC"
    tls = "mutual TLS" if _has_tls(cluster) else ""
    yield entry["name"], str(kind).rpartition(".")[2].lower(), tls, _origin(entry)


def _has_tls(cluster: Json) -> bool:
    matches = cluster.get("transport_socket_matches") or []
    sockets = [cluster.get("transport_socket") or {}, *(match.get("transport_socket", {}) for match in matches)]
    return any("tls" in str(socket.get("name", "")) for socket in sockets)


def _endpoints(entry: Json) -> Iterator[Row]:
    found = False
    for locality in entry["resource"].get("endpoints") or []:
        for endpoint in locality.get("lb_endpoints") or []:
            found = True
            weight = str(endpoint.get("load_balancing_weight", 1))
            health = str(endpoint.get("health_status", "")).lower().replace("unknown", "")
            yield entry["name"], _address(endpoint.get("endpoint", {}).get("address", {})), weight, health
    if not found:
        yield entry["name"], "(none)", "", ""


def _routes(entry: Json) -> Iterator[Row]:
    """The routes of a virtual host; a route configuration shows those that it holds itself."""
    resource = entry["resource"]
    for host in resource.get("virtual_hosts") or ([resource] if "domains" in resource else []):
        domains = host.get("domains") or []
        shown = ", ".join(domains[:2]) + (f" +{len(domains) - 2}" if len(domains) > 2 else "")
        for route in host.get("routes") or [{}]:
            yield (
                str(host.get("name", entry["name"])),
                shown,
                _match(route.get("match", {})),
                _action(route),
                _origin(entry),
            )


def _match(match: Json) -> str:
    for field, sign in (("path", "= "), ("prefix", ""), ("path_separated_prefix", "")):
        if field in match:
            text = sign + str(match[field]) + ("" if sign else "*" if field == "prefix" else "/…")
            break
    else:
        text = (
            "~ " + str(match["safe_regex"].get("regex", "")) if "safe_regex" in match else "any" if not match else "…"
        )
    conditions = [str(h.get("name", "")) for h in match.get("headers") or []]
    conditions += [f"?{q.get('name', '')}" for q in match.get("query_parameters") or []]
    return text + (f" if {', '.join(conditions)}" if conditions else "")


def _action(route: Json) -> str:
    if "redirect" in route:
        redirect = route["redirect"]
        return "redirect to " + str(redirect.get("host_redirect") or redirect.get("path_redirect") or "https")
    if "direct_response" in route:
        return f"answer {route['direct_response'].get('status', '')}"
    action = route.get("route", {})
    if "weighted_clusters" in action:
        shares = action["weighted_clusters"].get("clusters") or []
        return ", ".join(f"{share.get('name', '')} {share.get('weight', 0)}" for share in shares)
    return str(action.get("cluster") or action.get("cluster_header") or "")


def _secret(entry: Json) -> Iterator[Row]:
    kinds = {"tls_certificate": "certificate", "validation_context": "trust"}
    field = next((field for field in kinds if field in entry["resource"]), "")
    certificates = (entry["resource"].get(field) or {}).get("certificates") or [{}]
    names = ", ".join(certificates[0].get("subject_alt_names") or []) or str(certificates[0].get("subject", ""))
    yield entry["name"], kinds.get(field, "secret"), names, str(certificates[0].get("not_after", "")), _origin(entry)


_SECTIONS: tuple[tuple[str, set[str], Row, Callable[[Json], Iterator[Row]]], ...] = (
    ("Listeners", {"envoy.config.listener.v3.Listener"}, ("NAME", "ADDRESS", "FROM"), _listener),
    ("Filters", {"envoy.config.core.v3.TypedExtensionConfig"}, ("NAME", "KIND", "FROM"), _filters),
    (
        "Routes",
        {"envoy.config.route.v3.RouteConfiguration", "envoy.config.route.v3.VirtualHost"},
        ("VIRTUAL HOST", "DOMAINS", "REQUESTS", "GO TO", "FROM"),
        _routes,
    ),
    ("Clusters", {"envoy.config.cluster.v3.Cluster"}, ("NAME", "KIND", "", "FROM"), _cluster),
    (
        "Endpoints",
        {"envoy.config.endpoint.v3.ClusterLoadAssignment"},
        ("CLUSTER", "ADDRESS", "WEIGHT", ""),
        _endpoints,
    ),
    (
        "Secrets",
        {"envoy.extensions.transport_sockets.tls.v3.Secret"},
        ("NAME", "KIND", "FOR", "UNTIL", "FROM"),
        _secret,
    ),
)
