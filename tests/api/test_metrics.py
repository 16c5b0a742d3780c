from __future__ import annotations

import asyncio
from pathlib import Path

from tulle.api import metrics
from tulle.flow.state import ProxyState

PAGE = """# TYPE envoy_traefik_service_requests_total counter
envoy_traefik_service_requests_total{code="200",service="a@file"} 2
# TYPE envoy_traefik_service_request_duration_seconds histogram
envoy_traefik_service_request_duration_seconds_bucket{code="200",le="100000"} 1
envoy_traefik_service_request_duration_seconds_bucket{code="200",le="1.2e+06"} 2
envoy_traefik_service_request_duration_seconds_bucket{code="200",le="+Inf"} 2
envoy_traefik_service_request_duration_seconds_sum{code="200"} 500000
envoy_traefik_service_request_duration_seconds_count{code="200"} 2

nonsense
"""


def proxy(role: str, admin: str) -> ProxyState:
    return ProxyState(
        id=role, role=role, service="", host="", is_connected=True, is_synced=True, version="", admin=admin
    )


def test_gateways_are_added_up() -> None:
    assert metrics.merged([PAGE, "", PAGE, 'envoy_traefik_x{a="b"} 1\n']).splitlines() == [
        "# TYPE traefik_service_request_duration_seconds histogram",
        'traefik_service_request_duration_seconds_bucket{code="200",le="0.1"} 2',
        'traefik_service_request_duration_seconds_bucket{code="200",le="1.2"} 4',
        'traefik_service_request_duration_seconds_bucket{code="200",le="+Inf"} 4',
        'traefik_service_request_duration_seconds_sum{code="200"} 1',
        'traefik_service_request_duration_seconds_count{code="200"} 4',
        "# TYPE traefik_service_requests_total counter",
        'traefik_service_requests_total{code="200",service="a@file"} 4',
        "# TYPE traefik_x untyped",
        'traefik_x{a="b"} 1',
    ]


async def test_gateways_are_asked(tmp_path: Path) -> None:
    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        request = await reader.readuntil(b"\r\n\r\n")
        assert request.startswith(f"GET {metrics.QUESTION} ".encode())
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n" + PAGE.encode())
        writer.close()

    socket = tmp_path / "admin"
    gone = proxy("gateway", f"unix:{tmp_path}/gone")
    async with await asyncio.start_unix_server(answer, socket):
        everybody = [proxy("gateway", f"unix:{socket}"), gone, proxy("sidecar", f"unix:{socket}"), proxy("gateway", "")]
        assert 'service="a@file"} 2\n' in await metrics.told(everybody)
    assert await metrics.told([gone]) == ""
