from __future__ import annotations

import gc
import random
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from weakref import ref

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tulle.dialects import registry
from tulle.envoy import gateway_hosts
from tulle.envoy.gateway import compile_gateway
from tulle.flow import references
from tulle.flow.build import Builder
from tulle.flow.differences import changed_names
from tulle.kit.located_yaml import parse
from tulle.kit.tables import changed_keys
from tulle.model.documents import Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.mesh import Mesh
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.routes import Forward, Respond
from tulle.sources.file import Files
from tulle.xds.snapshot import VIRTUAL_HOST


def document(text: str, file: str = "a.yaml") -> Document:
    data = parse(text)
    assert isinstance(data, dict)
    return Document(Origin("file", file), Key("file", Name("", f"{file}#1")), data, "/folder")


def messages(mesh: Mesh) -> list[str]:
    return [str(finding) for finding in mesh.findings]


WEB = "services: {web: {port: 8000, command: web}}"


def test_nothing_makes_an_empty_mesh_that_stays_the_same() -> None:
    builder = Builder()
    mesh = builder.build(())
    assert not mesh.services and not mesh.listeners and not mesh.findings
    assert builder.build(()) is mesh


def test_unchanged_documents_give_the_very_same_mesh() -> None:
    builder, web = Builder(), document(WEB)
    assert builder.build((web,)) is builder.build((web,))


def test_only_what_changed_is_another_object() -> None:
    builder = Builder()
    other = document("services: {api: {port: 8000, command: api}}\nroutes: [{to: api}]", "b.yaml")
    before = builder.build((document(WEB), other))
    after = builder.build((document(WEB.replace("8000", "9000")), other))
    api, web = Name("default", "api"), Name("default", "web")
    assert after.services[api] is before.services[api]
    assert after.services[web] is not before.services[web]
    assert after.gateway_routes is before.gateway_routes
    assert after.listeners is before.listeners
    assert before.services[web].ports[0].number == 8000


def test_a_broken_part_keeps_its_last_good_version_and_hurts_nothing_else() -> None:
    builder = Builder()
    text = "services:\n  web: {port: 8000, command: web}\n  api: {port: 8000, command: api}\n"
    good = builder.build((document(text),))
    broken = builder.build(
        (document(text.replace("command: web", "comand: web").replace("command: api", "command: x")),)
    )
    web, api = Name("default", "web"), Name("default", "api")
    assert broken.services[web] is good.services[web]
    assert broken.workloads[web] is good.workloads[web]
    assert broken.workloads[api].command == "x"
    assert len(broken.findings) == 1
    repaired = builder.build((document(text),))
    assert not repaired.findings


def test_a_broken_route_of_the_gateway_keeps_its_last_good_version() -> None:
    builder = Builder()
    text = f"{WEB}\nroutes: [{{path: /, to: web, timeout: 10s}}]"
    good = builder.build((document(text),))
    broken = builder.build((document(text.replace("10s", "soon")),))
    assert len(broken.findings) == 1
    assert len(good.gateway_routes) == 1
    assert broken.gateway_routes == good.gateway_routes


def test_a_part_that_is_removed_while_it_is_broken_is_gone() -> None:
    builder = Builder()
    builder.build((document(WEB),))
    builder.build((document(WEB.replace("port", "prt")),))
    assert not builder.build(()).services
    assert not builder.build((document(WEB.replace("port", "prt")),)).services


def test_of_two_services_the_first_counts_with_all_that_belongs_to_it() -> None:
    builder = Builder()
    first = document(WEB, "a.yaml")
    second = document("services: {web: {port: 9000, versions: {v2: {command: b}}, routes: [{versions: v2}]}}", "b.yaml")
    mesh = builder.build((first, second))
    assert mesh.services[Name("default", "web")].ports[0].number == 8000
    assert set(mesh.workloads) == {Name("default", "web")}
    assert not mesh.service_routes
    assert messages(mesh) == ["b.yaml:1: error: service web is given twice (first at a.yaml:1); the first one counts"]

    mesh = builder.build((second, first))
    assert mesh.services[Name("default", "web")].ports[0].number == 9000
    assert set(mesh.workloads) == {Name("default", "web-v2")}
    assert len(mesh.service_routes) == 1

    mesh = builder.build((first,))
    assert mesh.services[Name("default", "web")].ports[0].number == 8000
    assert not mesh.findings


