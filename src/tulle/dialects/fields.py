"""Values that people type: durations, ports, names, patterns. Each refuses with the rest of a sentence."""

from __future__ import annotations

import re
from ipaddress import ip_address
from typing import Annotated, Any, NoReturn

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
)
from pydantic.config import JsonDict
from pydantic_core import PydanticCustomError, core_schema

from tulle.dialects import patterns
from tulle.model.hostnames import is_address

LABEL = re.compile(r"[a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?")
HOST = re.compile(r"\*|(?:\*\.)?[a-z0-9_](?:[-a-z0-9_]*[a-z0-9_])?(?:\.[a-z0-9_](?:[-a-z0-9_]*[a-z0-9_])?)*")
TOKEN = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
"""RFC 9110 §5.6.2."""
CONTROL = re.compile("[\x00-\x08\x0a-\x1f\x7f]")
_KEY_HASH = re.compile(r"[A-Za-z0-9+/]{42}[AEIMQUYcgkosw048]=")
_CERTIFICATE_HASH = re.compile(r"[0-9A-Fa-f]{2}(?:[0-9A-Fa-f]{62}|(?::[0-9A-Fa-f]{2}){31})")
CIPHERS = frozenset(
    ("AES128-GCM-SHA256", "AES128-SHA", "DES-CBC3-SHA", "ECDHE-ECDSA-AES128-SHA256", "ECDHE-PSK-AES128-CBC-SHA",
     "ECDHE-PSK-AES256-CBC-SHA", "ECDHE-PSK-CHACHA20-POLY1305", "ECDHE-RSA-AES128-SHA256", "PSK-AES128-CBC-SHA",
     "PSK-AES256-CBC-SHA", "AES256-GCM-SHA384", "AES256-SHA", "ECDHE-ECDSA-AES128-GCM-SHA256",
     "ECDHE-ECDSA-AES128-SHA", "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-ECDSA-AES256-SHA",
     "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-SHA",
     "ECDHE-RSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-SHA", "ECDHE-RSA-CHACHA20-POLY1305")
)  # fmt: skip
"""That Envoy knows, up to TLS 1.2."""
LONGEST_SOCKET = 107
"""Bytes of the path of a Unix socket, in Linux."""
LONGEST_METHOD, LARGEST_METHODS = 64, 1500
"""Characters of one, and of all in a condition: they become one program of RE2."""
LONGEST_NAME, LONGEST_VALUE = 256, 8000
"""Of headers. Envoy takes values of 16384 bytes, in which each `%` counts twice; servers take less."""
DELIMITING = frozenset(
    ("connection", "content-length", "host", "keep-alive", "proxy-connection", "te", "transfer-encoding", "upgrade")
)
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+) *(ms|s|m|h|d)")
_UNITS = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_UNSUPPORTED = re.compile(r"\(\?(?:=|!|<=|<!|>|P=|\()|\\[1-9]|[*+?}]\+")
"""What others know and RE2 does not: looking around, references to groups, possessive repetition."""
LONGEST = 10**9
"""Seconds: about thirty years. Far below what protobuf, Envoy and kernels can hold."""
SHORTEST = 0.001
"""Seconds: Envoy counts timers in milliseconds, and less would become 0, which often means none at all."""
LARGEST, LARGEST_WEIGHT = 2**32 - 1, 1_000_000
"""Numbers in Envoy's messages; so that not even sums of thousands of weights are above it."""


class Spec(BaseModel):
    """A mapping with known fields and nothing else."""

    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, populate_by_name=False)


def refuse(predicate: str) -> NoReturn:
    """Refuse a value with the rest of a sentence that begins with the name of its field: `must be …`."""
    raise PydanticCustomError("plain", "{predicate}", {"predicate": predicate})


