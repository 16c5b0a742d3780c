"""The JSON Schema of a native document, for editors, and the reference of every field. Both from the same schemas."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic.json_schema import models_json_schema

from tulle.dialects.native import edge
from tulle.dialects.native.dialect import DIALECT
from tulle.dialects.sections import Kind, Shape

_ORDER = ("service", "workload", "route", "listener", "access", "token", "mtls", "scope", "logging", "mesh")
IDENTIFIER = "https://tulle.dev/schema/v1/native.json"
OF_EDGE = "Every field is in [its tables](traefik.md)."
NAMESPACE = {"type": "string", "description": "Where the names of this document belong; default if not given."}


def json_schema() -> dict[str, Any]:
    """JSON Schema (2020-12) of one document."""
    kinds = tuple(DIALECT.kinds.values())
    references, definitions = models_json_schema(
        [(kind.schema, "validation") for kind in kinds], ref_template="#/$defs/{model}"
    )
    properties: dict[str, Any] = {"namespace": NAMESPACE}
    for kind in kinds:
        place = properties
        for step in kind.section[:-1]:
            section = place.setdefault(step, _section({}))
            place = section["properties"]
        place[kind.section[-1]] = _shaped(kind, references[(kind.schema, "validation")])
    properties[edge.SECTION] = {"type": ["object", "null"], "description": edge.DESCRIPTION}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": IDENTIFIER,
        "title": "tulle",
        **_section(properties),
        "$defs": definitions["$defs"],
    }


def _section(properties: dict[str, Any]) -> dict[str, Any]:
    return {"type": ["object", "null"], "additionalProperties": False, "properties": properties}


def _shaped(kind: Kind, reference: dict[str, Any]) -> dict[str, Any]:
    description = (kind.schema.__doc__ or "").strip()
    if kind.shape is Shape.WHOLE:
        return reference
    if kind.shape is Shape.NAMED:
        return {"type": ["object", "null"], "description": description, "additionalProperties": reference}
    return {"type": ["array", "null"], "description": description, "items": reference}


def reference() -> str:
    """Markdown tables of every field, for `docs/reference/native.md`."""
    schema = json_schema()
    definitions: dict[str, dict[str, Any]] = schema["$defs"]
    order = tuple(f"native/{kind}" for kind in _ORDER)
    kinds = [DIALECT.kinds[name] for name in order] + [k for n, k in DIALECT.kinds.items() if n not in order]
    shown: dict[str, str] = {}
    for kind in kinds:
        shown.setdefault(kind.schema.__name__, f"`{'.'.join(kind.section)}`")
        for name in _referred(definitions, kind.schema.__name__):
            shown.setdefault(name, _title(name))
    tables = ("\n".join(_table(definitions, name, title)) for name, title in shown.items())
    return "\n".join((*tables, f"## `{edge.SECTION}`", "", f"{edge.DESCRIPTION} {OF_EDGE}", ""))


def _referred(definitions: dict[str, dict[str, Any]], name: str) -> Iterator[str]:
    """The schemas that a schema mentions, each before those that it mentions itself."""
    for described in definitions[name].get("properties", {}).values():
        for other in _references(described):
            yield other
            yield from _referred(definitions, other)


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if "$ref" in value:
            yield value["$ref"].rpartition("/")[2]
        for key, inner in value.items():
            if key != "default":
                yield from _references(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _references(inner)


def _title(name: str) -> str:
    """`CircuitBreakerSpec` → `Circuit breaker`."""
    words = "".join(f" {letter.lower()}" if letter.isupper() else letter for letter in name.removesuffix("Spec"))
    return words.strip().capitalize()


def _table(definitions: dict[str, dict[str, Any]], name: str, title: str) -> Iterator[str]:
    definition = definitions[name]
    yield f"## {title}"
    yield ""
    yield " ".join(definition.get("description", "").split())
    yield ""
    yield "| field | value | default | meaning |"
    yield "|---|---|---|---|"
    required = definition.get("required", [])
    for field, described in definition.get("properties", {}).items():
        default = "required" if field in required else _default(described.get("default"))
        meaning = described.get("description", "").replace("|", "\\|")
        yield f"| `{field}` | {_type(described)} | {default} | {meaning} |"
    yield ""


def _default(value: Any) -> str:
    if value is None or value in ([], {}, ""):
        return ""
    return f"`{str(value).lower() if isinstance(value, bool) else value}`"


def _type(described: dict[str, Any]) -> str:
    """A type in a few words."""
    if "$ref" in described:
        title = _title(described["$ref"].rpartition("/")[2])
        return f"[{title.lower()}](#{title.lower().replace(' ', '-')})"
    if described.get("format") == "duration":
        return "duration"
    if "enum" in described or "const" in described:
        return ", ".join(f"`{item}`" for item in described.get("enum", [described.get("const")]) if item != "")
    if "anyOf" in described:
        kinds = (_type(item) for item in described["anyOf"] if item.get("type") != "null")
        return " or ".join(kind for kind in dict.fromkeys(kinds) if kind)
    kind = described.get("type")
    if kind == "array":
        return f"list of {_type(described.get('items', {}))}"
    if kind == "object":
        patterns = described.get("patternProperties", {}).values()
        inner = next(iter(patterns), described.get("additionalProperties"))
        return f"names, each with {_type(inner)}" if isinstance(inner, dict) and inner else "mapping"
    return {"string": "text", "integer": "number", "number": "number", "boolean": "true or false"}.get(str(kind), "")
