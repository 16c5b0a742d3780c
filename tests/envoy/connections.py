"""Envoy's matchers on connections, as they decide; for tests."""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from typing import Any

from tests.envoy.decoded import Json


@dataclass(frozen=True, slots=True, kw_only=True)
class Connection:
    """What can be known of one before anything of it is read."""

    name: str = ""
    protocols: tuple[str, ...] = ()
    has_tls: bool = True
    source: str = "127.0.0.1"
    peer: str = "127.0.0.1"
    called: str = "127.0.0.1"


def chosen(matcher: Json, connection: Connection) -> str | None:
    """The chain that a connection gets; None: it is closed."""
    found = _matched(matcher, connection)
    if found is None:
        return None
    return chosen(found["matcher"], connection) if "matcher" in found else str(found["action"]["typed_config"]["value"])


def holds(predicate: Json, connection: Connection) -> bool:
    """Whether a predicate does."""
    if "not_matcher" in predicate:
        return not holds(predicate["not_matcher"], connection)
    if "or_matcher" in predicate:
        return any(holds(each, connection) for each in predicate["or_matcher"]["predicate"])
    if "and_matcher" in predicate:
        return all(holds(each, connection) for each in predicate["and_matcher"]["predicate"])
    single = predicate["single_predicate"]
    value = _value(single["input"], connection)
    if "custom_match" in single:
        ranges = single["custom_match"]["typed_config"]["cidr_ranges"]
        networks = [ip_network(f"{each['address_prefix']}/{each.get('prefix_len', 0)}") for each in ranges]
        return any(ip_address(value) in network for network in networks)
    wanted = single["value_match"]
    if not value:
        return False
    if "exact" in wanted:
        return bool(value == wanted["exact"])
    return re.fullmatch(_for_python(wanted["safe_regex"]["regex"]), value) is not None


def _matched(matcher: Json, connection: Connection) -> Any:
    if "matcher_tree" in matcher:
        tree = matcher["matcher_tree"]
        found = tree["exact_match_map"]["map"].get(_value(tree["input"], connection))
    else:
        matchers = matcher.get("matcher_list", {}).get("matchers", [])
        found = next((each["on_match"] for each in matchers if holds(each["predicate"], connection)), None)
    return found if found is not None else matcher.get("on_no_match")


def _value(source: Json, connection: Connection) -> str:
    kind = source["typed_config"]["@type"].rpartition(".")[2]
    return {
        "ServerNameInput": connection.name,
        "TransportProtocolInput": "tls" if connection.has_tls else "",
        "ApplicationProtocolInput": ",".join(f"'{each}'" for each in connection.protocols),
        "SourceIPInput": connection.source,
        "DirectSourceIPInput": connection.peer,
        "DestinationIPInput": connection.called,
    }[kind]


def _for_python(pattern: str) -> str:
    """Flags within a pattern hold for what is behind them; Python wants that said."""
    return re.sub(r"\(\?i\)(.*)\)\.\*$", r"(?i:\1)).*", pattern)
