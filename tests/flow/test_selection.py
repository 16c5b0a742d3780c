from __future__ import annotations

from tests.flow.world import workload
from tulle.flow.selection import Selection, pairs
from tulle.model.names import Name
from tulle.model.workloads import Workload


def test_what_has_all_labels_is_selected_within_its_namespace() -> None:
    web, api = workload("web"), workload("api")
    selection: Selection[Workload] = Selection()
    touched = selection.update({web.name: web, api.name: api}, [web.name, api.name])
    assert touched == {("default", "app", "web"), ("default", "app", "api")}
    assert selection.select("default", (("app", "web"),)) == (web,)
    assert selection.select("other", (("app", "web"),)) == ()
    assert selection.select("default", (("app", "web"), ("version", "v1"))) == ()
    assert selection.select("default", ()) == ()
    assert selection.update({api.name: api}, [web.name, Name("default", "ghost")]) == {("default", "app", "web")}
    assert selection.select("default", (("app", "web"),)) == ()


def test_a_selector_looks_at_each_of_its_labels() -> None:
    assert pairs("shop", (("a", "1"), ("b", "2"))) == (("shop", "a", "1"), ("shop", "b", "2"))
