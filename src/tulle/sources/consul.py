"""The key-value store of Consul as a source."""

from __future__ import annotations

from functools import partial

from tulle.clients import consul
from tulle.kit.clock import Clock
from tulle.model.providers import ConsulSettings
from tulle.sources.key_values import KeyValueSource

NAME = "consul"


def consul_sources(
    settings: ConsulSettings, clock: Clock | None = None, folder: str = ""
) -> tuple[KeyValueSource, ...]:
    """Everything below the root key, as soon as Consul tells of it; one source for each namespace."""
    return tuple(
        KeyValueSource(
            f"{NAME}-{namespace}" if namespace else NAME,
            settings.root_key,
            [partial(consul.follow, settings, endpoint, namespace) for endpoint in settings.endpoints],
            clock,
            folder,
        )
        for namespace in settings.namespaces or ("",)
    )
