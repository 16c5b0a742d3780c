from __future__ import annotations

from typing import Any

from tulle.flow.settings import settled
from tulle.model.documents import BUILT_IN
from tulle.model.extensions import LogProvider, MeshDefaults, PathNormalization
from tulle.model.mesh import Settings
from tulle.model.names import Name

NATIVE = Settings(trust_domain="mine.test")
FILE = LogProvider(name="disk", origin=BUILT_IN, file="/var/log/a.log")


def defaults(**said: Any) -> MeshDefaults:
    return MeshDefaults(name=Name("istio-system", "istio"), origin=BUILT_IN, **said)


def test_without_documents_the_native_settings_count() -> None:
    assert settled(NATIVE, ()) is NATIVE
    assert settled(NATIVE, (defaults(),)) is NATIVE


def test_what_native_files_say_counts_more() -> None:
    found = settled(NATIVE, (defaults(trust_domain="other.test", allow_outside=False, trusted_proxies=2), defaults()))
    assert (found.trust_domain, found.allow_outside, found.trusted_proxies) == ("mine.test", False, 2)


def test_paths_are_read_as_documents_say() -> None:
    wanted = PathNormalization.MERGE_SLASHES
    assert settled(NATIVE, (defaults(path_normalization=wanted),)).path_normalization is wanted


def test_where_requests_are_logged() -> None:
    nowhere = LogProvider(name="", origin=BUILT_IN, file="")
    assert settled(NATIVE, (defaults(access_log=nowhere),)) is NATIVE
    everywhere = settled(NATIVE, (defaults(access_log=FILE),))
    assert everywhere.access_log and everywhere.logger is FILE
    named = settled(NATIVE, (defaults(log_providers=("disk",)),), (FILE,))
    assert (named.access_log, named.default_loggers, named.loggers) == (True, ("disk",), (FILE,))
