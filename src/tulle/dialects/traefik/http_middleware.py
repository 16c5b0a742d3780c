"""Middlewares for HTTP, as steps."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tulle.dialects import patterns
from tulle.dialects.fields import shown
from tulle.dialects.objects import validated
from tulle.dialects.sections import Kind, Shape
from tulle.dialects.traefik import middleware_specs as specs
from tulle.dialects.traefik import more_middlewares, repeating
from tulle.dialects.traefik.clients import address, allowed, same_client
from tulle.dialects.traefik.entry_point import refused
from tulle.dialects.traefik.files import file_or_text
from tulle.dialects.traefik.headers import headers
from tulle.dialects.traefik.more_specs import JwtSpec, PluginSpec, TimeoutsSpec
from tulle.dialects.traefik.passwords import basic, digest
from tulle.dialects.traefik.references import reference, references
from tulle.dialects.traefik.servers import PORT, PORTS
from tulle.dialects.traefik.sign_in import sign_in
from tulle.dialects.traefik.sign_in_specs import OidcSpec
from tulle.dialects.traefik.statuses import statuses
from tulle.dialects.written import Written
from tulle.model import breaking
from tulle.model.hostnames import is_address
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import ClientTls, Policy, Retry, TlsMode
from tulle.model.routers import Pool, Reference, Steps
from tulle.model.routes import Backend
from tulle.model.services import Endpoint, Port, Resolution, Service
from tulle.model.steps import (
    AddPrefix,
    AllowAddresses,
    AskServer,
    Break,
    BridgeGrpc,
    CertificateParts,
    Compress,
    ErrorPages,
    GuessTypes,
    LimitBodies,
    LimitInFlight,
    LimitRate,
    RedirectPattern,
    RedirectScheme,
    Redis,
    RefuseEscapes,
    ReplacePath,
    ReplacePattern,
    ShowCertificate,
    Step,
    StripPattern,
    StripPrefix,
    TryAgain,
)

ENCODINGS = ("gzip", "br", "zstd")


@dataclass(slots=True)
class Found:
    """What a middleware means."""

    steps: tuple[Step, ...] = ()
    parts: tuple[Reference, ...] = ()
    pools: tuple[Pool, ...] = ()
    """Servers that it asks itself."""


def read(part: Written) -> Fragment:
    """The steps, if it is exactly one kind of middleware."""
    spec = validated(part, specs.MiddlewareSpec)
    if spec is None:
        return Fragment(findings=tuple(part.findings))
    given = {name: value for name in specs.MiddlewareSpec.model_fields if (value := getattr(spec, name)) is not None}
    if len(given) != 1:
        part.error((), f"must be exactly one kind of middleware, not {len(given) or 'none'} of them")
        return Fragment(findings=tuple(part.findings))
    ((kind, value),) = given.items()
    found = _KINDS[kind](part, value)
    if part.has_errors:
        return Fragment(findings=tuple(part.findings))
    steps = Steps(name=part.document.key.name, origin=part.origin, steps=found.steps, parts=found.parts)
    return Fragment(objects=(steps, *found.pools), findings=tuple(part.findings))


def _add_prefix(part: Written, spec: specs.AddPrefixSpec) -> Found:
    if not spec.prefix:
        part.error(("addPrefix", "prefix"), "is missing")
    return Found((AddPrefix(prefix=spec.prefix),))


def _strip_prefix(part: Written, spec: specs.StripPrefixSpec) -> Found:
    return Found((StripPrefix(prefixes=spec.prefixes),))


def _strip_pattern(part: Written, spec: specs.StripPrefixRegexSpec) -> Found:
    for index, each in enumerate(spec.regex):
        _check_pattern(part, each.strip(), "stripPrefixRegex", "regex", index)
    return Found((StripPattern(patterns=tuple(map(str.strip, spec.regex))),))


def _replace_path(part: Written, spec: specs.ReplacePathSpec) -> Found:
    return Found((ReplacePath(path=spec.path),))


def _replace_pattern(part: Written, spec: specs.ReplacePathRegexSpec) -> Found:
    pattern = spec.regex.strip()
    _check_pattern(part, pattern, "replacePathRegex", "regex")
    return Found((ReplacePattern(pattern=pattern, replacement=spec.replacement.strip()),))


def _redirect_scheme(part: Written, spec: specs.RedirectSchemeSpec) -> Found:
    if not spec.scheme:
        part.error(("redirectScheme", "scheme"), "is missing")
    return Found((RedirectScheme(scheme=spec.scheme, port=spec.port, is_permanent=spec.permanent),))


def _redirect_pattern(part: Written, spec: specs.RedirectRegexSpec) -> Found:
    _check_pattern(part, spec.regex, "redirectRegex", "regex")
    return Found((RedirectPattern(pattern=spec.regex, replacement=spec.replacement, is_permanent=spec.permanent),))


def _check_pattern(part: Written, pattern: str, *path: str | int) -> None:
    if problem := patterns.problem(pattern):
        part.error(path, problem)


def _headers(part: Written, spec: specs.HeadersSpec) -> Found:
    return Found(tuple(headers(part, spec)))


def _allow(part: Written, spec: specs.IpAllowListSpec) -> Found:
    ranges = allowed(part, spec.source_range, "ipAllowList", "sourceRange")
    if not spec.source_range:
        part.error(("ipAllowList", "sourceRange"), "is empty; name the addresses that are let in")
    client = address(part, spec.ip_strategy, "ipAllowList", "ipStrategy")
    return Found((AllowAddresses(ranges=ranges, address=client, status=spec.reject_status_code or 403),))


def _rate(part: Written, spec: specs.RateLimitSpec) -> Found:
    by = same_client(part, spec.source_criterion, "rateLimit")
    redis = _redis(part, spec.redis) if spec.redis is not None else None
    if not spec.average:
        return Found()
    own = part.document.key.name
    step = LimitRate(
        average=spec.average,
        period=spec.period or 1.0,
        burst=max(spec.burst, 1),
        by=by,
        redis=redis,
        name=f"{own.name}{own.namespace}",
    )
    return Found((step,))


def _redis(part: Written, spec: specs.RedisSpec) -> Redis:
    tls = spec.tls
    return Redis(
        endpoints=spec.endpoints or ("127.0.0.1:6379",),
        username=spec.username,
        password=spec.password,
        database=spec.db,
        pool_size=spec.pool_size or spec.max_active_conns,
        read_timeout=3.0 if spec.read_timeout is None else spec.read_timeout,
        write_timeout=3.0 if spec.write_timeout is None else spec.write_timeout,
        dial_timeout=5.0 if spec.dial_timeout is None else spec.dial_timeout,
        has_tls=tls is not None,
        ca=file_or_text(part, tls.ca) if tls is not None and tls.ca else "",
        certificate=file_or_text(part, tls.cert) if tls is not None and tls.cert else "",
        key=file_or_text(part, tls.key) if tls is not None and tls.key else "",
        skips_verification=tls is not None and tls.insecure_skip_verify,
    )


def _in_flight(part: Written, spec: specs.InFlightReqSpec) -> Found:
    by = same_client(part, spec.source_criterion, "inFlightReq", is_host_usual=True)
    return Found((LimitInFlight(amount=spec.amount, by=by),))


def _basic(part: Written, spec: specs.BasicAuthSpec) -> Found:
    step = basic(part, spec)
    return Found((step,) if step is not None else ())


def _digest(part: Written, spec: specs.DigestAuthSpec) -> Found:
    step = digest(part, spec)
    return Found((step,) if step is not None else ())


def _buffering(part: Written, spec: specs.BufferingSpec) -> Found:
    limit = LimitBodies(request=spec.max_request_body_bytes, answer=spec.max_response_body_bytes)
    if not spec.retry_expression:
        return Found((limit,))
    try:
        return Found((limit, TryAgain(retry=repeating.retry(spec.retry_expression))))
    except repeating.Malformed as error:
        part.error(("buffering", "retryExpression"), str(error))
        return Found()


def _retry(part: Written, spec: specs.RetrySpec) -> Found:
    if spec.attempts < 1:
        part.error(("retry", "attempts"), f"must be at least 1, not {spec.attempts}")
    ranges = statuses(part, spec.status, ("retry", "status")) or ()
    codes = tuple(code for first, last in ranges for code in range(first, last + 1))
    return Found(
        (
            TryAgain(
                retry=Retry(
                    attempts=max(spec.attempts - 1, 0),
                    status_codes=codes,
                    per_try_timeout=None,
                    backoff=spec.initial_interval or None,
                    non_idempotent=spec.retry_non_idempotent_method,
                    any_host=True,
                )
            ),
        )
    )


def _compress(part: Written, spec: specs.CompressSpec) -> Found:
    for index, each in enumerate(spec.encodings):
        if each not in ENCODINGS:
            part.error(("compress", "encodings", index), f"must be one of {', '.join(ENCODINGS)}, not {shown(each)}")
    if spec.excluded_content_types and spec.included_content_types:
        part.error(("compress",), "has both excludedContentTypes and includedContentTypes; write one of them")
    return Found(
        (
            Compress(
                encodings=spec.encodings or ENCODINGS,
                default=spec.default_encoding,
                minimum=spec.min_response_body_bytes or 1024,
                excluded=spec.excluded_content_types,
                included=spec.included_content_types,
            ),
        )
    )


def _errors(part: Written, spec: specs.ErrorsSpec) -> Found:
    ranges = statuses(part, spec.status, ("errors", "status")) or ()
    if not spec.status:
        part.warning(("errors", "status"), "is empty, so that there is never a page; name statuses such as 500-599")
    if not spec.service:
        part.error(("errors", "service"), "is missing")
    rewrites = []
    for text, status in spec.status_rewrites.items():
        for first, last in statuses(part, (text,), ("errors", "statusRewrites")) or ():
            rewrites.append((first, last, status))
    to = reference(part, spec.service, "errors", "service")
    return Found(
        (
            ErrorPages(
                statuses=ranges,
                backend=Backend(service=to.name, origin=to.origin),
                path=spec.query or "/",
                rewrites=tuple(rewrites),
                headers=spec.error_request_headers,
            ),
        )
    )


def _breaker(part: Written, spec: specs.CircuitBreakerSpec) -> Found:
    if not spec.expression:
        part.error(("circuitBreaker", "expression"), "is missing")
    else:
        try:
            breaking.parse(spec.expression)
        except breaking.Malformed as error:
            part.error(("circuitBreaker", "expression"), f"cannot be understood: {error}")
    return Found(
        (
            Break(
                expression=spec.expression,
                check_period=spec.check_period,
                fallback=spec.fallback_duration,
                recovery=spec.recovery_duration,
                status=spec.response_code or 503,
            ),
        )
    )


def _forward_auth(part: Written, spec: specs.ForwardAuthSpec) -> Found:
    path = ("forwardAuth", "address")
    try:
        url = urlsplit(spec.address)
        port = url.port or PORTS.get(url.scheme, 0)
    except ValueError:
        url, port = urlsplit(""), 0
    if url.scheme not in {"http", "https"} or not url.hostname:
        part.error(path, f"must be a URL such as http://auth.example.org/check, not {shown(spec.address)}")
        return Found()
    if spec.auth_response_headers_regex:
        _check_pattern(part, spec.auth_response_headers_regex, "forwardAuth", "authResponseHeadersRegex")
    host = url.hostname
    name = Name(part.document.key.name.namespace, f"middleware/{part.document.key.name.name}")
    tls = spec.tls
    policy = Policy(connect_timeout=30.0)
    if url.scheme == "https":
        policy = Policy(
            connect_timeout=30.0,
            tls=ClientTls(
                mode=TlsMode.MUTUAL if tls is not None and tls.cert else TlsMode.SIMPLE,
                certificate_file=file_or_text(part, tls.cert) if tls is not None and tls.cert else "",
                key_file=file_or_text(part, tls.key) if tls is not None and tls.key else "",
                ca_file=file_or_text(part, tls.ca) if tls is not None and tls.ca else "",
                server_name=host,
                skips_verification=tls is not None and tls.insecure_skip_verify,
            ),
        )
    service = Service(
        name=name,
        origin=part.origin,
        ports=(Port(name="http", number=PORT),),
        account="",
        addresses=(Endpoint(address=host, port=port),),
        resolution=Resolution.ENDPOINTS if is_address(host) else Resolution.DNS,
        is_outside=True,
        runs_here=False,
        policy=policy,
    )
    step = AskServer(
        backend=Backend(service=name, origin=part.at(*path)),
        url=spec.address,
        trusts_forwarded=bool(spec.trust_forward_header),
        consent_headers=spec.auth_response_headers,
        consent_pattern=spec.auth_response_headers_regex,
        request_headers=spec.auth_request_headers,
        cookies=spec.add_auth_cookies_to_response,
        shows_body=spec.forward_body,
        largest_body=spec.max_body_size,
        largest_answer=spec.max_response_body_size,
        keeps_location=spec.preserve_location_header,
        keeps_method=spec.preserve_request_method,
        sign_in=spec.auth_signin_url,
    )
    return Found((step,), pools=(Pool(name=name, origin=part.origin, service=service),))


def _certificate(part: Written, spec: specs.PassTlsClientCertSpec) -> Found:
    info = spec.info
    if info is None:
        return Found((ShowCertificate(shows_pem=spec.pem),))
    return Found(
        (
            ShowCertificate(
                shows_pem=spec.pem,
                subject=_parts(info.subject),
                issuer=_parts(info.issuer),
                shows_start=info.not_before,
                shows_end=info.not_after,
                shows_names=info.sans,
                shows_serial_number=info.serial_number,
            ),
        )
    )


def _parts(spec: specs.CertificateNamesSpec | None) -> CertificateParts | None:
    return CertificateParts(**{name: getattr(spec, name) for name in type(spec).model_fields}) if spec else None


def _content_type(part: Written, spec: specs.ContentTypeSpec) -> Found:
    return Found((GuessTypes(),))


def _escapes(part: Written, spec: specs.EncodedCharactersSpec) -> Found:
    return Found((RefuseEscapes(escapes=refused(spec)),))


def _grpc_web(part: Written, spec: specs.GrpcWebSpec) -> Found:
    return Found((BridgeGrpc(origins=spec.allow_origins),))


def _chain(part: Written, spec: specs.ChainSpec) -> Found:
    if not spec.middlewares:
        part.warning(("chain", "middlewares"), "is empty; nothing is done")
    return Found(parts=references(part, spec.middlewares, "chain"))


def _jwt(part: Written, spec: JwtSpec) -> Found:
    return Found(more_middlewares.jwt(part, spec, "jwt"))


def _oidc(part: Written, spec: OidcSpec) -> Found:
    return Found(sign_in(part, spec, "oidc"))


def _timeouts(part: Written, spec: TimeoutsSpec) -> Found:
    return Found(more_middlewares.timeouts(part, spec))


def _plugin(part: Written, spec: PluginSpec) -> Found:
    return Found(more_middlewares.plugin(part, spec))


_KINDS: Mapping[str, Callable[[Written, Any], Found]] = {
    "add_prefix": _add_prefix,
    "basic_auth": _basic,
    "buffering": _buffering,
    "chain": _chain,
    "circuit_breaker": _breaker,
    "compress": _compress,
    "content_type": _content_type,
    "digest_auth": _digest,
    "encoded_characters": _escapes,
    "errors": _errors,
    "forward_auth": _forward_auth,
    "grpc_web": _grpc_web,
    "headers": _headers,
    "in_flight_req": _in_flight,
    "ip_allow_list": _allow,
    "ip_white_list": _allow,
    "jwt": _jwt,
    "oidc": _oidc,
    "pass_tls_client_cert": _certificate,
    "plugin": _plugin,
    "rate_limit": _rate,
    "redirect_regex": _redirect_pattern,
    "redirect_scheme": _redirect_scheme,
    "replace_path": _replace_path,
    "replace_path_regex": _replace_pattern,
    "retry": _retry,
    "strip_prefix": _strip_prefix,
    "strip_prefix_regex": _strip_pattern,
    "timeouts": _timeouts,
}
KIND = Kind(
    name="traefik/http-middleware",
    noun="middleware",
    section=("http", "middlewares"),
    shape=Shape.NAMED,
    schema=specs.MiddlewareSpec,
    read=read,
)
