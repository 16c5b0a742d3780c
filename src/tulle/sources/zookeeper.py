"""ZooKeeper as a source."""

from __future__ import annotations

from functools import partial

from tulle.clients import zookeeper
from tulle.kit.clock import Clock
from tulle.model.providers import ZooKeeperSettings
from tulle.sources.key_values import KeyValueSource

NAME = "zookeeper"


def zookeeper_source(settings: ZooKeeperSettings, clock: Clock | None = None, folder: str = "") -> KeyValueSource:
    """Everything below the root node, as soon as ZooKeeper tells of it."""
    return KeyValueSource(NAME, settings.root_key, [partial(zookeeper.follow, settings)], clock, folder)
