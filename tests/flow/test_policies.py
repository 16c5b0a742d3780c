from __future__ import annotations

from tulle.flow.policies import Policies, Subject
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.security import AccessPolicy, Target

WEB = Target(kind="Service", name=Name("default", "web"))


def policy(name: str, namespace: str = "default", **more: object) -> AccessPolicy:
    return AccessPolicy(name=Name(namespace, name), origin=BUILT_IN, **more)  # type: ignore[arg-type]


def test_a_policy_is_about_what_it_selects_or_is_attached_to() -> None:
    workload = Subject("default", (("app", "web"),), frozenset((WEB,)))
    assert workload.is_meant(policy("all"))
    assert workload.is_meant(policy("some", selector=(("app", "web"),)))
    assert not workload.is_meant(policy("others", selector=(("app", "api"),)))
    assert workload.is_meant(policy("attached", targets=(WEB,)))
    assert not workload.is_meant(policy("elsewhere", targets=(Target(kind="Gateway", name=WEB.name),)))


def test_a_gateway_that_stands_elsewhere_is_only_meant_by_what_is_attached_to_it() -> None:
    edge = Target(kind="Gateway", name=Name("default", "edge"))
    gateway = Subject("default", (("istio", "ingressgateway"),), frozenset((edge,)), home="root")
    assert gateway.is_meant(policy("mesh", "root"))
    assert not gateway.is_meant(policy("space"))
    assert gateway.is_meant(policy("attached", targets=(edge,)))


def test_policies_of_the_root_namespace_come_first() -> None:
    policies = Policies(AccessPolicy)
    known = {each.name: each for each in (policy("b"), policy("a"), policy("mesh", "root"), policy("c", "other"))}
    assert policies.take(known, known.keys()) == {"default", "root", "other"}
    found = policies.about("root", Subject("default", ()))
    assert [each.name.name for each in found] == ["mesh", "a", "b"]
    assert [each.name.name for each in policies.about("default", Subject("default", ()))] == ["a", "b"]
    attached = policy("d", targets=(WEB,))
    policies.take({**known, attached.name: attached}, [attached.name])
    assert list(policies.attached()) == [(WEB, "default")]
    assert len(list(policies)) == 5
