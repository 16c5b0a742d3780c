"""What a frontend of Traefik 1 does to requests, as middlewares in the order in which Traefik 1 did it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from tulle.sources.legacy.values import Section

Middleware = tuple[str, str, Mapping[str, object]]
"""What its name ends with, its type, its options."""
_SECURE_FLAGS = (
    "stsIncludeSubdomains",
    "stsPreload",
    "forceSTSHeader",
    "frameDeny",
    "contentTypeNosniff",
    "browserXssFilter",
    "isDevelopment",
)
_SECURE_TEXTS = (
    "customFrameOptionsValue",
    "customBrowserXSSValue",
    "contentSecurityPolicy",
    "publicKey",
    "referrerPolicy",
    "stsSeconds",
)
_SUBJECT = ("country", "province", "locality", "organization", "commonName", "serialNumber", "domainComponent")


def of_frontend(frontend: Section, services: Mapping[str, str]) -> Iterable[Middleware]:
    """Those of a frontend; `services` are the names of services by those of backends."""
    for name, page in frontend.each("errors").items():
        backend = page.text("backend")
        if backend not in services:
            frontend.errors.append(f'{frontend.what}: backend "{backend}" of the error page {name} does not exist')
            continue
        options = {"status": page.texts("status"), "service": services[backend], "query": page.text("query")}
        yield f"errors-{name}", "errors", options
    yield from _allowed(frontend)
    yield from _redirected(frontend)
    yield from _headers(frontend)
    yield from _authorised(frontend)
    yield from _client_certificate(frontend)


def of_backend(backend: Section) -> Iterable[Middleware]:
    """Those of a backend: they come last."""
    breaker = backend.inner("circuitBreaker")
    if breaker and (expression := breaker.text("expression")):
        yield "circuitbreaker", "circuitBreaker", {"expression": expression}
    if buffering := backend.inner("buffering"):
        sizes = ("maxRequestBodyBytes", "memRequestBodyBytes", "maxResponseBodyBytes", "memResponseBodyBytes")
        options = {name: size for name in sizes if (size := buffering.number(name)) is not None}
        yield "buffering", "buffering", {**options, **buffering.taken("retryExpression")}
    if (most := backend.inner("maxConn")) and (amount := most.number("amount")):
        criterion = _criterion(most, "extractorFunc", "request.host")
        yield "maxconn", "inFlightReq", {"amount": amount, "sourceCriterion": criterion}


def limits(frontend: Section) -> Iterable[Middleware]:
    """How often it may be called: the last of all, one middleware for each limit."""
    if (limit := frontend.inner("rateLimit")) is None:
        return
    criterion = _criterion(limit, "extractorFunc", "")
    for name, rate in limit.each("rateSet").items():
        average, burst = rate.number("average"), rate.number("burst")
        options: dict[str, object] = {"average": average or 0, "period": rate.text("period", "1s"), "burst": burst or 1}
        yield f"ratelimit-{name}", "rateLimit", {**options, "sourceCriterion": criterion}


def _criterion(section: Section, name: str, default: str) -> Mapping[str, object]:
    text = section.text(name, default)
    if text == "client.ip":
        return {"ipStrategy": {"depth": 0}}
    if text == "request.host":
        return {"requestHost": True}
    if text.startswith("request.header.") and text.count(".") == 2:
        return {"requestHeaderName": text.rpartition(".")[2]}
    section.errors.append(
        f'{section.what}: {name} must be client.ip, request.host or request.header.<name>, not "{text}"; '
        "client.ip is used"
    )
    return {"ipStrategy": {"depth": 0}}


def _allowed(frontend: Section) -> Iterable[Middleware]:
    inner = frontend.inner("whiteList")
    ranges = inner.texts("sourceRange") if inner else frontend.texts("whitelistSourceRange")
    if not ranges:
        return
    options: dict[str, object] = {"sourceRange": ranges}
    if inner and inner.flag("useXForwardedFor"):
        options["ipStrategy"] = {"depth": 1}
        frontend.errors.append(
            f"{frontend.what}: whiteList.useXForwardedFor looked at every address in X-Forwarded-For; "
            "now only the last one counts"
        )
    yield "whitelist", "ipAllowList", options


def _redirected(frontend: Section) -> Iterable[Middleware]:
    if (redirect := frontend.inner("redirect")) is None:
        return
    permanent = redirect.flag("permanent")
    if entry := redirect.text("entryPoint"):
        scheme = "http" if entry == "http" else "https"
        if entry not in ("http", "https"):
            sentence = f"redirect.entryPoint {entry}: where it listens is not known here, https is used"
            frontend.errors.append(f"{frontend.what}: {sentence}")
        yield "redirect", "redirectScheme", {"scheme": scheme, "permanent": permanent}
    elif (regex := redirect.text("regex")) and (replacement := redirect.text("replacement")):
        options = {"regex": regex, "replacement": replacement, "permanent": permanent}
        yield "redirect", "redirectRegex", options


def _headers(frontend: Section) -> Iterable[Middleware]:
    if (headers := frontend.inner("headers")) is None:
        return
    if headers.flag("SSLRedirect") and not headers.flag("isDevelopment"):
        yield "ssl", "redirectScheme", {"scheme": "https", "permanent": not headers.flag("SSLTemporaryRedirect")}
    for name in ("SSLHost", "SSLForceHost"):
        if headers.text(name) not in ("", "false"):
            frontend.errors.append(f"{frontend.what}: headers.{name} has no effect; write a redirect")
    options: dict[str, object] = {name: True for name in _SECURE_FLAGS if headers.flag(name)}
    options.update(headers.taken(*_SECURE_TEXTS))
    for name in ("customRequestHeaders", "customResponseHeaders", "sslProxyHeaders"):
        if pairs := headers.pairs(name):
            options[name] = pairs
    for name in ("allowedHosts", "hostsProxyHeaders"):
        if texts := headers.texts(name):
            options[name] = texts
    if options:
        yield "headers", "headers", options


def _authorised(frontend: Section) -> Iterable[Middleware]:
    old = frontend.texts("basicAuth") or _old_basic(frontend)
    auth = frontend.inner("auth")
    header = auth.taken("headerField") if auth else {}
    basic, digest, forward = ((auth.inner(name) if auth else None) for name in ("basic", "digest", "forward"))
    if old or basic:
        users = old or (basic.texts("users") if basic else [])
        yield "auth", "basicAuth", {"users": users, **_of_users(basic), **header}
    elif digest:
        yield "auth", "digestAuth", {"users": digest.texts("users"), **_of_users(digest), **header}
    elif forward:
        options: dict[str, object] = {"address": forward.text("address")}
        if forward.flag("trustForwardHeader"):
            options["trustForwardHeader"] = True
        if names := forward.texts("authResponseHeaders"):
            options["authResponseHeaders"] = names
        if tls := forward.inner("tls"):
            skip = {"insecureSkipVerify": True} if tls.flag("insecureSkipVerify") else {}
            options["tls"] = {**tls.taken("ca", "cert", "key"), **skip}
        yield "auth", "forwardAuth", options
    elif auth:
        frontend.errors.append(f"{frontend.what}: auth says neither basic, digest nor forward")


def _old_basic(frontend: Section) -> list[str]:
    """`auth.basic` as a list of users."""
    auth = frontend.inner("auth")
    return auth.texts("basic") if auth and auth.inner("basic") is None else []


def _of_users(section: Section | None) -> dict[str, object]:
    if section is None:
        return {}
    return {**section.taken("usersFile"), **({"removeHeader": True} if section.flag("removeHeader") else {})}


def _client_certificate(frontend: Section) -> Iterable[Middleware]:
    if frontend.flag("passTLSCert"):
        yield "certificate", "passTLSClientCert", {"pem": True}
        return
    if (given := frontend.inner("passTLSClientCert")) is None:
        return
    options: dict[str, object] = {"pem": True} if given.flag("pem") else {}
    if infos := given.inner("infos"):
        shown: dict[str, object] = {name: True for name in ("notAfter", "notBefore", "sans") if infos.flag(name)}
        for name in ("subject", "issuer"):
            if inner := infos.inner(name):
                shown[name] = {each: True for each in _SUBJECT if inner.flag(each)}
        options["info"] = shown
    yield "certificate", "passTLSClientCert", options
