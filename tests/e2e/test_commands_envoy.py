"""Every command that values of headers may hold, taken by a real Envoy."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest

from tulle.agent.binary import envoy_binary
from tulle.dialects.commands import ALONE, WITH_ARGUMENTS

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(60)]


def test_envoy_knows_every_command(tmp_path: Path) -> None:
    values = [f"%{name}%" for name in sorted(ALONE)] + [f"%{name}(abc)%" for name in sorted(WITH_ARGUMENTS)]
    headers = [{"header": {"key": "x", "value": value}} for value in values]
    route = {"match": {"prefix": "/"}, "direct_response": {"status": 200}, "request_headers_to_add": headers}
    prefix = "type.googleapis.com/envoy.extensions.filters"
    manager = {
        "@type": f"{prefix}.network.http_connection_manager.v3.HttpConnectionManager",
        "stat_prefix": "x",
        "route_config": {"virtual_hosts": [{"name": "a", "domains": ["*"], "routes": [route]}]},
        "http_filters": [{"name": "router", "typed_config": {"@type": f"{prefix}.http.router.v3.Router"}}],
    }
    listener = {
        "name": "a",
        "address": {"socket_address": {"address": "127.0.0.1", "port_value": 0}},
        "filter_chains": [{"filters": [{"name": "http", "typed_config": manager}]}],
    }
    file = tmp_path / "envoy.json"
    file.write_text(json.dumps({"static_resources": {"listeners": [listener]}}))
    command = [str(envoy_binary()), "--mode", "validate", "-c", str(file), "-l", "error"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
