from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.envoy.kitchen import HERE, http, service
from tulle.envoy import treatments
from tulle.envoy.callers import Caller
from tulle.envoy.endpoint_views import Preference
from tulle.envoy.treatments import Treatment, showing, treatment
from tulle.model.mesh import Settings
from tulle.model.names import Name
from tulle.model.policies import (
    ClientTls,
    HealthCheck,
    LoadBalancing,
    Locality,
    LocalityBalancing,
    OutlierDetection,
    Policy,
    RateLimit,
    TlsMode,
)
from tulle.model.services import Destination, Service, Subset

ROOT = "istio-system"
ME = Caller(namespace="mine", labels=(("app", "me"),))
GATEWAY = Caller.gateway(Settings())


def timeout(seconds: float) -> Policy:
    return Policy(connect_timeout=seconds)


def rule(
    namespace: str, seconds: float | None, host: str = "web.default.svc.cluster.local", **more: Any
) -> Destination:
    policy = None if seconds is None else timeout(seconds)
    return Destination(name=Name(namespace, f"d{seconds}"), origin=HERE, host=host, policy=policy, **more)


def web(*destinations: Destination, **more: Any) -> Service:
    return service("web", http(80), http(81), destinations=destinations, **more)


def chosen(of: Service, caller: Caller = ME, subset: str = "", port: int = 0) -> float | None:
    found = treatment(of, of.ports[port], subset, caller, ROOT)
    return found.policy.connect_timeout if found else None


def test_without_documents_the_service_itself_says_it() -> None:
    assert chosen(web(policy=timeout(9))) == 9
    assert treatments.destinations(web(), ME, ROOT) == ()


def test_the_namespace_of_the_caller_comes_first_then_that_of_the_service_then_the_root() -> None:
    mine, theirs, root = rule("mine", 1), rule("default", 2), rule(ROOT, 3)
    assert chosen(web(root, theirs, mine)) == 1
    assert chosen(web(root, theirs)) == 2
    assert chosen(web(root)) == 3
    assert chosen(web(rule("elsewhere", 4))) == 5.0


def test_the_gateway_looks_in_the_root_namespace_but_after_that_of_the_service() -> None:
    root, theirs = rule(ROOT, 3), rule("default", 2)
    assert chosen(web(root, theirs), GATEWAY) == 2
    assert chosen(web(root), GATEWAY) == 3
    assert chosen(web(replace(root, exports=(".",)), theirs), GATEWAY) == 3


@pytest.mark.parametrize(
    ("exports", "is_seen"),
    [(("*",), True), ((".",), False), (("mine",), True), (("other",), False), (("other", "mine"), True)],
)
def test_documents_are_for_the_namespaces_that_they_name(exports: tuple[str, ...], is_seen: bool) -> None:
    assert (chosen(web(rule("default", 2, exports=exports))) == 2) is is_seen
    assert chosen(web(rule("mine", 2, exports=(".",)))) == 2


def test_documents_for_some_workloads_come_first_in_their_own_namespace_and_are_void_elsewhere() -> None:
    everybody = rule("mine", 1)
    for_me = rule("mine", 2, clients=(("app", "me"),))
    for_others = rule("mine", 3, clients=(("app", "other"),))
    assert chosen(web(everybody, for_others, for_me)) == 2
    assert chosen(web(everybody, for_others)) == 1
    assert chosen(web(rule("default", 4, clients=(("app", "me"),)))) == 5.0


def test_an_exact_host_comes_before_a_pattern_and_documents_of_one_host_are_put_together() -> None:
    first = rule("mine", None, subsets=(Subset(name="v1", labels=(("version", "1"),)),))
    second = rule("mine", 2, subsets=(Subset(name="v2", labels=(("version", "2"),)),))
    pattern = rule("mine", 3, "*.local", subsets=(Subset(name="v3", labels=()),))
    of = web(first, second, pattern)
    assert [chosen(of, subset=each) for each in ("", "v1", "v2", "v3")] == [2, 2, 2, None]
    found = treatment(of, of.ports[0], "v2", ME, ROOT)
    assert found is not None
    assert found.labels == (("version", "2"),)


