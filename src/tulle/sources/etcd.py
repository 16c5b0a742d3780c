"""etcd as a source."""

from __future__ import annotations

from functools import partial

from tulle.clients import etcd
from tulle.kit.clock import Clock
from tulle.model.providers import EtcdSettings
from tulle.sources.key_values import KeyValueSource

NAME = "etcd"


def etcd_source(settings: EtcdSettings, clock: Clock | None = None, folder: str = "") -> KeyValueSource:
    """Everything below the root key, as soon as etcd tells of it."""
    attempts = [partial(etcd.follow, settings, endpoint) for endpoint in settings.endpoints]
    return KeyValueSource(NAME, settings.root_key, attempts, clock, folder)
