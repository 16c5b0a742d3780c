from __future__ import annotations

from tests.flow.written import documents
from tulle.dialects import registry
from tulle.flow.build import Builder
from tulle.flow.folding import Folded, folded
from tulle.model.policies import Balance
from tulle.model.services import Entry

SERVICE = """
namespace: shop
services:
  web:
    port: 80
    rate_limit: 7/s
    versions: {v1: {addresses: [10.0.0.1]}, v3: {addresses: [10.0.0.3]}}
"""
BY_NAME = """
apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata: {name: web, namespace: shop}
spec:
  hosts: [web.example.org]
  resolution: DNS
  ports: [{number: 443, name: https, protocol: HTTPS}, {number: 80, name: http, protocol: HTTP, targetPort: 8080}]
"""
RANDOM = "{loadBalancer: {simple: RANDOM}}"


def rule(name: str, spec: str, namespace: str = "shop") -> str:
    head = "apiVersion: networking.istio.io/v1\nkind: DestinationRule"
    host = "web.shop.svc.cluster.local"
    return f"{head}\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{host: {host}, {spec}}}\n"


def selecting(places: str) -> tuple[str, str]:
    """A service that selects `10.0.0.7`, and has places of its own."""
    entry = "apiVersion: networking.istio.io/v1\nkind: WorkloadEntry\nmetadata: {name: vm, namespace: shop}"
    return (
        f"{entry}\nspec: {{address: 10.0.0.7, labels: {{app: web, zone: a}}}}\n",
        f"""
namespace: shop
services:
  web: {{port: 80, select: {{app: web}}{places}}}
""",
    )


def fold(*texts: str) -> Folded:
    given = documents(*texts)
    mesh = Builder().build(given)
    objects = [each for one in given for part in registry.split(one)[0] for each in registry.read(part).objects]
    (service,) = mesh.services.values()
    return folded(service, [each for each in objects if isinstance(each, Entry)], mesh.settings)


def test_a_service_of_which_nobody_speaks_stays_as_it_is() -> None:
    found = fold(SERVICE)
    assert [each.name for each in found.service.subsets] == ["v1", "v3"]
    assert [each.address for each in found.service.addresses] == ["10.0.0.1", "10.0.0.3"]
    assert found.service.policy.load_balancing.balance is Balance.LEAST_REQUEST
    assert not (found.port_policies or found.origins or found.some)


def test_what_a_document_says_is_the_service_s_own_except_what_guards_it() -> None:
    subsets = "subsets: [{name: v1, labels: {track: stable}}, {name: v2, labels: {version: v2}}]"
    found = fold(SERVICE, rule("web", f"trafficPolicy: {RANDOM}, {subsets}"))
    policy = found.service.policy
    assert policy.load_balancing.balance is Balance.RANDOM
    assert policy.rate_limit is not None and policy.rate_limit.requests == 7
    labels = {each.name: dict(each.labels) for each in found.service.subsets}
    assert labels == {"v1": {"track": "stable"}, "v2": {"version": "v2"}, "v3": {"version": "v3"}}
    assert found.service.destinations == ()
    assert [each.file for each in found.origins] == ["2.yaml"]


def test_policies_of_ports_are_kept_of_ports_that_there_are() -> None:
    ports = (
        "[{port: {number: 9999}, loadBalancer: {simple: RANDOM}}, {port: {number: 80}, loadBalancer: {simple: RANDOM}}]"
    )
    (said,) = fold(SERVICE, rule("web", f"trafficPolicy: {{portLevelSettings: {ports}}}")).port_policies
    assert (said[0], said[1].load_balancing.balance) == (80, Balance.RANDOM)


def test_of_several_documents_for_the_same_callers_the_oldest_counts() -> None:
    first = rule("a", "subsets: [{name: v2, labels: {version: v2}}]")
    second = rule("b", f"trafficPolicy: {RANDOM}, subsets: [{{name: v2, labels: {{version: other}}}}]")
    found = fold(SERVICE, first, second)
    assert dict(next(each.labels for each in found.service.subsets if each.name == "v2")) == {"version": "v2"}
    assert found.service.policy.load_balancing.balance is Balance.RANDOM
    assert [each.file for each in found.origins] == ["2.yaml", "3.yaml"]


def test_what_is_only_for_some_callers_is_not_in_it() -> None:
    for_some = rule("some", f"trafficPolicy: {RANDOM}, workloadSelector: {{matchLabels: {{app: buyer}}}}")
    theirs = rule("theirs", f"trafficPolicy: {RANDOM}, exportTo: [till]", "till")
    found = fold(SERVICE, for_some, theirs)
    assert found.service.policy.load_balancing.balance is Balance.LEAST_REQUEST
    assert {each.name.name for each in found.some} == {"some", "theirs"}
    found = fold(SERVICE, rule("own", f"trafficPolicy: {RANDOM}, exportTo: ['.']"))
    assert found.service.policy.load_balancing.balance is Balance.RANDOM
    assert [each.name.name for each in found.some] == ["own"]


def test_what_nobody_ever_sees_is_no_loss() -> None:
    """Callers elsewhere are told of it, but only by the documents of the namespace that counts for them."""
    found = fold(SERVICE, rule("own", f"trafficPolicy: {RANDOM}"), rule("far", "exportTo: [till]", "other"))
    assert found.service.policy.load_balancing.balance is Balance.RANDOM
    assert not found.some


def test_places_of_what_a_service_selects_are_not_its_own() -> None:
    assert fold(*selecting("")).service.addresses == ()
    found = fold(*selecting(", addresses: [10.0.0.8]"))
    assert [each.address for each in found.service.addresses] == ["10.0.0.8"]


def test_the_name_of_a_service_is_no_place_of_it() -> None:
    assert fold(BY_NAME).service.addresses == ()
    other = f"{BY_NAME}  endpoints: [{{address: web.example.org, ports: {{http: 9000}}}}]\n"
    assert {(each.port_name, each.port) for each in fold(other).service.addresses} >= {("http", 9000)}
