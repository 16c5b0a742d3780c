"""What all control planes of a mesh prove cookies by: made once, and kept where nothing shows it."""

from __future__ import annotations

import logging
from secrets import token_hex

from tulle.store.base import Conflict, StoreError
from tulle.store.records import Records

log = logging.getLogger(__name__)

RECORD = "edge/seal"


def seal(records: Records) -> str:
    """The text; blocks for some milliseconds. Where it cannot be kept, people sign in again after a restart."""
    made = token_hex(32)
    try:
        known = records.read(RECORD)
        if known is None:
            known = records.write(RECORD, made, 0)
        return known.content
    except Conflict:
        return seal(records)  # Another control plane was faster.
    except StoreError as error:
        log.warning("what cookies are proven by cannot be kept, so that people will have to sign in again: %s", error)
        return made
