from __future__ import annotations

from dataclasses import replace

from tests.flow.advised import Desk
from tests.flow.joins import Joins
from tests.flow.world import name, workload
from tulle.flow.templates import filled
from tulle.model.documents import BUILT_IN
from tulle.model.services import Port
from tulle.model.workloads import Template

TEMPLATE = Template(
    name=name("web"),
    origin=BUILT_IN,
    labels=(("app", "shop"), ("tier", "front")),
    account="shopper",
    ports=(("", 9080), ("admin", 9081)),
)


def test_a_template_says_what_a_workload_does_not() -> None:
    bare = replace(workload("web"), is_bare=True, account="", has_account=False, own_labels=(("tier", "back"),))
    got = filled(bare, TEMPLATE)
    assert dict(got.labels) == {"app": "shop", "tier": "back"}
    assert got.account == "shopper"
    assert got.ports == (Port(name="port-9080", number=9080), Port(name="admin", number=9081))
    assert filled(bare, TEMPLATE) is got


def test_what_a_workload_says_itself_counts() -> None:
    ports = (Port(name="http", number=80),)
    got = filled(replace(workload("web"), ports=ports), TEMPLATE)
    assert (got.account, got.ports) == ("web", ports)


def test_a_workload_without_account_and_template_has_the_default_one() -> None:
    assert filled(replace(workload("web"), account=""), None).account == "default"
    assert filled(replace(workload("web"), has_account=False), None).account == "web"


def test_templates_come_and_go() -> None:
    joins = Joins()
    web = workload("web")
    joins.put("run", workloads=(web,))
    assert joins.workloads[web.name] is web
    joins.put("template", objects=(TEMPLATE,))
    assert dict(joins.workloads[web.name].labels)["tier"] == "front"
    joins.put("template")
    assert joins.workloads[web.name] is web
    joins.put("run")
    assert not joins.workloads


def test_what_ends_may_have_the_name_of_what_keeps_running() -> None:
    desk = Desk()
    desk.put("run.yaml", "workloads: {web: {command: x, port: 1}}")
    pod = "template: {metadata: {labels: {kind: %s}}}"
    head = "apiVersion: %s/v1\nkind: %s\nmetadata: {name: web}\nspec: {%s}\n"
    desk.put("a.yaml", head % ("batch", "Job", pod % "job"))
    assert not desk.mesh.findings
    desk.put("b.yaml", head % ("apps", "Deployment", pod % "deployment"))
    assert not desk.mesh.findings
    (web,) = desk.mesh.workloads.values()
    assert dict(web.labels)["kind"] == "deployment"
    desk.put("b.yaml", "")
    (web,) = desk.mesh.workloads.values()
    assert dict(web.labels)["kind"] == "job"
    desk.put("b.yaml", head % ("batch", "Job", pod % "job"))
    assert "Job web is given twice" in str(desk.mesh.findings[0])
