"""Values as Traefik takes them from files, flags, labels and key-value stores alike: nearly all may be text.

The conversions are those of its configuration reader (paerser): Go's booleans and durations, lists as text with commas,
keys in any case.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from pydantic.alias_generators import to_camel

from tulle.dialects.fields import refuse, shown

GREATEST = (1 << 63) - 1
LONGEST = 9e9
"""Seconds that a duration of Go has at most, rounded down."""
_TRUE = frozenset(("1", "t", "T", "true", "TRUE", "True"))
_FALSE = frozenset(("0", "f", "F", "false", "FALSE", "False"))
_WHOLE = re.compile(r"[-+]?[0-9]{1,18}")
_DURATION = re.compile(r"[-+]?(?:(?:[0-9]{1,12}(?:\.[0-9]*)?|\.[0-9]{1,12})(?:ns|us|µs|μs|ms|s|m|h))+")
_STEP = re.compile(r"([0-9.]+)(ns|us|µs|μs|ms|s|m|h)")
_SECONDS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}


class TraefikSpec(BaseModel):
    """A mapping with known fields and nothing else; its keys were brought into their usual case before."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, populate_by_name=False)


def _flag(value: object) -> object:
    text = shown(value) if isinstance(value, bool) else value
    if isinstance(text, str) and text in _TRUE | _FALSE:
        return text in _TRUE
    refuse(f"must be true or false, not {shown(value)}")


def _whole(value: object) -> object:
    if type(value) is int and abs(value) <= GREATEST:
        return value
    if isinstance(value, str) and _WHOLE.fullmatch(value):
        return int(value)
    refuse(f"must be a whole number{' that fits in 64 bits' * (type(value) is int)}, not {shown(value)}")


def _seconds(value: object) -> object:
    """A duration of Go; a number alone is seconds."""
    total: float | None = None
    if type(value) is int:
        total = float(value)
    elif isinstance(value, str):
        if _WHOLE.fullmatch(value):
            total = float(value)
        elif _DURATION.fullmatch(value):
            sign = -1 if value.startswith("-") else 1
            total = sign * sum(float(number) * _SECONDS[unit] for number, unit in _STEP.findall(value))
    if total is None:
        refuse(f"must be a duration such as 500ms, 2s or 1m30s, not {shown(value)}")
    if total < 0:
        refuse(f"must not be negative, as {shown(value)} is")
    if total > LONGEST:
        refuse(f"is too long: {shown(value)}; a duration has at most 285 years")
    return total


def _number(value: object) -> object:
    if isinstance(value, str):
        try:
            return float(value)
        except ValueError:
            pass
    elif isinstance(value, int | float) and not isinstance(value, bool):
        return float(value)
    refuse(f"must be a number, not {shown(value)}")


def _text(value: object) -> object:
    if isinstance(value, bool):
        return shown(value)
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        refuse(f"must be text, not {shown(value)}")
    return value


def _texts(value: object) -> object:
    """A list; text is cut at its commas."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",")) if value else ()
    if isinstance(value, list):
        return tuple(value)
    refuse(f"must be a list, not {shown(value)}")


def _items(value: object) -> object:
    if value == {}:
        return ()  # `[servers]` in TOML, with nothing below it.
    if not isinstance(value, list):
        refuse(f"must be a list, not {shown(value)}")
    return tuple(value)


def _present(value: object) -> object:
    """A section that may be empty: `tls: {}`, or `tls=true` as labels say it; `tls=false` is none."""
    if value is None or value is True or (isinstance(value, str) and value.lower() in ("", "true")):
        return {}
    if value is False or (isinstance(value, str) and value in _FALSE):
        return None
    return value


Flag = Annotated[bool, BeforeValidator(_flag, json_schema_input_type=bool)]
Whole = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int)]
Count = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int), Field(ge=0)]
PortNumber = Annotated[int, BeforeValidator(_whole, json_schema_input_type=int), Field(ge=0, le=65535)]
"""0 where none is given."""
Seconds = Annotated[float, BeforeValidator(_seconds, json_schema_input_type=str | int)]
Number = Annotated[float, BeforeValidator(_number, json_schema_input_type=float), Field(allow_inf_nan=False)]
Text = Annotated[str, BeforeValidator(_text, json_schema_input_type=str)]
Texts = Annotated[tuple[Text, ...], BeforeValidator(_texts, json_schema_input_type=list[str] | str)]
Numbers = Annotated[tuple[Number, ...], BeforeValidator(_texts, json_schema_input_type=list[float] | str)]
Items = BeforeValidator(_items)
"""Of a tuple of mappings: written as a list."""
Present = BeforeValidator(_present)
"""Of a mapping that means something even if it is empty."""
TextMap = dict[str, Text]
Anything = Any
