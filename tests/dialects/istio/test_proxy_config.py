from __future__ import annotations

from tests.dialects.istio.objects import only
from tulle.dialects.istio.proxy_config import KIND


def test_settings_of_proxies() -> None:
    found = only(KIND, {"concurrency": 3, "environmentVariables": {"B": "2", "A": "1"}})
    assert (found.concurrency, found.environment) == (3, (("A", "1"), ("B", "2")))
