"""The application: nothing without the token, and a description of everything."""

from __future__ import annotations

from typing import Any


async def test_nothing_is_shown_without_the_token(serving: Any) -> None:
    async with serving() as api:
        description = (await api.stranger.get("/openapi.json")).json()
        paths = [path.format(id="x", kind="service", name="web") for path in description["paths"]]
        assert len(paths) >= 7
        for path in paths:
            for method in ("GET", "POST", "DELETE"):
                answer = await api.stranger.request(method, path, headers={"Authorization": "Bearer wrong"})
                assert answer.status_code in {401, 405}
        answer = await api.stranger.get("/v1/status")
        assert answer.headers["www-authenticate"] == "Bearer"
        assert "plane/token" in answer.json()["detail"]


async def test_the_description_has_a_schema_for_every_answer(serving: Any) -> None:
    async with serving() as api:
        description = (await api.client.get("/openapi.json")).json()
    for path, methods in description["paths"].items():
        for method in methods.values():
            assert method["responses"]["200"]["content"]["application/json"]["schema"], path
            assert method["summary"] and method["description"]


async def test_there_are_no_pages_that_fetch_scripts_from_elsewhere(serving: Any) -> None:
    async with serving() as api:
        for path in ("/docs", "/redoc"):
            assert (await api.client.get(path)).status_code == 404
