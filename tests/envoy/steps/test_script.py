from __future__ import annotations

import re

from tulle.envoy.steps.script import interpreter


def test_it_ends_with_what_runs_the_rest() -> None:
    text = interpreter()
    assert text.index("function REQUEST.add_prefix") < text.index("function envoy_on_request")


def test_no_operation_is_written_twice() -> None:
    names = re.findall(r"^function ((?:REQUEST|ANSWER)\.\w+)", interpreter(), re.MULTILINE)
    assert sorted(names) == sorted(set(names))
