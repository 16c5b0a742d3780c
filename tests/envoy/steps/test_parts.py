from __future__ import annotations

from tulle.envoy.steps.parts import Native, Work, joined


def test_neighbours_of_the_same_nature_are_one() -> None:
    a, b = ({"op": "a"},), ({"op": "b"},)
    found = joined(
        [Work(request=a, answer=a), Work(request=b, answer=b), Native(({"name": "x"},)), Native(({"name": "y"},))]
    )
    assert found == (Work(request=a + b, answer=b + a), Native(({"name": "x"}, {"name": "y"})))
