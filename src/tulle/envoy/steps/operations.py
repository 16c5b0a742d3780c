"""What each step becomes: work for the interpreter, and native filters."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from tulle.envoy.steps import answers, bodies, calls, certificates, consulted, limits, paths, sign_in, tokens
from tulle.envoy.steps.clients import client, ranges
from tulle.envoy.steps.parts import Native, Operation, Part, Where, Work
from tulle.kit.status_texts import status_text
from tulle.model import steps

SCHEME_PORTS = {"http": "80", "https": "443"}


def parts(step: steps.Step, where: Where) -> tuple[Part, ...]:
    """The parts of a step; `where.note` tells its notes from those of others.

    Raises:
        ValueError: it cannot be done.
    """
    make = _MAKERS.get(type(step))
    if make is None:
        raise ValueError(f"nothing is known that does {type(step).__name__}")
    return make(step, where)


def problem(step: steps.Step) -> str:
    """Why it cannot be done; empty if it can. A rule with one that cannot must not be used without it."""
    try:
        parts(step, Where("", ""))
    except ValueError as error:
        return str(error)
    return ""


def refusal(reason: str) -> Part:
    """Instead of steps that cannot be done: nobody may pass who would have been asked for a password."""
    return Work(request=({"op": "refuse", "status": 500, "body": f"{reason}\n"},))


def hides_client(done: Iterable[steps.Step]) -> bool:
    """Whether services are not to see `X-Forwarded-For`, because the last word about it is that it is removed."""
    said = [each.request for each in done if isinstance(each, steps.SetHeaders)]
    values = [value for pairs in said for name, value in pairs if name.lower() == "x-forwarded-for"]
    return bool(values) and not values[-1]


def _redirect_scheme(step: steps.RedirectScheme, where: Where) -> tuple[Part, ...]:
    is_usual = step.port in {"", SCHEME_PORTS.get(step.scheme, "")}
    port = "" if is_usual else f":{step.port}"
    operation = {"op": "to_scheme", "scheme": step.scheme, "port": port, "permanent": step.is_permanent}
    return (Work(request=(operation,)),)


def _redirect_pattern(step: steps.RedirectPattern, where: Where) -> tuple[Part, ...]:
    header = paths.header_of(where.note)
    return (
        Work(request=({"op": "write_url", "header": header, "note": where.note},)),
        paths.replacing(where.note, step.pattern, step.replacement),
        Work(request=({"op": "to_url", "note": where.note, "permanent": step.is_permanent},)),
    )


def _set_headers(step: steps.SetHeaders, where: Where) -> tuple[Part, ...]:
    request = tuple(_setting(name, value) for name, value in step.request)
    answer: list[Operation] = [_setting(name, value) for name, value in step.answer]
    if step.secure_answer:
        proof = [[name.lower(), value] for name, value in step.secure_proof]
        request = (*request, {"op": "note_secure", "note": where.note, "proof": proof})
        answer += [{"op": "secure", "then": _setting(*each), "note": where.note} for each in step.secure_answer]
    return (Work(request=request, answer=tuple(answer)),)


def _setting(name: str, value: str) -> Operation:
    """Without a value it is removed; spaces around one are none of it (RFC 9110), and no line ends within it."""
    if not value:
        return {"op": "remove", "name": name.lower()}
    return {"op": "set", "name": name.lower(), "value": " ".join(value.strip(" \t\r\n").splitlines())}


def _share_origins(step: steps.ShareOrigins, where: Where) -> tuple[Part, ...]:
    operation: dict[str, Any] = {
        "op": "cors",
        "note": where.note,
        "origins": list(step.origins),
        "methods": _listed(step.methods, step, "*"),
        "headers": _listed(step.headers, step, "*"),
        "exposed": _listed(step.exposed, step),
        "max_age": "" if step.max_age is None else str(step.max_age),
        "credentials": step.allows_credentials,
        "vary": step.adds_vary,
    }
    if not step.patterns:
        return (Work(request=(operation,), answer=(operation,)),)
    found = f"{where.note}-origin"
    pattern = "|".join(f"(?:{each})" for each in step.patterns)
    operation["found"] = found
    return (
        Work(request=({"op": "write_origin", "header": f"x-{paths.NOTES}-{found}"},)),
        Native((paths.rewritten(found, f"^.*(?:{pattern}).*$", "yes"),)),
        Work(request=(operation,), answer=(operation,)),
    )


def _listed(values: tuple[str, ...], step: steps.ShareOrigins, instead: str = "") -> str:
    """With credentials, browsers take `*` by its letters; so something else is said."""
    return instead if step.allows_credentials and "*" in values else ",".join(values)


def _refuse_hosts(step: steps.RefuseHosts, where: Where) -> tuple[Part, ...]:
    operation = {"op": "hosts", "hosts": list(step.hosts), "headers": [each.lower() for each in step.proxy_headers]}
    return (Work(request=(operation,)),)


def _allow(step: steps.AllowAddresses, where: Where) -> tuple[Part, ...]:
    operation: dict[str, Any] = {
        "op": "allow",
        "ranges": ranges(step.ranges),
        "status": step.status,
        "body": status_text(step.status),
        "by": client(step.address),
    }
    return (Work(request=(operation,)),)


def _refuse_escapes(step: steps.RefuseEscapes, where: Where) -> tuple[Part, ...]:
    return (Work(request=({"op": "refuse_encoded", "texts": list(step.escapes)},)),)


def _route_again(step: steps.RouteAgain, where: Where) -> tuple[Part, ...]:
    return (Work(request=({"op": "route_again", "router": step.router},), is_last=True),)


_MAKERS: Mapping[type[Any], Callable[[Any, Where], tuple[Part, ...]]] = {
    steps.AddPrefix: paths.add_prefix,
    steps.StripPrefix: paths.strip_prefix,
    steps.StripPattern: paths.strip_patterns,
    steps.ReplacePath: paths.replace_path,
    steps.ReplacePattern: paths.replace_pattern,
    steps.RedirectScheme: _redirect_scheme,
    steps.RedirectPattern: _redirect_pattern,
    steps.SetHeaders: _set_headers,
    steps.ShareOrigins: _share_origins,
    steps.RefuseHosts: _refuse_hosts,
    steps.AllowAddresses: _allow,
    steps.RefuseEscapes: _refuse_escapes,
    steps.Passwords: consulted.passwords,
    steps.LimitInFlight: consulted.in_flight,
    steps.Break: consulted.breaker,
    steps.LimitRate: limits.rate,
    steps.LimitBodies: bodies.limit,
    steps.Compress: answers.compress,
    steps.GuessTypes: answers.guess_types,
    steps.BridgeGrpc: answers.bridge_grpc,
    steps.ShowCertificate: certificates.show,
    steps.AskServer: calls.ask,
    steps.ErrorPages: calls.pages,
    steps.VerifyToken: tokens.verify,
    steps.SignIn: sign_in.sign_in,
    steps.RouteAgain: _route_again,
}
