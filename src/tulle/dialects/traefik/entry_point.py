"""Entry points: where requests, connections and datagrams come in."""

from __future__ import annotations

import re
from typing import TypeVar

from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik.clients import allowed
from tulle.dialects.traefik.entry_point_specs import (
    EntryPointCharactersSpec,
    EntryPointHttpSpec,
    EntryPointSpec,
    EntryPointTransportSpec,
    ForwardedHeadersSpec,
    Http2Spec,
    RespondingTimeoutsSpec,
    UdpSpec,
)
from tulle.dialects.traefik.http_router import tls, told
from tulle.dialects.traefik.references import references
from tulle.dialects.traefik.values import TraefikSpec
from tulle.dialects.written import Written
from tulle.model.listeners import Entrance, Forwarded
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.routers import PROVIDER, STATIC, EntryPoint, Redirection, Reference

_ADDRESS = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[^:/]*):(?P<port>[0-9]{1,5})(?:/(?P<protocol>tcp|udp))?", re.I)
ESCAPES = {
    "allow_encoded_slash": "%2f",
    "allow_encoded_back_slash": "%5c",
    "allow_encoded_null_character": "%00",
    "allow_encoded_semicolon": "%3b",
    "allow_encoded_percent": "%25",
    "allow_encoded_question_mark": "%3f",
    "allow_encoded_hash": "%23",
}
"""What a path must not have, if it is not allowed."""
EVERYWHERE = "::"
"""Every address of the host, those of IPv4 included."""
MOST_REQUESTS, MOST_STREAMS = (1 << 32) - 1, (1 << 31) - 1
"""That a proxy can count to."""
Spec = TypeVar("Spec", bound=TraefikSpec)


def read(part: Written) -> Fragment:
    """The entry point, if its address can be understood."""
    spec = validated(part, EntryPointSpec)
    address = _ADDRESS.fullmatch(spec.address) if spec is not None else None
    if spec is not None and (address is None or not 0 < int(address["port"]) < 65536):
        part.error(("address",), f"must be an address such as :8080 or 127.0.0.1:8080, not {shown(spec.address)}")
    if spec is None or address is None or part.has_errors:
        return Fragment(findings=tuple(part.findings))
    http = spec.http or _empty(EntryPointHttpSpec)
    is_udp = (address["protocol"] or "").lower() == "udp"
    point = EntryPoint(
        name=Name(STATIC, part.document.key.name.name),
        origin=part.origin,
        address=address["host"].strip("[]").replace("localhost", "127.0.0.1") or EVERYWHERE,
        port=int(address["port"]),
        is_udp=is_udp,
        is_usual=spec.as_default,
        entrance=_datagrams(spec) if is_udp else _entrance(part, spec, http, int(address["port"])),
        steps=_from_files(references(part, http.middlewares, "http")),
        tls=tls(part, http.tls) if http.tls is not None else None,
        redirect=_redirect(part, http, spares_challenges=spec.allow_acme_by_pass),
        told=told(spec.observability),
    )
    return Fragment(objects=(point,), findings=tuple(part.findings))


def refused(spec: TraefikSpec) -> tuple[str, ...]:
    """The escapes that are not allowed."""
    return tuple(escape for field, escape in ESCAPES.items() if not getattr(spec, field))


def _empty(schema: type[Spec]) -> Spec:
    """What holds where nothing is written."""
    return schema.model_validate({})


def _entrance(part: Written, spec: EntryPointSpec, http: EntryPointHttpSpec, port: int) -> Entrance:
    forwarded = spec.forwarded_headers or _empty(ForwardedHeadersSpec)
    transport = spec.transport or _empty(EntryPointTransportSpec)
    timeouts = transport.responding_timeouts or _empty(RespondingTimeoutsSpec)
    return Entrance(
        forwarded=Forwarded(
            trusts_all=forwarded.insecure,
            trusted=allowed(part, forwarded.trusted_ips, "forwardedHeaders", "trustedIPs"),
            appends=not forwarded.not_append_x_forwarded_for,
        ),
        proxy_protocol=(
            Forwarded(
                trusts_all=spec.proxy_protocol.insecure,
                trusted=allowed(part, spec.proxy_protocol.trusted_ips, "proxyProtocol", "trustedIPs"),
            )
            if spec.proxy_protocol is not None
            else None
        ),
        sanitizes_path=http.sanitize_path,
        refused_characters=refused(http.encoded_characters or _empty(EntryPointCharactersSpec)),
        encodes_semicolons=http.encode_query_semicolons,
        largest_headers=http.max_header_bytes,
        underscores=(http.alias_headers_strategy or http.underscore_headers_strategy).replace("keep", ""),
        read_timeout=timeouts.read_timeout,
        write_timeout=timeouts.write_timeout,
        idle_timeout=timeouts.idle_timeout,
        most_streams=min((spec.http2 or _empty(Http2Spec)).max_concurrent_streams, MOST_STREAMS),
        most_requests=min(transport.keep_alive_max_requests, MOST_REQUESTS),
        longest=transport.keep_alive_max_time,
        http3=(spec.http3.advertised_port or port) if spec.http3 is not None else 0,
    )


def _datagrams(spec: EntryPointSpec) -> Entrance:
    return Entrance(idle_timeout=(spec.udp or _empty(UdpSpec)).timeout)


def _redirect(part: Written, http: EntryPointHttpSpec, *, spares_challenges: bool) -> Redirection | None:
    spec = http.redirections.entry_point if http.redirections is not None else None
    if spec is None:
        return None
    usual = Redirection(to=spec.to)
    return Redirection(
        to=spec.to,
        scheme=spec.scheme,
        is_permanent=spec.permanent,
        priority=usual.priority if spec.priority is None else spec.priority,
        spares_challenges=spares_challenges,
        origin=part.at("http", "redirections", "entryPoint"),
    )


def _from_files(found: tuple[Reference, ...]) -> tuple[Reference, ...]:
    """Static configuration has no middlewares of its own: a name without a provider is one of the files."""
    return tuple(
        Reference(Name(f"{PROVIDER}file", each.name.name), each.origin) if each.name.namespace == STATIC else each
        for each in found
    )


KIND = Kind(
    name="traefik/entry-point",
    noun="entry point",
    section=("entryPoints",),
    shape=Shape.NAMED,
    schema=EntryPointSpec,
    read=read,
    is_global=True,
)
