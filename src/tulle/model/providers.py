"""Where dynamic configuration comes from."""

from __future__ import annotations

from dataclasses import dataclass

from tulle.model.documents import Origin
from tulle.model.names import Name


@dataclass(frozen=True, slots=True)
class FileSettings:
    """Files and folders."""

    paths: tuple[str, ...]


ProviderSettings = FileSettings


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Provider:
    """A provider that is wanted."""

    name: Name
    origin: Origin
    settings: ProviderSettings
