"""Attributes that authorization policies ask for: which there are, and what is wrong with the values given for them."""

from __future__ import annotations

import re
from ipaddress import ip_network

from tulle.dialects.fields import TOKEN
from tulle.dialects.written import Step, Written
from tulle.model.findings import did_you_mean
from tulle.model.security import Values

Path = tuple[Step, ...]
IP_KEYS = frozenset(("source.ip", "remote.ip", "destination.ip"))
PORT_KEY = "destination.port"
PLAIN_KEYS = (
    *sorted(IP_KEYS), PORT_KEY, "source.namespace", "source.serviceAccount", "source.principal", "source.trustDomain",
    "request.auth.principal", "request.auth.audiences", "request.auth.presenter", "connection.sni",
)  # fmt: skip
KEYS_WITH_NAME = ("request.headers[name]", "request.auth.claims[name]")
EXPERIMENTAL = "experimental.envoy.filters."
_HEADER = re.compile(rf"request\.headers\[({TOKEN.pattern})\]")
_CLAIM = re.compile(r"request\.auth\.claims(?:\[[^\[\]]+\])+")
_METADATA = re.compile(r"experimental\.envoy\.filters\.[A-Za-z0-9_.]+\[[^\[\]]+\]")
SEGMENT, SEGMENTS = "{*}", "{**}"
"""One segment of a path, and any number of them."""


def checked(part: Written, path: Path, name: str, values: tuple[str, ...], excluded: tuple[str, ...]) -> Values:
    """The patterns of a field and of its opposite (`principals` and `notPrincipals`), with findings for bad ones."""
    opposite = f"not{name[0].upper()}{name[1:]}"
    return Values(
        values=tuple(_value(part, (*path, name, i), name, each) for i, each in enumerate(values)),
        excluded=tuple(_value(part, (*path, opposite, i), name, each) for i, each in enumerate(excluded)),
        origin=part.at(*path, name if values else opposite),
    )


def condition_values(part: Written, path: Path, key: str, given: tuple[tuple[str, ...], tuple[str, ...]]) -> Values:
    """The patterns of a condition: values and those that must not be."""
    kind = "ipBlocks" if key in IP_KEYS else "ports" if key == PORT_KEY else "condition"
    values, excluded = given
    return Values(
        values=tuple(_value(part, (*path, "values", i), kind, each) for i, each in enumerate(values)),
        excluded=tuple(_value(part, (*path, "notValues", i), kind, each) for i, each in enumerate(excluded)),
        origin=part.at(*path),
    )


def check_key(part: Written, path: Path, key: str) -> None:
    """Whether there is an attribute of this name."""
    if key in PLAIN_KEYS or any(pattern.fullmatch(key) for pattern in (_HEADER, _CLAIM, _METADATA)):
        return
    if key.startswith(("request.headers", "request.auth.claims", EXPERIMENTAL)):
        part.error(path, f'is "{key}"; the name belongs in brackets, such as {_example(key)}')
        return
    hint = (
        did_you_mean(key, (*PLAIN_KEYS, *KEYS_WITH_NAME)) or f"; known are {', '.join((*PLAIN_KEYS, *KEYS_WITH_NAME))}"
    )
    part.error(path, f'is "{key}", and there is no such attribute{hint}')


def _example(key: str) -> str:
    if key.startswith("request.headers"):
        return "request.headers[x-user]"
    return (
        "request.auth.claims[group]"
        if key.startswith("request.auth")
        else f"{EXPERIMENTAL}network.mysql_proxy[db.table]"
    )


def _value(part: Written, path: Path, kind: str, value: str) -> str:
    if not value:
        part.error(path, "is empty")
        return value
    match kind:
        case "ipBlocks" | "remoteIpBlocks":
            return _block(part, path, value)
        case "ports":
            _check_port(part, path, value)
        case "paths":
            _check_path(part, path, value)
        case _:
            _check_pattern(part, path, kind, value)
    return value


def _block(part: Written, path: Path, value: str) -> str:
    """As a CIDR; a single address is a block of one."""
    try:
        return str(ip_network(value, strict=False))
    except ValueError:
        part.error(path, f'must be an IP address or a block such as 203.0.113.0/24, not "{value}"')
        return value


def _check_port(part: Written, path: Path, value: str) -> None:
    if not value.isascii() or not value.isdecimal() or not 0 < int(value[:6]) < 65536:
        part.error(path, f'must be a port number from 1 to 65535, not "{value}"')


def _check_path(part: Written, path: Path, value: str) -> None:
    """Patterns of paths: text with a * at one end, or a template of whole segments."""
    if SEGMENT not in value and SEGMENTS not in value:
        if "{" in value or "}" in value:
            part.error(path, f'is "{value}"; in braces only {SEGMENT} and {SEGMENTS} are known')
        else:
            _check_pattern(part, path, "paths", value)
            if not value.startswith(("/", "*")):
                part.warning(path, f'is "{value}" and matches nothing: every path begins with /')
        return
    if not value.startswith("/"):
        part.error(path, f'is "{value}"; a path template begins with /')
    segments = value.split("/")
    for segment in segments:
        if segment not in {SEGMENT, SEGMENTS} and any(sign in segment for sign in "{}*"):
            part.error(
                path, f'is "{value}"; {SEGMENT} and {SEGMENTS} stand alone between slashes, and no * beside them'
            )
            return
    if SEGMENTS in segments and any(each in {SEGMENT, SEGMENTS} for each in segments[segments.index(SEGMENTS) + 1 :]):
        part.error(path, f'is "{value}"; after {SEGMENTS} no other {SEGMENT} or {SEGMENTS} can follow')


def _check_pattern(part: Written, path: Path, kind: str, value: str) -> None:
    if "*" in value[1:-1] or value == "**":
        part.warning(path, f'is "{value}"; a * stands for other text only at the beginning or at the end')
    elif value != "*" and value[0] == value[-1] == "*":
        part.warning(path, f'is "{value}"; only one * is possible, at the beginning or at the end')
    if kind == "methods" and value != value.upper():
        part.warning(path, f'is "{value}", and methods are compared as they are written; write {value.upper()}')
    if kind in {"principals", "serviceAccounts"} and value.startswith("spiffe://"):
        part.warning(path, f'is "{value}" and matches nobody; leave out spiffe://')
