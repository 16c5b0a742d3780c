"""`GET /v1/status` over real HTTP."""

from __future__ import annotations

from typing import Any

from tulle.model.documents import BUILT_IN
from tulle.model.findings import Finding


async def test_status_shows_the_newest_state(serving: Any) -> None:
    async with serving() as api:
        assert (await api.client.get("/v1/status")).json()["ready"] is True
        api.state.is_ready = False
        api.state.findings = (Finding.error(BUILT_IN, "wrong"),)
        status = (await api.client.get("/v1/status")).json()
        assert status["ready"] is False
        assert status["findings"][0]["message"] == "wrong"
