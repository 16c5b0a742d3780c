from __future__ import annotations

from tulle.flow.policies import Place, Policies, Subject
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.security import AccessPolicy, Target

WEB = Target(kind="Service", name=Name("default", "web"))


def policy(name: str, namespace: str = "default", **more: object) -> AccessPolicy:
    return AccessPolicy(name=Name(namespace, name), origin=BUILT_IN, **more)  # type: ignore[arg-type]


def test_a_policy_is_about_what_it_selects_or_is_attached_to() -> None:
    workload = Subject("default", (("app", "web"),), frozenset((WEB,)))
    assert workload.is_meant(policy("all"), "root")
    assert workload.is_meant(policy("some", selector=(("app", "web"),)), "root")
    assert not workload.is_meant(policy("others", selector=(("app", "api"),)), "root")
    assert workload.is_meant(policy("attached", targets=(WEB,)), "root")
    assert not workload.is_meant(policy("elsewhere", targets=(Target(kind="Gateway", name=WEB.name),)), "root")


def test_policies_of_the_root_namespace_may_find_it_by_more_labels() -> None:
    gateway = Subject("default", (("name", "edge"),), root_labels=(("istio", "ingressgateway"),))
    for labels in ((), (("name", "edge"),)):
        assert gateway.is_meant(policy("any", "root", selector=labels), "root")
        assert gateway.is_meant(policy("own", selector=labels), "root")
    both = (("name", "edge"), ("istio", "ingressgateway"))
    assert gateway.is_meant(policy("mesh", "root", selector=both), "root")
    assert not gateway.is_meant(policy("space", selector=both), "root")


def test_policies_of_the_root_namespace_come_first() -> None:
    policies = Policies(AccessPolicy)
    known = {each.name: each for each in (policy("b"), policy("a"), policy("mesh", "root"), policy("c", "other"))}
    assert policies.take(known, known.keys()) == {Place("default"), Place("root"), Place("other")}
    found = policies.about("root", Subject("default", ()))
    assert [each.name.name for each in found] == ["mesh", "a", "b"]
    assert [each.name.name for each in policies.about("default", Subject("default", ()))] == ["a", "b"]
    assert len(list(policies)) == 4


def test_only_those_that_share_a_label_or_a_name_with_it_are_asked_and_each_counts_once() -> None:
    label, other = ("app", "web"), Target(kind="ServiceEntry", name=WEB.name)
    known = {
        each.name: each
        for each in (
            policy("b", selector=(label,)),
            policy("c", selector=(label, ("version", "v2"))),
            policy("d", targets=(WEB, other, WEB)),
            policy("a"),
            *(policy(f"other{number}", selector=(("app", f"{number}"),)) for number in range(10)),
        )
    }
    policies = Policies(AccessPolicy)
    policies.take(known, known.keys())
    asked: list[Name] = []

    class Asking(Subject):
        def is_meant(self, policy: AccessPolicy, root: str) -> bool:
            asked.append(policy.name)
            return super().is_meant(policy, root)

    found = policies.about("root", Asking("default", (("version", "v1"), label), frozenset((WEB, other))))
    assert [each.name.name for each in found] == ["a", "b", "d"]
    assert [each.name for each in asked] == ["a", "b", "c", "d"]
    assert policies.take({}, known.keys()) > {Place("default", (label,)), Place("default", target=WEB)}
    assert policies.about("root", Subject("default", (label,))) == ()