def test_settings_are_written_once() -> None:
    mesh = Builder().build((document("mesh: {trust_domain: a}"), document("mesh: {trust_domain: b}", "b.yaml")))
    assert mesh.settings.trust_domain == "a"
    assert messages(mesh) == ["b.yaml:1: error: mesh is given twice (first at a.yaml:1); the first one counts"]


def test_two_workloads_of_one_name_are_a_finding() -> None:
    text = "services: {a: {command: x, versions: {b: {}}}, a-b: {command: y}}"
    mesh = Builder().build((document(text),))
    assert messages(mesh) == [
        "a.yaml:1: error: service a-b: its workload a-b has the name of that of service a (a.yaml:1); "
        "rename one of them"
    ]


def test_a_route_keeps_its_good_backends() -> None:
    mesh = Builder().build((document(f"{WEB}\nroutes: [{{weights: {{web: 1, wbe: 1}}, mirror: [web, nobody]}}]"),))
    action = mesh.gateway_routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert [backend.service.name for backend in action.backends] == ["web"]
    assert [mirror.backend.service.name for mirror in action.mirrors] == ["web"]
    assert len(mesh.findings) == 2


@pytest.mark.parametrize("weights", ["{wbe: 1}", "{web: 0, wbe: 1}"])
def test_a_route_without_good_backends_answers_with_a_reason(weights: str) -> None:
    mesh = Builder().build((document(f"{WEB}\nroutes: [{{weights: {weights}}}]"),))
    action = mesh.gateway_routes[0].rules[0].action
    reason = 'service "wbe" does not exist; did you mean "web"?'
    assert action == Respond(status=503, body=f"{reason}\n", headers=(("x-tulle-reason", reason),))


def test_a_route_comes_alive_with_its_service_and_keeps_its_identity_otherwise() -> None:
    builder = Builder()
    route = document("routes: [{to: web}]", "r.yaml")
    dangling = builder.build((route,))
    assert isinstance(dangling.gateway_routes[0].rules[0].action, Respond)
    alive = builder.build((route, document(WEB)))
    assert isinstance(alive.gateway_routes[0].rules[0].action, Forward)
    assert not alive.findings
    edited = builder.build((route, document(WEB.replace("command: web", "command: other"))))
    assert edited.gateway_routes[0] is alive.gateway_routes[0]
    other = builder.build((route, document(WEB.replace("web: {", "wab: {"))))
    assert "wab" in messages(other)[0]


def test_routes_without_a_listener_get_the_usual_one() -> None:
    builder = Builder()
    route = document(f"{WEB}\nroutes: [{{to: web, listeners: http}}]")
    assert [listener.port for listener in builder.build((route,)).listeners.values()] == [8080]
    mesh = builder.build((route, document("gateway: {listeners: {http: 18080}}", "g.yaml")))
    assert [listener.port for listener in mesh.listeners.values()] == [18080]
    assert not builder.build((document(WEB),)).listeners


def test_a_broken_listener_does_not_open_the_usual_port() -> None:
    mesh = Builder().build((document(f"{WEB}\nroutes: [{{to: web}}]\ngateway: {{listeners: {{a: {{prt: 1}}}}}}"),))
    assert not mesh.listeners


def test_a_listener_without_its_service_is_left_out() -> None:
    text = (
        "gateway: {listeners: {a: {port: 1, protocol: tcp, weights: {x: 1, db: 1}}, "
        "b: {port: 2, protocol: tcp, to: x}}}"
    )
    mesh = Builder().build((document(f"services: {{db: {{port: 5, protocol: tcp, command: db}}}}\n{text}"),))
    (listener,) = mesh.listeners.values()
    assert listener.name == Name(SYSTEM_NAMESPACE, "a")
    assert [backend.service.name for backend in listener.backends] == ["db"]
    assert len(mesh.findings) == 2


def test_callers_are_known_by_their_account() -> None:
    builder = Builder()
    guarded = document("services: {api: {port: 1, command: a, allow: [web, frontend]}}", "b.yaml")
    mesh = builder.build((document(WEB.replace("command", "account: frontend, command")), guarded))
    (one, two) = mesh.services[Name("default", "api")].allow or ()
    assert one.callers == two.callers == (Name("default", "frontend"),)
    mesh = builder.build((document(WEB), guarded))
    (one, two) = mesh.services[Name("default", "api")].allow or ()
    assert one.callers == (Name("default", "web"),)
    assert messages(mesh) == ['b.yaml:1: error: service api: "allow" names service "frontend", which does not exist']


