from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path

from tulle.agent.material import Material

Issue = Callable[..., Material]


def test_what_was_saved_is_loaded_and_only_its_owner_can_read_it(tmp_path: Path, issue: Issue) -> None:
    material = issue()
    material.save(tmp_path / "new")
    assert Material.load(tmp_path / "new") == material
    assert str(material.identity) == "spiffe://cluster.local/ns/default/sa/web"
    for file in (tmp_path / "new").iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600


def test_the_key_does_not_show_in_logs(issue: Issue) -> None:
    assert "PRIVATE" not in repr(issue())


def test_what_does_not_fit_together_is_not_loaded(tmp_path: Path, issue: Issue) -> None:
    one, other = issue(), issue()
    assert Material.load(tmp_path) is None
    Material(one.key, other.chain, one.trust).save(tmp_path)
    assert Material.load(tmp_path) is None
    (tmp_path / "identity.pem").write_text("no certificate")
    assert Material.load(tmp_path) is None
