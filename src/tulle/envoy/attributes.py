"""What access policies can ask about: one attribute of a request or connection, and a pattern for it (Envoy's RBAC)."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from ipaddress import ip_network
from typing import TypeAlias

from envoy.config.core.v3 import address_pb2
from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.type.matcher.v3 import metadata_pb2, path_pb2, string_pb2, value_pb2

from tulle.envoy import protos
from tulle.model.names import CLUSTER_DOMAIN

Permission: TypeAlias = rbac_pb2.Permission
Principal: TypeAlias = rbac_pb2.Principal
HeaderMatcher: TypeAlias = route_components_pb2.HeaderMatcher
StringMatcher: TypeAlias = string_pb2.StringMatcher
MetadataMatcher: TypeAlias = metadata_pb2.MetadataMatcher
ValueMatcher: TypeAlias = value_pb2.ValueMatcher
TOKENS = "envoy.filters.http.jwt_authn"
"""Where Envoy keeps what it learned of tokens."""
PAYLOAD = "payload"
"""The part of it that holds the claims."""
EXPERIMENTAL = "experimental."
NAMED = re.compile(r"\[([^\[\]]+)\]")
TEMPLATE = re.compile(r"(\{\*\*?\})")
PRESENT = r".+"


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """From where a policy is applied: what can be seen there."""

    ports: frozenset[int]
    """The numbers by which the port that is called is known; where the proxy itself listens does not matter."""
    trust_domains: tuple[str, ...]
    """Those of the mesh, all of which mean the same identities."""
    is_http: bool = True
    namespace: str = ""
    """Of the policy."""


def permission(view: View, key: str, value: str) -> Permission | None:
    """What is asked matches this pattern; None if that cannot be told here."""
    match key:
        case "ports" | "destination.port":
            return _decided(value.isdecimal() and int(value) in view.ports)
        case "destination.ip":
            block = _block(value)
            return Permission(destination_ip=block) if block else None
        case "connection.sni":
            return Permission(requested_server_name=text(value))
        case _ if key.startswith(EXPERIMENTAL):
            return _known_to_a_filter(key.removeprefix(EXPERIMENTAL), value)
        case "hosts" if view.is_http:
            return Permission(header=_host(value))
        case "methods" if view.is_http:
            return Permission(header=_header(":method", value))
        case "paths" if view.is_http:
            return Permission(url_path=path_pb2.PathMatcher(path=_path(value)))
        case _:
            return None


def principal(view: View, key: str, value: str) -> Principal | None:
    """Who asks matches this pattern; None if that cannot be told here."""
    address = _ADDRESSES.get(key)
    if address is not None:
        block = _block(value)
        return address(block) if block else None
    identity = _IDENTITIES.get(key)
    if identity is not None:
        return _any_of([_authenticated(each) for each in identity(view, value)])
    if not view.is_http:
        return None
    match key.partition("[")[0]:
        case "request.auth.principal":
            return _token_of(value)
        case "request.auth.audiences":
            return _claim(("aud",), text(value))
        case "request.auth.presenter":
            return _claim(("azp",), text(value))
        case "request.auth.claims" if NAMED.search(key):
            return _claim(tuple(NAMED.findall(key)), text(value))
        case "request.headers" if NAMED.search(key):
            return Principal(header=_header(key.partition("[")[2].removesuffix("]"), value))
        case _:
            return None


def is_about_the_request(key: str) -> bool:
    """Whether a condition with this key is about what is asked, rather than about who asks."""
    return key in {"destination.ip", "destination.port", "connection.sni"} or key.startswith(EXPERIMENTAL)


def text(pattern: str, *, ignore_case: bool = False) -> StringMatcher:
    """Text, `prefix*`, `*suffix`, or `*` for anything that is not empty."""
    if pattern == "*":
        return StringMatcher(safe_regex=protos.regex(PRESENT))
    if pattern.startswith("*"):
        return StringMatcher(suffix=pattern[1:], ignore_case=ignore_case)
    if pattern.endswith("*"):
        return StringMatcher(prefix=pattern[:-1], ignore_case=ignore_case)
    return StringMatcher(exact=pattern, ignore_case=ignore_case)


def _decided(holds: bool) -> Permission:
    return Permission(any=True) if holds else Permission(not_rule=Permission(any=True))


def _header(name: str, pattern: str) -> HeaderMatcher:
    if pattern == "*":
        return HeaderMatcher(name=name, present_match=True)
    return HeaderMatcher(name=name, string_match=text(pattern))


def _host(pattern: str) -> HeaderMatcher:
    """Without regard to case; a pattern without a port is for every port, because clients that use one must say it."""
    if pattern == "*" or pattern.endswith("*") or re.search(r":[0-9]+$", pattern):
        matcher = _header(":authority", pattern)
        if pattern != "*":
            matcher.string_match.ignore_case = True
        return matcher
    return HeaderMatcher(name=":authority", string_match=_regex(f"(?i){_glob(pattern, '.*')}(:[0-9]+)?"))


def _path(pattern: str) -> StringMatcher:
    """`{*}` is one segment or a part of one, `{**}` anything.

    Envoy has templates too, but it refuses a listener with one that it does not understand, and its `*` does not match
    characters that clients can send all the same, so that a rule which denies could be walked around.
    """
    parts = TEMPLATE.split(pattern)
    if len(parts) == 1:
        return text(pattern)
    return _regex("".join({"{*}": "[^/]+", "{**}": ".*"}.get(part, re.escape(part)) for part in parts))


def _known_to_a_filter(key: str, pattern: str) -> Permission | None:
    """Dynamic metadata: `envoy.filters.a.b[c]`; a value in brackets is one of a list."""
    name, _, rest = key.partition("[")
    if not rest.removesuffix("]"):
        return None
    is_list = pattern.startswith("[") and pattern.endswith("]")
    single = ValueMatcher(string_match=text(pattern[1:-1] if is_list else pattern))
    value = ValueMatcher(list_match=value_pb2.ListMatcher(one_of=single)) if is_list else single
    return Permission(metadata=_metadata(name, (rest.removesuffix("]"),), value))


def _block(value: str) -> address_pb2.CidrRange | None:
    try:
        network = ip_network(value, strict=False)
    except ValueError:
        return None
    return address_pb2.CidrRange(
        address_prefix=str(network.network_address), prefix_len=protos.number(network.prefixlen)
    )


_ADDRESSES: dict[str, Callable[[address_pb2.CidrRange], Principal]] = {
    "source.ip": lambda block: Principal(direct_remote_ip=block),
    "remote.ip": lambda block: Principal(remote_ip=block),
}


def _names(view: View, pattern: str) -> list[StringMatcher]:
    """`trust-domain/ns/namespace/sa/account`; one of the mesh means its aliases too, and so does `cluster.local`."""
    domain, _, rest = pattern.partition("/")
    patterns = [pattern]
    if pattern.count("/") == 4 and domain in {*view.trust_domains, CLUSTER_DOMAIN}:
        patterns = [f"{each}/{rest}" for each in view.trust_domains]
    elif pattern.count("/") == 4 and domain.startswith("*") and domain != "*":
        fitting = [each for each in view.trust_domains if each.endswith(domain[1:])]
        patterns += [f"{each}/{rest}" for each in view.trust_domains if fitting and each not in fitting]
    return [_name(each) for each in patterns]


def _name(pattern: str) -> StringMatcher:
    if pattern.startswith("*") and pattern != "*":
        return _regex(f"spiffe://.*{re.escape(pattern[1:])}")
    return text(pattern if pattern == "*" else f"spiffe://{pattern}")


def _namespace(view: View, pattern: str) -> list[StringMatcher]:
    return [_regex(f"spiffe://[^/]+/ns/{_glob(pattern)}/.*")]


def _account(view: View, pattern: str) -> list[StringMatcher]:
    namespace, slash, account = pattern.rpartition("/")
    inside = namespace if slash else view.namespace
    return [_regex(f"spiffe://[^/]+/ns/{_glob(inside)}/sa/{_glob(account)}")]


def _domain(view: View, pattern: str) -> list[StringMatcher]:
    domains = view.trust_domains if pattern in {*view.trust_domains, CLUSTER_DOMAIN} else (pattern,)
    return [_regex(f"spiffe://{_glob(each)}/.*") for each in domains]


_IDENTITIES: dict[str, Callable[[View, str], list[StringMatcher]]] = {
    "source.principal": _names,
    "source.namespace": _namespace,
    "source.serviceAccount": _account,
    "source.trustDomain": _domain,
}


def _authenticated(name: StringMatcher) -> Principal:
    return Principal(authenticated=Principal.Authenticated(principal_name=name))


def _any_of(principals: list[Principal]) -> Principal:
    return principals[0] if len(principals) == 1 else Principal(or_ids=Principal.Set(ids=principals))


def _token_of(pattern: str) -> Principal:
    """`issuer/subject`; an issuer may hold slashes itself."""
    issuer, slash, subject = pattern.rpartition("/")
    if not slash:
        issuer, subject = (pattern, "") if not pattern.startswith("*") else ("*", pattern)
        if pattern.endswith("*"):
            subject = "*"
    parts = [_token_part("iss", issuer), _token_part("sub", subject)]
    return Principal(and_ids=Principal.Set(ids=parts))


def _token_part(claim: str, pattern: str) -> Principal:
    value = ValueMatcher(string_match=text(pattern))
    return Principal(metadata=_metadata(TOKENS, (PAYLOAD, claim), value))


def _claim(path: tuple[str, ...], matcher: StringMatcher) -> Principal:
    """A claim that is this text, or a list with it."""
    single = ValueMatcher(string_match=matcher)
    one_of_many = ValueMatcher(list_match=value_pb2.ListMatcher(one_of=single))
    either = ValueMatcher(or_match=value_pb2.OrMatcher(value_matchers=[single, one_of_many]))
    return Principal(metadata=_metadata(TOKENS, (PAYLOAD, *path), either))


def _metadata(name: str, path: tuple[str, ...], value: ValueMatcher) -> MetadataMatcher:
    segments = [MetadataMatcher.PathSegment(key=each) for each in path]
    return MetadataMatcher(filter=name, path=segments, value=value)


def _glob(pattern: str, anything: str = "[^/]*") -> str:
    return anything.join(map(re.escape, pattern.split("*")))


def _regex(pattern: str) -> StringMatcher:
    return StringMatcher(safe_regex=protos.regex(pattern))
