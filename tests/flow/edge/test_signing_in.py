from __future__ import annotations

from tests.envoy.kitchen import HERE
from tests.envoy.policies import sign_in
from tulle.flow.edge import signing_in
from tulle.model.names import Name
from tulle.model.routers import Steps
from tulle.model.steps import AddPrefix, Cookie


def test_all_of_them_in_order() -> None:
    one, two = sign_in("one"), sign_in("two")
    steps = [
        Steps(name=Name("@file", "b"), origin=HERE, steps=(AddPrefix(prefix="/"), two)),
        Steps(name=Name("@file", "a"), origin=HERE, steps=(one,)),
    ]
    assert list(signing_in.all_of(steps)) == [one, two]


def test_sessions_of_one_name_have_one_seal() -> None:
    found = signing_in.secret(sign_in(), "of the mesh")
    assert found.get("client-secret") == b"hidden" and len(found.get("seal")) == 64
    assert found.data == signing_in.secret(sign_in("other"), "of the mesh").data
    others = [
        signing_in.secret(sign_in(session=Cookie(name="other")), "of the mesh"),
        signing_in.secret(sign_in(client="other"), "of the mesh"),
        signing_in.secret(sign_in(), "of another mesh"),
        signing_in.secret(sign_in(seal="mine"), "of the mesh"),
    ]
    assert len({each.get("seal") for each in (found, *others)}) == 5
    assert "hidden" not in repr(found)
    mine = [signing_in.secret(sign_in(seal="mine"), each).get("seal") for each in ("a", "b")]
    assert mine[0] == mine[1]
