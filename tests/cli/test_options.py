from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


@pytest.mark.parametrize("command", ["up", "demo", "serve"])
def test_addresses_are_called_alike_everywhere(tulle: Callable[..., Any], command: str) -> None:
    text = tulle(command, "--help").out
    for option, variable in (("--api-address", "TULLE_API_ADDRESS"), ("--xds-address", "TULLE_XDS_ADDRESS")):
        assert option in text
        assert variable in " ".join(text.split())
