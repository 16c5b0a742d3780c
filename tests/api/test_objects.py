"""Everything that counts now, over real HTTP."""

from __future__ import annotations

from typing import Any

import yaml

from tests.dialects.traefik.reading import document
from tests.flow.edge.building import STANDING
from tulle.flow.build import Builder
from tulle.kit.located_yaml import parse
from tulle.model.documents import Anchor, Document, Key, Origin
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.statuses import Condition, ParentStatus, Status
from tulle.store.base import Intent, Stored

ROUTE = "apiVersion: gateway.networking.k8s.io/v1\nkind: HTTPRoute\nmetadata: {name: shop, generation: 7}\nspec: {}\n"
ACCEPTED = Condition(type="Accepted", status=True, reason="Accepted")
STATUS = Status(parents=(ParentStatus(reference=(("name", "edge"),), conditions=(ACCEPTED,)),))


def part(kind: str, name: str, text: str, *, namespace: str = "default", revision: str = "") -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    origin = Origin("store" if revision else "file", "a.yaml", Anchor(3))
    return Document(origin, Key(kind, Name(namespace, name)), data, "/srv", revision)


async def test_what_files_say_and_what_became_of_it(serving: Any) -> None:
    async with serving() as api:
        route = part("gateway-api/httproute", "shop", ROUTE)
        api.state.documents = [route, part("native/service", "web", "services: {web: {port: 80}}")]
        api.state.mesh = Mesh(statuses={("HTTPRoute", route.key.name): STATUS})
        times = {place: "2026-01-01T00:00:00Z" for place in STATUS.placed()}
        api.state.since = {("HTTPRoute", route.key.name): times}
        first, second = (await api.client.get("/v1/objects")).json()["objects"]
        one = (await api.client.get("/v1/objects/httproute/shop")).json()
    assert first == one
    assert yaml.safe_load(first["text"]) == {**yaml.safe_load(ROUTE), "status": first["status"]}
    condition = first["status"]["parents"][0]["conditions"][0]
    assert (condition["observedGeneration"], condition["lastTransitionTime"]) == (7, "2026-01-01T00:00:00Z")
    assert (second["kind"], second["status"], second["revision"]) == ("service", None, None)
    assert yaml.safe_load(second["text"]) == {"services": {"web": {"port": 80}}}
    assert second["origin"] == {"source": "file", "file": "a.yaml", "line": 3, "subject": ""}


async def test_what_was_applied_keeps_its_comments_but_not_a_status_of_others(serving: Any) -> None:
    async with serving() as api:
        text, old = "# mine\n" + ROUTE, ROUTE.replace("shop", "site") + "status: {parents: []}\n"
        keys = [Key("gateway-api/httproute", Name("default", name)) for name in ("shop", "site")]
        stored = [Stored(key=key, text=said, folder="") for key, said in zip(keys, (text, old), strict=True)]
        api.store.apply(stored, Intent(author="me", message=""))
        api.state.documents = [
            part("gateway-api/httproute", key.name.name, said, revision="1")
            for key, said in zip(keys, (text, old), strict=True)
        ]
        api.state.mesh = Mesh(statuses={("HTTPRoute", key.name): STATUS for key in keys})
        shop, site = (await api.client.get("/v1/objects", params={"kind": "httproute"})).json()["objects"]
    assert shop["text"].startswith("# mine\napiVersion") and shop["revision"] == 1
    assert yaml.safe_load(site["text"])["status"] == site["status"] != {"parents": []}


async def test_what_is_not_there_or_not_one_thing(serving: Any) -> None:
    async with serving() as api:
        api.state.documents = [
            part("istio/gateway", "edge", "kind: Gateway"),
            part("gateway-api/gateway", "edge", "kind: Gateway"),
            part("core/service", "web", "kind: Service", namespace="team"),
        ]
        none = await api.client.get("/v1/objects/service/web")
        several = await api.client.get("/v1/objects/gateway/edge")
        one = await api.client.get("/v1/objects/istio.gateway/edge")
        listed = await api.client.get("/v1/objects", params={"namespace": "team"})
    assert (none.status_code, none.json()["detail"]) == (404, 'there is no service "web" in namespace default')
    assert several.status_code == 409 and "istio.gateway or gateway-api.gateway" in several.json()["detail"]
    assert one.json()["name"] == "edge"
    assert [each["name"] for each in listed.json()["objects"]] == ["web"]


EDGE = """
entryPoints: {web: {address: ":8080"}}
http:
  routers: {a: {rule: Path(`/a`), service: s}, b: {rule: Path(`/b`), service: nope}}
  services: {s: {loadBalancer: {servers: [{url: "http://10.0.0.1"}]}}}
"""


async def test_what_became_of_routers(serving: Any) -> None:
    builder = Builder()
    mesh = builder.build((document(EDGE), document(EDGE.replace("b:", "c:"), source="docker"), STANDING))
    async with serving() as api:
        api.state.mesh, api.state.documents = mesh, builder.documents
        listed = (await api.client.get("/v1/objects", params={"kind": "router"})).json()["objects"]
        only = await api.client.get("/v1/objects/router/b")
        of_provider = await api.client.get("/v1/objects/router/a", params={"namespace": "@docker"})
        of_several = await api.client.get("/v1/objects/router/a")
        everything = (await api.client.get("/v1/objects")).json()["objects"]
    assert [(each["name"], each["namespace"]) for each in listed] == [
        *(("a", "@file"), ("b", "@file"), ("a", "@docker"), ("c", "@docker")),
    ]
    assert listed[0]["status"]["conditions"][0]["reason"] == "Accepted"
    (condition,) = only.json()["status"]["conditions"]
    assert (condition["status"], condition["message"]) == ("False", 'router b: there is no service "nope"')
    assert (of_provider.status_code, of_several.status_code) == (200, 404)
    assert "@internal" not in {each["namespace"] for each in everything}