def shown(value: object) -> str:
    """A value as it is quoted in sentences: short, and in the words of YAML."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    text = str(value)
    text = text if len(text) <= 60 else text[:57] + "..."
    return f'"{text}"' if isinstance(value, str) else text


def _duration(value: object) -> object:
    if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= LONGEST:
        return bounded(float(value), value)
    match = _DURATION.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        refuse(f"must be a duration such as 500ms, 2s or 1m, not {shown(value)}")
    return bounded(float(match[1]) * _UNITS[match[2]], value)


def bounded(seconds: float, value: object) -> float:
    """A duration that everybody can hold, and that does not become 0 on its way."""
    if 0 < seconds < SHORTEST:
        refuse(f"must be at least 1ms, not {shown(value)}")
    if seconds > LONGEST:
        refuse(f"must be at most {LONGEST} s, not {shown(value)}")
    return seconds


def _positive_duration(value: object) -> object:
    seconds = _duration(value)
    if not seconds:
        refuse("must be longer than 0")
    return seconds


def _port(value: object) -> object:
    if type(value) is not int or not 1 <= value <= 65535:
        refuse(f"must be a port number from 1 to 65535, not {shown(value)}")
    return value


def _label(value: object) -> object:
    if not isinstance(value, str) or not LABEL.fullmatch(value):
        refuse(
            f"must be a name of lower-case letters, digits and -, at most 63, that begins and ends with a letter or "
            f"digit, not {shown(value)}"
        )
    return value


def _host(value: object) -> object:
    host = value.lower() if isinstance(value, str) else ""
    if not HOST.fullmatch(host):
        refuse(f"must be a host name such as shop.example.org, *.example.org or *, not {shown(value)}")
    return host


def _pattern(value: object) -> object:
    if not isinstance(value, str):
        refuse(f"must be a regular expression, not {shown(value)}")
    if problem := patterns.problem(value):
        found = _UNSUPPORTED.search(value)
        refuse(f"is a regular expression with {found.group()}, which RE2 does not know" if found else problem)
    return value


def header_name(value: object) -> object:
    """The name of a header, in lower case."""
    if not isinstance(value, str) or len(value) > LONGEST_NAME or not TOKEN.fullmatch(value):
        refuse(f"must be the name of a header, not {shown(value)}")
    return value.lower()


def made_header(value: object) -> object:
    """The name of a header that is put into a request, and does not decide where that goes or where it ends."""
    name = header_name(value)
    if name in DELIMITING:
        refuse(f"is {shown(value)}, a header that cannot be made up")
    return name


def _header_value(value: object) -> object:
    return header_value(_word(value))


def header_value(value: object) -> object:
    """What a header may say."""
    if isinstance(value, str) and CONTROL.search(value):
        refuse(f"must be text for a header, without control characters, not {shown(value)}")
    if isinstance(value, str) and len(value.encode()) > LONGEST_VALUE:
        refuse(f"must be at most {LONGEST_VALUE} bytes, not {len(value.encode())}")
    return value


def _method(value: object) -> object:
    if not isinstance(value, str) or len(value) > LONGEST_METHOD or not TOKEN.fullmatch(value):
        refuse(f"must be an HTTP method such as GET, not {shown(value)}")
    return value.upper()


def _few(methods: tuple[str, ...]) -> tuple[str, ...]:
    if sum(map(len, methods)) > LARGEST_METHODS:
        refuse("are too many for one rule")
    return methods


def _path(value: object) -> object:
    if not isinstance(value, str):
        refuse(f"must be a path, not {shown(value)}")
    if not value:
        refuse("is an empty path; write / for every path")
    if not value.startswith("/"):
        refuse(f"must be a path that begins with /, not {shown(value)}")
    if any(character in value for character in "?# \n"):
        refuse(f"must be a path without query, fragment and spaces, not {shown(value)}")
    return value


def _file(value: object) -> object:
    if not isinstance(value, str) or not value:
        refuse(f"must be the path of a file, not {shown(value)}")
    return value


def _word(value: object) -> object:
    """Text, for which people also type numbers and true or false."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        refuse(f"must be in quotes, as numbers with a point lose digits: {shown(value)}")
    if value is None:
        return ""
    if not isinstance(value, str):
        refuse(f"must be text, not {shown(value)}")
    return value


def _status(value: object) -> object:
    if type(value) is not int or not 200 <= value <= 599:
        refuse(f"must be a status code from 200 to 599, not {shown(value)}")
    return value


def weight(value: object) -> object:
    """A share, relative to others."""
    if type(value) is not int or not 0 <= value <= LARGEST_WEIGHT:
        refuse(f"must be a whole number from 0 to {LARGEST_WEIGHT}, not {shown(value)}")
    return value


def _percent(value: object) -> object:
    number = value.removesuffix("%").strip() if isinstance(value, str) else value
    try:
        percent = float(number) if isinstance(number, str | int | float) and number is not True else -1.0
    except ValueError:
        percent = -1.0
    if not 0 <= percent <= 100:
        refuse(f"must be a percentage from 0 to 100, not {shown(value)}")
    return percent


