"""History and rollback over real HTTP."""

from __future__ import annotations

from typing import Any


def change(text: str, message: str = "") -> dict[str, Any]:
    return {"files": [{"text": text, "path": "m.yaml"}], "author": "ada", "message": message}


WEB = "services:\n  web:\n    command: run\n    port: 80\n"
DB = "services:\n  db:\n    command: run\n    port: 81\n"


async def test_history_tells_who_changed_what_and_rollback_undoes_it(serving: Any) -> None:
    async with serving() as api:
        await api.client.post("/v1/documents", json=change(WEB, "first"))
        await api.client.post("/v1/documents", json=change(DB))
        answer = await api.client.post("/v1/rollback", json={"revision": 1, "author": "bob"})
        assert answer.status_code == 200
        rolled_back = answer.json()
        assert (rolled_back["revision"], rolled_back["author"]) == (3, "bob")
        assert rolled_back["message"] == "roll back to revision 1"
        history = (await api.client.get("/v1/history")).json()
        assert history["version"] == "tulle/v1"
        assert history["revisions"][0] == rolled_back
        assert [(each["author"], each["message"]) for each in history["revisions"][1:]] == [
            ("ada", ""),
            ("ada", "first"),
        ]
        assert rolled_back["changes"] == [
            {"kind": "service", "namespace": "default", "name": "db", "action": "removed"}
        ]
        assert [stored.key.name.name for stored in api.store.objects()] == ["web"]
        assert len((await api.client.get("/v1/history?limit=1")).json()["revisions"]) == 1
        assert (await api.client.get("/v1/history?limit=0")).status_code == 422
