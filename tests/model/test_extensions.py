from __future__ import annotations

from tulle.model.documents import BUILT_IN
from tulle.model.extensions import Patch, PatchMatch, PatchOperation, PatchPlace, Scope
from tulle.model.names import Name


def test_patches_are_compared_by_what_they_do_and_scopes_by_identity() -> None:
    def patch() -> Patch:
        return Patch(
            origin=BUILT_IN, place=PatchPlace.CLUSTER, operation=PatchOperation.REMOVE, match=PatchMatch(port=1)
        )

    assert patch() == patch()
    assert Scope(name=Name("a", "b"), origin=BUILT_IN) != Scope(name=Name("a", "b"), origin=BUILT_IN)
