from __future__ import annotations

from tulle.dialects.native import mesh
from tulle.dialects.sections import Kind, Shape


def test_an_item_of_a_list_is_called_by_its_name_unless_its_kind_knows_better() -> None:
    kind = Kind(name="native/x", noun="x", section=("x",), shape=Shape.LISTED, schema=mesh.MeshSpec, read=mesh.read)
    assert kind.identify({"name": "a"}) == "a"
    assert not kind.is_global
