from __future__ import annotations

from pathlib import Path

import pytest

from tulle.clients.dns.variables import Unconfigured, Variables


def test_a_value_or_the_content_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("from a file\n")
    environment = {"A_ONE": "1", "B_ONE": "2", "B_TWO_FILE": str(tmp_path / "key"), "A_BAD_FILE": "/no"}
    variables = Variables(environment, "A_", "B_")
    assert variables.text("ONE") == "1", "the first prefix counts"
    assert variables.text("TWO") == "from a file"
    assert variables.text("THREE", "usual") == "usual"
    assert variables.needed("ONE") == "1"
    with pytest.raises(Unconfigured, match="the variable A_THREE of the environment is not set"):
        variables.needed("THREE")
    with pytest.raises(Unconfigured, match="A_BAD_FILE names a file that cannot be read: /no"):
        variables.text("BAD")


def test_numbers() -> None:
    variables = Variables({"A_ONE": "1.5", "A_BAD": "soon"}, "A_")
    assert [variables.seconds(name, 7.0) for name in ("ONE", "BAD", "NONE")] == [1.5, 7.0, 7.0]