Text = Annotated[str, BeforeValidator(_word, json_schema_input_type=str | int | bool)]
DURATION: JsonDict = {"format": "duration"}
Duration = Annotated[
    float, BeforeValidator(_duration, json_schema_input_type=str | float), Field(json_schema_extra=DURATION)
]
PositiveDuration = Annotated[
    float, BeforeValidator(_positive_duration, json_schema_input_type=str | float), Field(json_schema_extra=DURATION)
]
PortNumber = Annotated[int, BeforeValidator(_port), Field(json_schema_extra={"minimum": 1, "maximum": 65535})]
Label = Annotated[str, BeforeValidator(_label), Field(json_schema_extra={"pattern": f"^{LABEL.pattern}$"})]
Host = Annotated[str, BeforeValidator(_host)]
Pattern = Annotated[str, BeforeValidator(_pattern)]
HeaderValue = Annotated[str, BeforeValidator(_header_value, json_schema_input_type=str | int | bool)]
MadeHeader = Annotated[str, BeforeValidator(made_header)]
HeaderName = Annotated[str, BeforeValidator(header_name)]
Method = Annotated[str, BeforeValidator(_method)]
Path = Annotated[str, BeforeValidator(_path)]
File = Annotated[str, BeforeValidator(_file)]
Status = Annotated[int, BeforeValidator(_status)]
Weight = Annotated[int, BeforeValidator(weight)]
Percent = Annotated[float, BeforeValidator(_percent, json_schema_input_type=float | str)]
Count = Annotated[int, Field(ge=0, le=LARGEST)]
PositiveWeight = Annotated[int, Field(ge=1, le=LARGEST_WEIGHT)]
PositiveCount = Annotated[int, Field(ge=1, le=LARGEST)]


class Several:
    """Of a tuple: that one value may be written instead of a list of one (unless only lists are taken)."""

    def __init__(self, *, alone: bool = True) -> None:
        self.alone = alone

    def __get_pydantic_core_schema__(self, source: Any, handler: GetCoreSchemaHandler) -> core_schema.CoreSchema:
        """Validate the list as a tuple."""
        convert = _as_tuple if self.alone else _list_as_tuple
        return core_schema.no_info_before_validator_function(convert, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        """Offer both forms to editors."""
        array = handler(schema)
        return {"anyOf": [array["items"], array]} if self.alone and "items" in array else array


def _as_tuple(value: object) -> object:
    if value is None or isinstance(value, tuple):
        return value
    return tuple(value) if isinstance(value, list) else (value,)


def _list_as_tuple(value: object) -> object:
    if not isinstance(value, list):
        remedy = '; begin each item with "- "' if isinstance(value, dict) else ""
        if isinstance(value, str | int | float):
            remedy = f"; write [{value}]"
        refuse(f"must be a list, not {shown(value)}{remedy}")
    return tuple(value)


Texts = Annotated[tuple[Text, ...], Several()]
Labels = Annotated[tuple[Label, ...], Several()]
Hosts = Annotated[tuple[Host, ...], Several()]
Methods = Annotated[tuple[Method, ...], Several(), AfterValidator(_few)]
PortNumbers = Annotated[tuple[PortNumber, ...], Several()]


def ip(value: object) -> object:
    """An IP address as it is usually written."""
    return address(value, "10.0.0.5 or fd00::5")


def address(value: object, examples: str) -> str:
    """The same; refused ones are told examples."""
    if not isinstance(value, str) or not is_address(value):
        refuse(f"must be an IP address such as {examples}, not {shown(value)}")
    return str(ip_address(value))


def _key_hash(value: object) -> object:
    if not isinstance(value, str) or not _KEY_HASH.fullmatch(value):
        refuse(f"must be the SHA-256 of a public key in base64 (44 characters), not {shown(value)}")
    return value


def _certificate_hash(value: object) -> object:
    if not isinstance(value, str) or not _CERTIFICATE_HASH.fullmatch(value):
        refuse(f"must be the SHA-256 of a certificate (64 hexadecimal digits), not {shown(value)}")
    return value


def _cipher(value: object) -> object:
    if value not in CIPHERS:
        refuse(f"must be a cipher such as ECDHE-RSA-AES128-GCM-SHA256, not {shown(value)}")
    return value


KeyHash = Annotated[str, BeforeValidator(_key_hash)]
CertificateHash = Annotated[str, BeforeValidator(_certificate_hash)]
Cipher = Annotated[str, BeforeValidator(_cipher)]
Ip = Annotated[str, BeforeValidator(ip)]
