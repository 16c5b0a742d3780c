"""What the long-running parts have in common when they are commands: logging to stderr, and addresses."""

from __future__ import annotations

import logging
import os
import sys
from collections.abc import Iterator

from tulle.cli.output import MISUSED, Failure

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")
TALKATIVE = ("httpx", "httpcore", "uvicorn", "watchfiles")
"""Libraries that tell at INFO what only matters when they are debugged."""


def is_released(lifeline: int | None) -> bool:
    """Wait until whoever started us lets us begin; False if it ended instead. Without a lifeline, begin at once."""
    return lifeline is None or bool(os.read(lifeline, 1))


def log_to_stderr() -> None:
    """Lines with time and level; `TULLE_LOG_LEVEL` chooses how many.

    Raises:
        Failure: there is no such level.
    """
    level = os.environ.get("TULLE_LOG_LEVEL", "INFO").upper()
    if level not in LEVELS:
        raise Failure(f"TULLE_LOG_LEVEL is {level}; it must be one of {', '.join(LEVELS)}", code=MISUSED)
    logging.basicConfig(stream=sys.stderr, level=level, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    if level != "DEBUG":
        for library in TALKATIVE:
            logging.getLogger(library).setLevel(logging.WARNING)


def leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors in a group of errors, in groups of groups too."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    else:
        yield error
