"""How requests are treated: retries, faults, mirrors, rewrites, answers, limits, changes to headers."""

from __future__ import annotations

from tulle.dialects.native.writing.plain import Data, changed, duration, kept, number, reference, several, yes
from tulle.model.policies import Fault, RateLimit, Retry
from tulle.model.routes import HeaderChanges, Mirror, Redirect, RedirectPort, Respond, Rewrite

_PORTS = {RedirectPort.KEEP: None, RedirectPort.BY_SCHEME: "scheme", RedirectPort.REQUEST: "request"}
_RATES = {1.0: "s", 60.0: "m", 3600.0: "h"}
_USUAL = Retry()


def retries(retry: Retry | None) -> object:
    """A number, if nothing else is said."""
    if retry is None:
        return None
    rest = kept(
        on=several((*retry.conditions, *retry.status_codes)),
        per_try_timeout=duration(retry.per_try_timeout),
        backoff=duration(retry.backoff),
        non_idempotent=yes(retry.non_idempotent),
        any_host=yes(retry.any_host),
    )
    if not rest:
        return retry.attempts
    return {**kept(attempts=changed(retry.attempts, _USUAL.attempts)), **rest}


def fault(given: Fault | None) -> Data | None:
    """Percentages only where they are not all."""
    if given is None:
        return None
    aborts = given.abort_status is not None or given.abort_grpc_status is not None
    percent = given.delay_percent if given.delay is not None or not aborts else given.abort_percent
    other = given.abort_percent if aborts and given.abort_percent != percent else None
    return kept(
        delay=duration(given.delay),
        abort=given.abort_status,
        abort_grpc=given.abort_grpc_status,
        percent=changed(number(percent), 100),
        abort_percent=number(other),
    )


def mirror(given: Mirror, namespace: str) -> object:
    """A reference, if it gets everything."""
    to = reference(given.backend, namespace)
    return to if given.percent == 100 else {"to": to, "percent": number(given.percent)}


def rate(given: RateLimit | None) -> object:
    """`100/s`, if that says it."""
    if given is None:
        return None
    if given.burst is None and given.per in _RATES:
        return f"{given.requests}/{_RATES[given.per]}"
    return {"requests": given.requests, "per": duration(given.per), **kept(burst=given.burst)}


def rewrite(given: Rewrite | None) -> Data | None:
    """What changes on the way."""
    if given is None:
        return None
    regex = {"pattern": given.regex[0], "to": given.regex[1]} if given.regex is not None else None
    return kept(prefix=given.prefix, path=given.path, regex=regex, host=given.host)


def redirect(given: Redirect) -> Data:
    """Where else to ask."""
    return kept(
        scheme=given.scheme,
        host=given.host,
        port=given.port,
        port_from=_PORTS[given.port_from],
        path=given.path,
        prefix=given.prefix,
        status=changed(given.status, 302),
    )


def respond(given: Respond) -> object:
    """A number, if that is all."""
    body = given.body if isinstance(given.body, str) else given.body.decode(errors="replace")
    rest = kept(body=body, headers=dict(given.headers))
    return {"status": given.status, **rest} if rest else given.status


def headers(given: HeaderChanges | None) -> Data | None:
    """Changes to headers."""
    if given is None:
        return None
    return kept(set=dict(given.set), add=dict(given.add), remove=several(given.remove))
