"""What each step becomes: work for the interpreter, and native filters."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from ipaddress import ip_network
from typing import Any

from tulle.envoy.steps import paths
from tulle.envoy.steps.parts import Native, Operation, Part, Work
from tulle.envoy.steps.patterns import substitution
from tulle.model import steps

SCHEME_PORTS = {"http": "80", "https": "443"}


def parts(step: steps.Step, note: str) -> tuple[Part, ...]:
    """The parts of a step; `note` tells its notes from those of others.

    Raises:
        ValueError: it cannot be done.
    """
    if not is_possible(step):
        raise ValueError(f"{type(step).__name__} cannot be done")
    return _MAKERS[type(step)](step, note)


def is_possible(step: steps.Step) -> bool:
    """Whether it can be done; a rule with one that cannot must not be used without it."""
    return type(step) in _MAKERS


def _redirect_scheme(step: steps.RedirectScheme, note: str) -> tuple[Part, ...]:
    is_usual = step.port in {"", SCHEME_PORTS.get(step.scheme, "")}
    port = "" if is_usual else f":{step.port}"
    operation = {"op": "to_scheme", "scheme": step.scheme, "port": port, "permanent": step.is_permanent}
    return (Work(request=(operation,)),)


def _redirect_pattern(step: steps.RedirectPattern, note: str) -> tuple[Part, ...]:
    header = f"x-{paths.NOTES}-{note}"
    return (
        Work(request=({"op": "write_url", "header": header, "note": note},)),
        Native((paths.rewritten(note, step.pattern, substitution(step.pattern, step.replacement)),)),
        Work(request=({"op": "to_url", "note": note, "permanent": step.is_permanent},)),
    )


def _set_headers(step: steps.SetHeaders, note: str) -> tuple[Part, ...]:
    request = tuple(_setting(name, value) for name, value in step.request)
    answer: list[Operation] = [_setting(name, value) for name, value in step.answer]
    if step.secure_answer:
        proof = [[name.lower(), value] for name, value in step.secure_proof]
        request = (*request, {"op": "note_secure", "note": note, "proof": proof})
        answer += [{**_setting(name, value), "op": "set_secure", "note": note} for name, value in step.secure_answer]
    return (Work(request=request, answer=tuple(answer)),)


def _setting(name: str, value: str) -> Operation:
    return {"op": "set", "name": name.lower(), "value": value}


def _share_origins(step: steps.ShareOrigins, note: str) -> tuple[Part, ...]:
    operation: dict[str, Any] = {
        "op": "cors",
        "note": note,
        "origins": list(step.origins),
        "methods": ",".join(step.methods),
        "headers": ",".join(step.headers),
        "exposed": ",".join(step.exposed),
        "max_age": str(step.max_age) if step.max_age else "",
        "credentials": step.allows_credentials,
        "vary": step.adds_vary,
    }
    if not step.patterns:
        return (Work(request=(operation,), answer=(operation,)),)
    found = f"{note}-origin"
    pattern = "|".join(f"(?:{each})" for each in step.patterns)
    operation["found"] = found
    return (
        Work(request=({"op": "write_origin", "header": f"x-{paths.NOTES}-{found}"},)),
        Native((paths.rewritten(found, f"^.*(?:{pattern}).*$", "yes"),)),
        Work(request=(operation,), answer=(operation,)),
    )


def _refuse_hosts(step: steps.RefuseHosts, note: str) -> tuple[Part, ...]:
    operation = {"op": "hosts", "hosts": list(step.hosts), "headers": [each.lower() for each in step.proxy_headers]}
    return (Work(request=(operation,)),)


def _allow(step: steps.AllowAddresses, note: str) -> tuple[Part, ...]:
    operation: dict[str, Any] = {
        "op": "allow",
        "ranges": ranges(step.ranges),
        "status": step.status,
        "body": STATUS_TEXTS.get(step.status, ""),
        "by": client(step.address),
    }
    return (Work(request=(operation,)),)


def client(address: steps.ClientAddress) -> Operation:
    """Which address is that of the client, for the interpreter."""
    if address.depth:
        return {"kind": "depth", "depth": address.depth}
    if address.excluded:
        return {"kind": "excluded", "excluded": ranges(address.excluded)}
    return {"kind": "peer"}


def ranges(texts: Sequence[str]) -> list[Mapping[str, Any]]:
    """CIDRs as the interpreter compares them: the bytes of the address, and how many bits count."""
    networks = map(ip_network, texts)
    return [{"bytes": list(each.network_address.packed), "bits": each.prefixlen} for each in networks]


def _refuse_escapes(step: steps.RefuseEscapes, note: str) -> tuple[Part, ...]:
    return (Work(request=({"op": "refuse_encoded", "texts": list(step.escapes)},)),)


STATUS_TEXTS = {
    400: "Bad Request",
    401: "Unauthorized",
    402: "Payment Required",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    418: "I'm a teapot",
    429: "Too Many Requests",
    500: "Internal Server Error",
    502: "Bad Gateway",
    503: "Service Unavailable",
    504: "Gateway Timeout",
}
"""By the names that Go gives them."""
_MAKERS: Mapping[type[Any], Callable[[Any, str], tuple[Part, ...]]] = {
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
}
