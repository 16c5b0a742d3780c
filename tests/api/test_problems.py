"""Every error is a problem document with a sentence."""

from __future__ import annotations

from typing import Any


def is_problem(answer: Any, status: int, detail: str) -> None:
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    problem = answer.json()
    assert problem["status"] == status and problem["type"] == "about:blank" and problem["title"]
    assert detail in problem["detail"]


async def test_errors_of_every_kind_are_problem_documents(serving: Any) -> None:
    async with serving() as api:
        is_problem(await api.client.get("/v1/nothing"), 404, "there is nothing at /v1/nothing")
        is_problem(await api.client.put("/v1/status"), 405, "Method Not Allowed")
        is_problem(await api.client.post("/v1/rollback", json={"revision": 7}), 404, "there is no revision 7")
        is_problem(await api.client.post("/v1/rollback", json={"revison": 7}), 422, "body.revision: Field required")
        is_problem(await api.client.post("/v1/rollback", content=b"{"), 422, "the request cannot be read")
        conflict = {"revision": 0, "expected": 3}
        is_problem(await api.client.post("/v1/rollback", json=conflict), 409, "the store is at revision 0, not 3")
        api.store.close()
        is_problem(await api.client.get("/v1/history"), 507, "cannot be used")
