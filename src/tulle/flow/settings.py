"""The settings of the mesh: what native files say, and where they say nothing, what a document of Istio says. Pure."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from tulle.kit.memo import remember
from tulle.model.extensions import LogProvider, MeshDefaults
from tulle.model.mesh import Settings

USUAL = Settings()


@remember(size=4)
def settled(native: Settings, defaults: tuple[MeshDefaults, ...], loggers: tuple[LogProvider, ...] = ()) -> Settings:
    """The settings that count, the same object where nothing differs; of several documents of Istio the first."""
    if not defaults:
        return native
    said = defaults[0]
    wanted: dict[str, Any] = {
        "trust_domain": said.trust_domain,
        "root_namespace": said.root_namespace,
        "allow_outside": said.allow_outside,
        "sidecar_concurrency": said.sidecar_concurrency,
        "trusted_proxies": said.trusted_proxies,
        "path_normalization": said.path_normalization,
        "access_log": True if said.log_providers else None if said.access_log is None else bool(said.access_log.file),
        "logger": said.access_log if said.access_log is not None and said.access_log.file else None,
        "default_loggers": said.log_providers or None,
        "loggers": loggers or None,
    }
    changes = {
        field: value
        for field, value in wanted.items()
        if value is not None and getattr(native, field) == getattr(USUAL, field) != value
    }
    return replace(native, **changes) if changes else native
