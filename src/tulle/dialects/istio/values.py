"""Values as Istio's documents write them: durations, percentages, patterns, names of headers."""

from __future__ import annotations

import os.path
import re
from typing import Annotated

from pydantic import AfterValidator, BeforeValidator, Field

from tulle.dialects.fields import (
    DURATION,
    LABEL,
    LARGEST,
    LONGEST_NAME,
    TOKEN,
    Pattern,
    bounded,
    header_value,
    refuse,
    shown,
)
from tulle.dialects.objects import Items, Metadata, ObjectSpec, Strings
from tulle.dialects.written import Written

_PIECE = re.compile(r"([0-9]+(?:\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h)")
_UNITS = {"ns": 1e-9, "us": 1e-6, "µs": 1e-6, "μs": 1e-6, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0}
VERSIONS = ("v1", "v1beta1", "v1alpha3")
"""Of `networking.istio.io`; all of them say the same."""
GROUP = "networking.istio.io"


def seconds(text: str) -> float | None:
    """A duration as protobuf's JSON has it (`1.5s`) or as Go writes it (`1h5m`); None if it is none."""
    if text == "0":
        return 0.0
    pieces = list(_PIECE.finditer(text))
    if not pieces or "".join(piece.group() for piece in pieces) != text:
        return None
    # (Sums of binary fractions; nobody wants to read 1.2000000000000002.)
    return round(sum(float(piece[1]) * _UNITS[piece[2]] for piece in pieces), 9)


def _duration(value: object) -> object:
    found = seconds(value) if isinstance(value, str) else None
    if found is None:
        refuse(f"must be a duration with its unit such as 500ms, 2s or 1h5m, not {shown(value)}")
    return bounded(found, value)


def _positive(value: object) -> object:
    found = _duration(value)
    if not found:
        refuse("must be longer than 0")
    return found


def _percent(value: object) -> object:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 100:
        refuse(f"must be a percentage from 0 to 100, not {shown(value)}")
    return float(value)


def _unsigned(value: object) -> object:
    if type(value) is not int or not 0 <= value <= LARGEST:
        refuse(f"must be a whole number from 0 to {LARGEST}, not {shown(value)}")
    return value


def _export(value: object) -> object:
    if not isinstance(value, str) or not (value in {".", "*"} or LABEL.fullmatch(value)):
        refuse(f"must be a namespace, . for its own or * for all, not {shown(value)}")
    return value


def header_name(value: object) -> object:
    """Check the name of a header; `:authority` and its like are some too."""
    name = value.removeprefix(":") if isinstance(value, str) else ""
    if not isinstance(value, str) or len(name) > LONGEST_NAME or not TOKEN.fullmatch(name):
        refuse(f"must be the name of a header, not {shown(value)}")
    return value.lower()


Seconds = Annotated[float, BeforeValidator(_duration, json_schema_input_type=str), Field(json_schema_extra=DURATION)]
PositiveSeconds = Annotated[
    float, BeforeValidator(_positive, json_schema_input_type=str), Field(json_schema_extra=DURATION)
]
Percent = Annotated[float, BeforeValidator(_percent)]
Unsigned = Annotated[int, BeforeValidator(_unsigned)]
Header = Annotated[str, BeforeValidator(header_name)]
Value = Annotated[str, AfterValidator(header_value)]
"""Of a header."""
Regex = Pattern
"""RE2."""
Exports = Items[Annotated[str, BeforeValidator(_export)]]


class Percentage(ObjectSpec):
    """A share of the requests."""

    value: Percent = Field(0.0, description="From 0 to 100; 0.1 is one of a thousand.")


class LabelSelection(ObjectSpec):
    """Which workloads, by their labels."""

    labels: Strings = Field(description="Labels that a workload must have, all of them.")


def exports(given: tuple[str, ...]) -> tuple[str, ...]:
    """Who sees something; everybody if nothing is said."""
    return given or ("*",)


def created(metadata: Metadata) -> str:
    """When an object was made, if it says so."""
    return str(metadata.creation_timestamp or "")


def absolute(part: Written, path: str) -> str:
    """A path, which starts from the folder of the document; empty stays empty."""
    return os.path.normpath(os.path.join(part.document.folder, path)) if path else ""
