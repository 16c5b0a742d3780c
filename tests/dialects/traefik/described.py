"""Whether schemas say what everything in them means."""

from __future__ import annotations

from types import ModuleType

from tulle.dialects.traefik.values import TraefikSpec


def undescribed(module: ModuleType) -> list[str]:
    """Fields of the schemas of a module without a description, and schemas without one."""
    found = []
    for schema in vars(module).values():
        if not isinstance(schema, type) or not issubclass(schema, TraefikSpec) or schema is TraefikSpec:
            continue
        found += [] if schema.__doc__ else [schema.__name__]
        found += [f"{schema.__name__}.{name}" for name, info in schema.model_fields.items() if not info.description]
    return found