def test_rules_of_several_documents_for_a_service_stand_in_their_order() -> None:
    builder = Builder()
    text = "services: {web: {port: 8000, versions: {v1: {command: a}}, routes: [{versions: v1}]}}"
    mesh = builder.build((document(text),))
    assert len(mesh.service_routes[Name("default", "web")]) == 1
    same = builder.build((document(text), document("routes: [{to: web}]", "r.yaml")))
    assert set(same.service_routes) == {Name("default", "web")}


def test_findings_of_sources_are_kept_and_each_is_there_once() -> None:
    finding = Finding.error(Origin("file", "x.yaml"), "cannot be read")
    assert Builder().build((), [finding, finding]).findings == (finding,)


def test_a_part_as_the_store_keeps_it_is_read_as_it_is() -> None:
    builder = Builder()
    web = Name("default", "web")
    part = Document(
        Origin("store", "store:service/web"),
        Key("native/service", web),
        {"services": {"web": {"port": 1, "command": "x"}}},
    )
    assert builder.build((part,)).services[web].ports[0].number == 1
    assert not builder.build(()).services


BITS: tuple[Callable[[int], str], ...] = (
    lambda i: f"services: {{s{i}: {{port: 8000, command: a}}}}",
    lambda i: f"services: {{s{i}: {{port: 9000, protocol: tcp, command: a}}}}",
    lambda i: (
        f"services: {{s{i}: {{port: 8000, versions: {{v1: {{command: b}}}}, "
        f"routes: [{{versions: v1}}, {{to: s{i + 1}}}]}}}}"
    ),
    lambda i: (
        f"services: {{s{i}: {{port: 8000, command: a, account: s{i + 1}, "
        f"allow: [s{i + 1}, s{i + 2}], calls: s{i + 1}}}}}"
    ),
    lambda i: (
        f"routes: [{{host: h{i}, to: s{i}}}, {{name: n{i}, path: /x, "
        f"weights: {{s{i}: 1, s{i + 1}/v1: 1}}, listeners: l{i}}}]"
    ),
    lambda i: f"routes: [{{hosts: [h{i}, h{i + 1}], to: s{i + 1}}}]",
    lambda i: f"gateway: {{listeners: {{l{i}: {1000 + i // 2}}}}}",
    lambda i: f"gateway: {{listeners: {{l{i}: {{port: {1000 + i}, protocol: tcp, to: s{i}}}}}}}",
    lambda i: f"mesh: {{trust_domain: d{i}}}",
)
TEXTS = st.builds(lambda bit, i: bit(i), st.sampled_from(BITS), st.integers(0, 3))
EDITS = st.lists(st.tuples(st.integers(0, 5), st.one_of(st.none(), TEXTS), st.booleans()), min_size=1, max_size=12)


def test_of_two_listeners_the_first_has_the_port_when_documents_change_places() -> None:
    builder = Builder()
    one, two = (document(f"gateway: {{listeners: {{l{number}: 1000}}}}", f"{number}.yaml") for number in range(2))
    assert [each.name for each in builder.build((one, two)).listeners] == ["l0"]
    assert [each.name for each in builder.build((two, one)).listeners] == ["l1"]


@settings(max_examples=60, deadline=None)
@given(EDITS, st.randoms(use_true_random=False))
def test_incremental_equals_from_scratch(edits: list[tuple[int, str | None, bool]], chance: random.Random) -> None:
    files: dict[int, Document] = {}
    builder = Builder()
    for number, text, shuffle in edits:
        files.pop(number, None)
        if text is not None:
            files[number] = document(text, f"{number}.yaml")
        order = list(files.values())
        if shuffle:
            chance.shuffle(order)
        incremental = builder.build(tuple(order))
        scratch = Builder().build(tuple(order))
        assert summary(incremental) == summary(scratch)


def test_of_two_that_want_a_port_the_first_file_has_it_after_files_were_moved_too() -> None:
    builder = Builder()
    one, other = (document(f"gateway: {{listeners: {{l{i}: 1000}}}}", f"{i}.yaml") for i in (0, 1))
    assert [name.name for name in builder.build((one, other)).listeners] == ["l0"]
    assert [name.name for name in builder.build((other, one)).listeners] == ["l1"]


