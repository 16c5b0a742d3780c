"""Compile one resource so that what is wrong with it harms no other: whoever has an older version keeps that.

Whatever documents say is checked when they are read, so nothing should fail here; but one document must never be able
to stop everybody else's changes.
"""

from __future__ import annotations

import logging
from collections.abc import Callable

from tulle.model.documents import BUILT_IN, Origin
from tulle.xds.snapshot import Resource, failed

log = logging.getLogger(__name__)


class Uncompilable(Exception):
    """A part of a resource failed; says where that part was written."""

    def __init__(self, origin: Origin) -> None:
        super().__init__(str(origin))
        self.origin = origin


def attempt(type_url: str, name: str, origins: tuple[Origin, ...], make: Callable[[], Resource]) -> Resource:
    """The resource that `make` compiles, or one that only says why there is none.

    Its origins are those given, first of them that of the part that failed, where that is known.
    """
    try:
        return make()
    except Exception as error:
        return failure(type_url, name, origins, error)


def failure(type_url: str, name: str, origins: tuple[Origin, ...], error: Exception) -> Resource:
    """Only says why there is no resource."""
    log.error("%s cannot be compiled", name, exc_info=error)
    reason = repr(error.__cause__ if isinstance(error, Uncompilable) else error)
    part = (error.origin,) if isinstance(error, Uncompilable) and error.origin is not BUILT_IN else ()
    return failed(type_url, name, reason, origins=tuple(dict.fromkeys((*part, *origins))))
