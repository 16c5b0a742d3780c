"""Values of Gateway API: names, hosts, durations, lists with limits. Each refuses with the rest of a sentence."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from tulle.dialects.fields import bounded, refuse, shown
from tulle.dialects.objects import LONGEST_NAME, SUBDOMAIN
from tulle.model.hostnames import is_address

_ANYTHING = re.compile(r".+", re.DOTALL)
_GROUP = re.compile(f"(?:{SUBDOMAIN.pattern})?")
_HOST = re.compile(rf"(?:\*\.)?(?:{SUBDOMAIN.pattern})")
_DURATION = re.compile(r"(?:[0-9]{1,5}(?:h|m|s|ms)){1,4}")
_STEP = re.compile(r"([0-9]{1,5})(ms|h|m|s)")
_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 0.001}
_KIND = re.compile(r"[a-zA-Z](?:[-a-zA-Z0-9]{0,61}[a-zA-Z0-9])?")
_NAMESPACE = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
_HEADER = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`|~]{1,256}")
_HEADER_VALUE = re.compile(r"[!-~]+(?:[\t ]?[!-~]+)*")
_URI = re.compile(r"[^:/?#]+:(?://[^/?#]*)?[^?#]*(?:\?[^#]*)?(?:#.*)?")
_PATH = re.compile(r"(?:[-A-Za-z0-9/._~!$&'()*+,;=:@]|%[0-9a-fA-F]{2})+")


def at_most(most: int, least: int = 0) -> AfterValidator:
    """Limits of a list, as the definition of the kind has them."""

    def check(items: tuple[object, ...]) -> tuple[object, ...]:
        if len(items) > most:
            refuse(f"has {len(items)} entries; at most {most} are allowed")
        if len(items) < least:
            refuse("is empty; name at least one" if least == 1 else f"needs at least {least} entries")
        return items

    return AfterValidator(check)


def longest(most: int) -> AfterValidator:
    """The limit of a text."""

    def check(text: str) -> str:
        if len(text) > most:
            refuse(f"is {len(text)} characters long; at most {most} are allowed")
        return text

    return AfterValidator(check)


def _text(value: object, what: str) -> str:
    if not isinstance(value, str):
        refuse(f"must be {what}, not {shown(value)}")
    return value


def _spelt(pattern: re.Pattern[str], what: str, wanted: str, most: int = LONGEST_NAME) -> BeforeValidator:
    """A text of a form: `what` it is, and how to write it, for the refusal."""

    def check(value: object) -> str:
        text = _text(value, what)
        if not pattern.fullmatch(text) or len(text) > most:
            refuse(f"must be {wanted}, not {shown(text)}")
        return text

    return BeforeValidator(check, json_schema_input_type=str)


def _no_address(text: str) -> str:
    if is_address(text):
        refuse(f"must be a host name, not the address {text}")
    return text


def _duration(value: object) -> object:
    if not isinstance(value, str) or not _DURATION.fullmatch(value):
        refuse(f"must be a duration such as 500ms, 2s or 1m30s, not {shown(value)}")
    return bounded(sum(int(number) * _SECONDS[unit] for number, unit in _STEP.findall(value)), value)


def path_problem(path: str) -> str | None:
    """Why a text is no path to compare with; None if it is one."""
    if not path.startswith("/"):
        return f"must be a path that begins with /, not {shown(path)}"
    forbidden = next((part for part in ("//", "/./", "/../", "%2f", "%2F", "#") if part in path), None)
    if forbidden is not None:
        return f"must not contain {forbidden}: {shown(path)}"
    if path.endswith(("/..", "/.")):
        return f"must not end with /. or /..: {shown(path)}"
    return None if _PATH.fullmatch(path) else f"has characters that no path may have: {shown(path)}"


def is_path_text(text: str) -> bool:
    """Whether a text has only characters that a path may have."""
    return bool(_PATH.fullmatch(text))


Duration = Annotated[float, BeforeValidator(_duration, json_schema_input_type=str)]
Group = Annotated[str, _spelt(_GROUP, "an API group", "an API group such as gateway.networking.k8s.io")]
HeaderName = Annotated[str, _spelt(_HEADER, "the name of a header", "the name of a header, without : and spaces")]
HeaderValue = Annotated[
    str,
    _spelt(
        _HEADER_VALUE,
        "the value of a header; put it in quotes",
        "printable ASCII of at most 4096 characters, without spaces at its ends",
        most=4096,
    ),
]
Hostname = Annotated[
    str,
    _spelt(_HOST, "a host name", "a host name such as shop.example.org or *.example.org, in lower-case"),
    AfterValidator(_no_address),
]
Kind = Annotated[str, _spelt(_KIND, "a kind", "a kind such as Service")]
Method = Literal["GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH"]
Namespace = Annotated[str, _spelt(_NAMESPACE, "a namespace", "a namespace")]
ObjectName = Annotated[str, _spelt(_ANYTHING, "the name of an object", f"a name of 1 to {LONGEST_NAME} characters")]
PreciseHostname = Annotated[
    str,
    _spelt(SUBDOMAIN, "a host name", "a host name in lower-case letters such as shop.example.org"),
    AfterValidator(_no_address),
]
SectionName = Annotated[
    str, _spelt(SUBDOMAIN, "the name of an object", "a name of lower-case letters, digits, - and .")
]
Uri = Annotated[str, _spelt(_URI, "a URI", "a whole URI such as spiffe://example.org/ns/a/sa/b")]
Percent = Annotated[int, Field(ge=0, le=100)]
