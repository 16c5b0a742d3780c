from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"

POLICY = "{selector: {matchLabels: {app: web}}, rules: [{from: [{source: %s}]}]}"


def test_callers_are_somebody_or_nobody() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    policy = POLICY % "{principals: [cluster.local/ns/default/sa/shop]}"
    (finding,) = desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert 'nobody here: no workload of namespace default has the account "shop"' in finding
    assert not desk.put("shop.yaml", "services: {shop: {port: 1, command: x}}")
    desk.put("shop.yaml", "")
    entry = "{address: 10.0.0.1, serviceAccount: shop}"
    assert not desk.put("entry.yaml", written("WorkloadEntry", "x", entry))
    assert desk.put("entry.yaml", "")


def test_namespaces_have_workloads_or_not() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    policy = POLICY % "{namespaces: [shop]}"
    assert desk.put("policy.yaml", written("AuthorizationPolicy", "x", policy))
    assert not desk.put("shop.yaml", "namespace: shop\nservices: {cart: {port: 1, command: x}}")


def test_accounts_are_those_of_the_namespace_of_the_policy() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    assert not desk.put("policy.yaml", written("AuthorizationPolicy", "x", POLICY % "{serviceAccounts: [web]}"))
    assert desk.put("policy.yaml", written("AuthorizationPolicy", "x", POLICY % "{serviceAccounts: [shop/web]}"))
