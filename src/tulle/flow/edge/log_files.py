"""Whether the files of access logs can be written. Envoy would take no listener that names one that cannot."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping

from tulle.model.findings import Finding
from tulle.model.names import Name
from tulle.model.observing import STDOUT, Observing, RequestLog


def usable(observing: Mapping[Name, Observing]) -> dict[Name, Observing]:
    """All but logs whose file cannot be written here, where the gateway is, too."""
    return {name: each for name, each in observing.items() if not _problem(each)}


def findings(observing: Iterable[Observing]) -> Iterator[Finding]:
    """Why the others are not."""
    for each in observing:
        problem = _problem(each)
        if problem:
            message = f"{each.origin.subject}: {problem}, so requests are not logged"
            yield Finding.error(each.origin, message)


def _problem(observing: Observing) -> str:
    what = observing.what
    if not isinstance(what, RequestLog) or what.file == STDOUT:
        return ""
    folder = os.path.dirname(what.file)
    if not os.path.isdir(folder):
        return f"the folder {folder} does not exist"
    needed = what.file if os.path.exists(what.file) else folder
    return "" if os.access(needed, os.W_OK) else f"{needed} cannot be written"