def summary(mesh: Mesh) -> object:
    """All of a mesh by value: objects of two builders are never the same."""
    return (
        repr_of(mesh.settings),
        {name: repr_of(service) for name, service in mesh.services.items()},
        {name: repr_of(workload) for name, workload in mesh.workloads.items()},
        {name: repr_of(listener) for name, listener in mesh.listeners.items()},
        [repr_of(route) for route in mesh.gateway_routes],
        {name: [repr_of(route) for route in routes] for name, routes in mesh.service_routes.items()},
        messages(mesh),
    )


def repr_of(value: object) -> str:
    text = repr(value)
    while (begin := text.find("<tulle.model.documents.Anchor object")) >= 0:
        text = text[:begin] + text[text.index(">", begin) + 1 :]
    return text


def test_keys_change_only_the_guards_that_use_them() -> None:
    builder, uri = Builder(), "https://a/keys"
    text = (
        "services: {web: {port: 8000, command: web}, api: {port: 8000, command: api}}\n"
        f"tokens: {{t: {{issuer: me, labels: {{app: web}}, jwks_uri: '{uri}'}}}}"
    )
    documents = (document(text),)
    before = builder.build(documents)
    keys = {uri: '{"keys":[{"kty":"RSA"}]}'}
    after = builder.build(documents, (), keys)
    web, api = Name("default", "web"), Name("default", "api")
    assert after.guards[web].tokens[0].rules[0].jwks == keys[uri]
    assert after.guards[api] is before.guards[api]
    assert after.services is before.services
    assert [each.rules[0].jwks for each in after.tokens.values()] == [""]
    assert builder.build(documents, (), keys) is after
    assert builder.build(documents).guards[web].tokens == before.guards[web].tokens


def test_from_mutual_tls_to_plain_text_it_goes_in_steps() -> None:
    builder, name = Builder(), Name("default", "web")
    text = "mtls: {m: {mode: MODE}}"
    builder.build((document(WEB), document(text.replace("MODE", "strict"), "m.yaml")))
    documents = (document(WEB), document(text.replace("MODE", "disable"), "m.yaml"))
    keys: dict[str, str] = {}
    taken, seen = Mesh(), list[object]()
    while builder.is_easing or not seen:
        mesh = builder.build(documents, (), keys, taken=taken)
        assert builder.build(documents, (), keys, taken=Mesh()) is mesh
        taken = mesh
        guard = mesh.guards[name]
        seen.append((guard.mode(8000).value, guard.takes(8000).value, mesh.services[name].plain_ports))
    assert seen == [("strict", "permissive", ()), ("disable", "permissive", (8000,)), ("disable", "disable", (8000,))]


def istio(number: int, timeout: int = 5) -> Document:
    return document(
        f"{{apiVersion: networking.istio.io/v1, kind: VirtualService, metadata: {{name: s{number}}}, spec: {{"
        f"hosts: [s{number}.test, s{number}], gateways: [shared, mesh], "
        f"http: [{{route: [{{destination: {{host: s{number}}}}}], timeout: {timeout}s}}]}}}}",
        f"{number}.yaml",
    )


def standard(number: int, timeout: int = 5) -> Document:
    return document(
        f"{{apiVersion: gateway.networking.k8s.io/v1, kind: HTTPRoute, metadata: {{name: s{number}}}, spec: {{"
        f"hostnames: [s{number}.test], parentRefs: [{{name: shared}}, {{kind: Service, group: '', name: s{number}}}], "
        f"rules: [{{backendRefs: [{{name: s{number}, port: 80}}], timeouts: {{request: {timeout}s}}}}]}}}}",
        f"{number}.yaml",
    )


SHARED = {
    istio: (
        "{apiVersion: networking.istio.io/v1, kind: Gateway, metadata: {name: shared}, spec: {selector: "
        "{istio: ingressgateway}, servers: [{port: {number: 80, name: http, protocol: HTTP}, hosts: ['*']}]}}"
    ),
    standard: (
        "{apiVersion: gateway.networking.k8s.io/v1, kind: Gateway, metadata: {name: shared}, spec: "
        "{gatewayClassName: any, listeners: [{name: http, port: 80, protocol: HTTP}]}}"
    ),
}
MANY = 100


