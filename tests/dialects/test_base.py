from __future__ import annotations

from tulle.dialects.base import claiming
from tulle.dialects.native.dialect import DIALECT


def test_a_document_belongs_to_the_first_dialect_that_claims_it() -> None:
    assert claiming([DIALECT], {"services": {}}) is DIALECT
    assert claiming([DIALECT], {"kind": "Service"}) is None