def test_the_nearest_policy_counts() -> None:
    ports = ((80, timeout(2)),)
    full = Subset(name="s", labels=(), policy=timeout(3), port_policies=((80, timeout(1)),))
    plain = Subset(name="s", labels=())
    of = web(rule("mine", 4, subsets=(full,), port_policies=ports))
    assert chosen(of, subset="s") == 1
    assert chosen(of, subset="s", port=1) == 3
    assert chosen(of) == 2
    assert chosen(of, port=1) == 4
    assert chosen(web(rule("mine", 4, subsets=(plain,), port_policies=ports)), subset="s") == 2
    assert chosen(web(rule("mine", 4, subsets=(plain,))), subset="s") == 4
    assert chosen(web(rule("mine", None, subsets=(plain,)), policy=timeout(7)), subset="s") == 7


def test_versions_of_the_service_itself_are_known_too() -> None:
    own = Subset(name="v1", labels=(("version", "v1"),), policy=timeout(6))
    assert chosen(web(subsets=(own,)), subset="v1") == 6
    assert chosen(web(rule("mine", 4), subsets=(own,)), subset="v1") == 6
    assert chosen(web(subsets=(own,)), subset="v2") is None


def test_what_guards_the_service_itself_stays() -> None:
    own = Policy(rate_limit=RateLimit(requests=1), health_check=HealthCheck())
    of = web(rule("mine", 2), policy=own)
    found = treatment(of, of.ports[0], "", ME, ROOT)
    assert found is not None
    assert (found.policy.rate_limit, found.policy.health_check) == (own.rate_limit, own.health_check)


def test_gateways_show_certificates_where_they_verify_the_server() -> None:
    secret = Name("shop", "client")
    plain = Treatment(timeout(1))
    assert showing(plain, secret) is plain
    own = Treatment(Policy(tls=ClientTls(mode=TlsMode.MUTUAL, secret=Name("shop", "own"))))
    assert showing(own, secret) is own, "it shows another one already"
    found = showing(Treatment(Policy(tls=ClientTls(mode=TlsMode.SIMPLE))), secret)
    assert found.shown_secret == secret and found.policy.tls is not None and found.policy.tls.shown_secret == secret


def test_equal_questions_get_the_same_answer() -> None:
    of = web(rule("default", 2))
    other = replace(ME, namespace="other", account="x", labels=())
    assert treatment(of, of.ports[0], "", ME, ROOT) is treatment(of, of.ports[0], "", other, ROOT)


def test_where_the_caller_is_decides_whom_it_prefers() -> None:
    of = web(policy=Policy(outlier_detection=OutlierDetection()))
    here = replace(ME, locality=Locality(region="eu"))
    found = treatment(of, of.ports[0], "", here, ROOT)
    assert found is not None
    assert found.preference == Preference(near=Locality(region="eu"))
    assert found is treatment(of, of.ports[0], "", here, ROOT)


def test_callers_have_in_common_what_makes_no_difference() -> None:
    caller = Caller(namespace="mine", account="a", labels=(("app", "me"),), locality=Locality(region="eu"))
    by_label = LoadBalancing(locality=LocalityBalancing(failover_priority=("app",)))
    ordered = Policy(load_balancing=by_label, outlier_detection=OutlierDetection())
    notices = Policy(outlier_detection=OutlierDetection())
    anywhere = Caller(namespace="mine")
    assert treatments.seen(caller, [web(), web(rule("mine", 1))]) == anywhere
    assert treatments.seen(caller, [web(policy=notices)]) == replace(anywhere, locality=caller.locality)
    assert treatments.seen(caller, [web(rule("mine", 1, clients=(("app", "me"),)))]) == replace(
        anywhere, labels=caller.labels
    )
    part = Subset(name="s", labels=(), policy=ordered, port_policies=((80, timeout(1)),))
    assert treatments.seen(caller, [web(rule("mine", 1, subsets=(part,)))]) == replace(caller, account="")
    assert treatments.seen(GATEWAY, [web()]) == Caller(namespace="tulle-system", account="gateway")