@pytest.mark.parametrize(("write", "places"), [(istio, 2), (standard, 1)])
def test_one_changed_route_of_many_is_all_that_is_looked_at(
    write: Callable[..., Document], places: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: Counter[str] = Counter()

    def count(module: ModuleType, name: str) -> None:
        work = getattr(module, name)

        def counted(*given: object) -> object:
            done[name] += 1
            return work(*given)

        monkeypatch.setattr(module, name, counted)

    for module, name in ((registry, "split"), (registry, "read"), (references, "attach"), (references, "resolve")):
        count(module, name)
    count(gateway_hosts, "compile_host")
    names = ", ".join(f"s{number}: {{port: 80, addresses: '10.0.0.1:80'}}" for number in range(MANY))
    others = (document(f"services: {{{names}}}", "services.yaml"), document(SHARED[write], "shared.yaml"))
    routes = [write(number) for number in range(MANY)]
    builder, memory = Builder(), gateway_hosts.Memory()
    before = builder.build((*others, *routes))
    assert not [each for each in before.findings if each.is_error]
    held = compile_gateway(before, memory)
    assert done["compile_host"] == places * MANY + 1  # And one for all hosts without routes.

    done.clear()
    routes[7] = write(7, timeout=6)
    after = builder.build((*others, *routes))
    snapshot = compile_gateway(after, memory)
    gateway_sets = 1 if write is standard else 3  # A virtual service is one set for each gateway, and two in the mesh.
    assert done["split"] == done["read"] == 1
    assert done["attach"] == 1
    assert done["resolve"] == gateway_sets
    assert done["compile_host"] == places
    assert after.services is before.services and after.listeners is before.listeners
    assert after.guards is before.guards and after.workloads is before.workloads
    assert changed_keys(before.service_routes, after.service_routes) == {Name("default", "s7")}
    assert sum(each not in before.gateway_routes for each in after.gateway_routes) == 1
    changed = changed_names(held, snapshot)
    assert {each.rpartition("/")[2] for each in changed.pop(VIRTUAL_HOST)} >= {"s7.test"}
    assert not changed

    done.clear()
    mesh = builder.build((*others, *routes[:7], *routes[8:]))
    assert done["read"] == done["attach"] == 0
    assert len(compile_gateway(mesh, memory).table(VIRTUAL_HOST)) == len(held.table(VIRTUAL_HOST)) - places
    assert done["compile_host"] == 0


def test_what_was_replaced_is_forgotten() -> None:
    builder = Builder()
    others = document("services: {s1: {port: 80, command: x}}", "s.yaml")
    old = ref(builder.build((others, istio(1), document(SHARED[istio], "g.yaml"))).gateway_routes[0])
    native = ref(builder.build((others, document("routes: [{host: a, to: s1}]"))).gateway_routes[0])
    builder.build((others,))
    builder.build(())
    gc.collect()
    assert old() is None and native() is None


def test_the_parts_of_documents_are_known_as_they_were_built_last() -> None:
    builder = Builder()
    builder.build((document(WEB), document("routes: [{respond: 200}]", "b.yaml")))
    assert [each.key.kind for each in builder.documents] == ["native/service", "native/route"]
    builder.build((document(WEB),))
    assert [each.key.kind for each in builder.documents] == ["native/service"]


def test_after_an_exception_it_begins_again_and_still_knows_what_was_good(monkeypatch: pytest.MonkeyPatch) -> None:
    builder = Builder()
    builder.build((document(WEB),))
    with monkeypatch.context() as patched:

        def fail(*_: object) -> None:
            raise RuntimeError("broken")

        patched.setattr("tulle.flow.build.settled", fail)
        with pytest.raises(RuntimeError):
            builder.build((document(WEB.replace("8000", "9000")),))
    mesh = builder.build((document(WEB.replace("8000", "oops")),))
    assert mesh.findings
    assert mesh.workloads[Name("default", "web")].ports[0].number == 9000


LISTED = """
apiVersion: v1
kind: List
items:
- apiVersion: networking.istio.io/v1
  kind: VirtualService
  metadata: {name: b}
  spec: {hosts: [b.test], http: [{timeout: x}]}
"""
MOVING = f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: a}}
spec:
  hosts: [a.test]
  http: [{{timeout: x}}]
---
services: {{a: {{command: x, port: x}}}}
---{LISTED}"""


def test_findings_show_where_their_documents_are_now(tmp_path: Path) -> None:
    file, builder = tmp_path / "a.yaml", Builder()
    files, lines = Files([str(file)]), []
    below = "# One\n---\n{}\n---\n" + MOVING
    for text in (MOVING, below, MOVING, f"{below}# more\n", MOVING):
        file.write_text(text)
        batch = files.scan()
        lines.append([each.origin.line for each in builder.build(batch.documents, batch.findings).findings])
    first = lines[0]
    assert len(first) == 3
    assert lines == [[each + shift for each in first] for shift in (0, 4, 0, 4, 0)]
