"""The middleware for headers: those that are set, CORS, and what makes browsers careful."""

from __future__ import annotations

from collections.abc import Iterator

from tulle.dialects import patterns
from tulle.dialects.traefik.middleware_specs import HeadersSpec
from tulle.dialects.written import Written
from tulle.model.steps import RefuseHosts, SetHeaders, ShareOrigins, Step

Pairs = list[tuple[str, str]]


def headers(part: Written, spec: HeadersSpec) -> Iterator[Step]:
    """In the order in which Traefik does it with requests: origins, headers, hosts, what makes browsers careful."""
    if not spec.model_fields_set:
        part.error(("headers",), "says nothing; write the headers")
    if _shares(spec):
        yield _sharing(part, spec)
    request, answer = tuple(spec.custom_request_headers.items()), tuple(spec.custom_response_headers.items())
    if request or answer:
        yield SetHeaders(request=request, answer=answer)
    if spec.allowed_hosts and not spec.is_development:
        yield RefuseHosts(hosts=spec.allowed_hosts, proxy_headers=spec.hosts_proxy_headers)
    always, secure = list(_careful(spec)), list(_pins(spec))
    if spec.force_sts_header:
        always = [*_strict(spec), *always]
    else:
        secure = [*_strict(spec), *secure]
    if always or secure:
        yield SetHeaders(
            answer=tuple(always), secure_answer=tuple(secure), secure_proof=tuple(spec.ssl_proxy_headers.items())
        )


def _sharing(part: Written, spec: HeadersSpec) -> Step:
    for index, each in enumerate(spec.access_control_allow_origin_list_regex):
        if problem := patterns.problem(each):
            part.error(("headers", "accessControlAllowOriginListRegex", index), problem)
    return ShareOrigins(
        origins=spec.access_control_allow_origin_list,
        patterns=spec.access_control_allow_origin_list_regex,
        methods=spec.access_control_allow_methods,
        headers=spec.access_control_allow_headers,
        exposed=spec.access_control_expose_headers,
        max_age=spec.access_control_max_age if "access_control_max_age" in spec.model_fields_set else None,
        allows_credentials=spec.access_control_allow_credentials,
        adds_vary=spec.add_vary_header,
    )


def _shares(spec: HeadersSpec) -> bool:
    return bool(
        spec.access_control_allow_credentials
        or spec.access_control_allow_headers
        or spec.access_control_allow_methods
        or spec.access_control_allow_origin_list
        or spec.access_control_allow_origin_list_regex
        or spec.access_control_expose_headers
        or spec.access_control_max_age
        or spec.add_vary_header
    )


def _strict(spec: HeadersSpec) -> Iterator[tuple[str, str]]:
    """Strict transport security, which is for TLS only."""
    if spec.sts_seconds and not spec.is_development:
        parts = [f"max-age={spec.sts_seconds}"]
        parts += ["includeSubDomains"] if spec.sts_include_subdomains else []
        parts += ["preload"] if spec.sts_preload else []
        yield "Strict-Transport-Security", "; ".join(parts)


def _pins(spec: HeadersSpec) -> Iterator[tuple[str, str]]:
    """Keys that clients should pin, which they learn by TLS only."""
    if spec.public_key and not spec.is_development:
        yield "Public-Key-Pins", spec.public_key


def _careful(spec: HeadersSpec) -> Iterator[tuple[str, str]]:
    if spec.custom_frame_options_value:
        yield "X-Frame-Options", spec.custom_frame_options_value
    elif spec.frame_deny:
        yield "X-Frame-Options", "DENY"
    if spec.content_type_nosniff:
        yield "X-Content-Type-Options", "nosniff"
    if spec.custom_browser_xss_value:
        yield "X-XSS-Protection", spec.custom_browser_xss_value
    elif spec.browser_xss_filter:
        yield "X-XSS-Protection", "1; mode=block"
    texts = {
        "Content-Security-Policy": spec.content_security_policy,
        "Content-Security-Policy-Report-Only": spec.content_security_policy_report_only,
        "Referrer-Policy": spec.referrer_policy,
        "Permissions-Policy": spec.permissions_policy,
    }
    yield from ((name, text) for name, text in texts.items() if text)
