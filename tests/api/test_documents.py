"""What is stored, over real HTTP."""

from __future__ import annotations

from typing import Any

from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.names import Name

FIRST = "services:\n  # the front\n  web:\n    command: run\n    port: 80\n"
SECOND = "namespace: shop\nservices:\n  db: {command: run, port: 81}\n"


def sent(*texts: str, **more: Any) -> dict[str, Any]:
    files = [{"text": text, "path": f"{number}.yaml", "folder": "/srv"} for number, text in enumerate(texts)]
    return {"files": files, **more}


async def test_files_that_are_sent_together_are_one_revision(serving: Any) -> None:
    async with serving() as api:
        answer = await api.client.post("/v1/documents", json=sent(FIRST, SECOND, message="both", author="ada"))
        assert answer.status_code == 200, answer.text
        applied = answer.json()
        assert (applied["revision"]["revision"], applied["findings"]) == (1, [])
        assert [(each["name"], each["action"]) for each in applied["revision"]["changes"]] == [
            ("web", "added"),
            ("db", "added"),
        ]
        again = await api.client.post("/v1/documents", json=sent(FIRST, SECOND))
        assert again.json()["revision"]["changes"] == []


async def test_an_error_anywhere_stores_nothing_and_names_the_line_as_it_was_sent(serving: Any) -> None:
    async with serving() as api:
        wrong = "services:\n  web:\n    command: run\n    prot: 80\n"
        answer = await api.client.post("/v1/documents", json=sent(SECOND, wrong))
        assert answer.status_code == 422
        problem = answer.json()
        assert problem["findings"][0]["origin"]["file"] == "1.yaml"
        assert problem["findings"][0]["origin"]["line"] == 4
        assert 'unknown field "prot"' in problem["findings"][0]["message"]
        assert "nothing was stored" in problem["detail"] and "1.yaml:4: error:" in problem["detail"]
        assert api.store.revision == 0


async def test_what_a_file_says_is_stored_in_vain_as_long_as_it_does(serving: Any) -> None:
    async with serving() as api:
        there = Origin("file", "mesh.yaml", Anchor(7), 0, "service web")
        api.state.documents = [Document(there, Key("native/service", Name("default", "web")), {}, "/srv")]
        (finding,) = (await api.client.post("/v1/documents", json=sent(FIRST, SECOND))).json()["findings"]
        assert finding["origin"]["file"] == "0.yaml" and finding["severity"] == "warning"
        assert finding["message"] == (
            "service web has no effect: mesh.yaml:7 says it, which counts; remove it there first"
        )
        api.state.documents = [Document(Origin("store"), Key("native/service", Name("default", "web")), {}, "/srv")]
        assert (await api.client.post("/v1/documents", json=sent(FIRST))).json()["findings"] == []


async def test_a_dry_run_stores_nothing(serving: Any) -> None:
    async with serving() as api:
        answer = await api.client.post("/v1/documents", json=sent(FIRST, dry_run=True))
        assert (answer.status_code, answer.json()["revision"]) == (200, None)
        assert api.store.revision == 0


async def test_what_is_stored_can_be_looked_at_as_it_was_written(serving: Any) -> None:
    async with serving() as api:
        await api.client.post("/v1/documents", json=sent(FIRST, SECOND))
        one = (await api.client.get("/v1/documents/service/web")).json()
        assert one == {
            "kind": "service", "namespace": "default", "name": "web", "revision": 1, "text": FIRST, "folder": "/srv",
        }  # fmt: skip
        assert (await api.client.get("/v1/documents/nothing/web")).status_code == 400
        everything = (await api.client.get("/v1/documents")).json()
        assert (everything["revision"], [each["name"] for each in everything["objects"]]) == (1, ["web", "db"])
        for query, names in (
            ("kind=service", ["web", "db"]),
            ("kind=native/service&namespace=shop", ["db"]),
            ("kind=route", []),
            ("revision=0", []),
        ):
            found = (await api.client.get(f"/v1/documents?{query}")).json()
            assert [each["name"] for each in found["objects"]] == names
        assert (await api.client.get("/v1/documents?revision=9")).status_code == 404


async def test_an_object_can_be_deleted_once(serving: Any) -> None:
    async with serving() as api:
        await api.client.post("/v1/documents", json=sent(FIRST, SECOND))
        assert (await api.client.delete("/v1/documents/service/db")).status_code == 404
        answer = await api.client.delete("/v1/documents/service/db?namespace=shop&author=ada")
        assert (answer.status_code, answer.json()["message"]) == (200, "delete service db")
        answer = await api.client.delete("/v1/documents/service/db?namespace=shop")
        assert answer.status_code == 404
        assert answer.json()["detail"] == 'there is no service "db" in namespace shop of the store'


async def test_a_route_whose_name_has_a_slash_can_be_reached(serving: Any) -> None:
    async with serving() as api:
        text = "routes:\n- host: shop.test\n  path: /cart\n  to: web\n"
        answer = await api.client.post("/v1/documents", json=sent(text))
        assert answer.status_code == 200, answer.text
        name = answer.json()["revision"]["changes"][0]["name"]
        assert (await api.client.get(f"/v1/documents/route/{name}")).json()["name"] == name


async def test_a_change_on_top_of_something_older_is_refused(serving: Any) -> None:
    async with serving() as api:
        await api.client.post("/v1/documents", json=sent(FIRST))
        assert (await api.client.post("/v1/documents", json=sent(SECOND, expected=0))).status_code == 409
        assert (await api.client.delete("/v1/documents/service/web?expected=0")).status_code == 409
        assert api.store.revision == 1


async def test_a_request_with_unknown_fields_is_refused(serving: Any) -> None:
    async with serving() as api:
        answer = await api.client.post("/v1/documents", json=sent(FIRST, dryrun=True))
        assert answer.status_code == 422
        assert api.store.revision == 0


async def test_of_two_kinds_with_one_name_the_full_name_decides(serving: Any) -> None:
    async with serving() as api:
        declared = "apiVersion: v1\nkind: Service\nmetadata: {name: web}\nspec: {ports: [{port: 80}]}\n"
        await api.client.post("/v1/documents", json=sent(FIRST, declared))
        assert (await api.client.get("/v1/documents/service/web")).status_code == 409
        assert (await api.client.get("/v1/documents/core.service/web")).json()["text"] == declared
        assert (await api.client.get("/v1/documents/native.service/web")).json()["text"] == FIRST


async def test_objects_without_a_namespace_are_found_from_everywhere(serving: Any) -> None:
    async with serving() as api:
        await api.client.post("/v1/documents", json=sent("apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n"))
        assert (await api.client.get("/v1/documents/ns/shop?namespace=other")).status_code == 200
