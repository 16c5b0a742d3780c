from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import AccessAction, AccessPolicy, Target, Values

Read = Callable[[str], Fragment]


def policy(read: Read, text: str) -> AccessPolicy:
    (found,) = read(f"namespace: shop\naccess: {{p: {text}}}").objects
    assert isinstance(found, AccessPolicy)
    return found


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{action: ask}", "access p needs authorizer with action ask, and only then"),
        ("{authorizer: x}", "access p needs authorizer with action ask, and only then"),
        ("{labels: {a: b}, services: web}", "access p takes only one of labels, services"),
        ("{rules: {to: {paths: []}}}", 'access p: "rules[0].to[0].paths" is empty; name at least one'),
        ("{rules: {to: {path: /a}}}", 'access p: unknown field "path" in "rules[0].to[0]"; did you mean "paths"?'),
        (
            "{action: alow}",
            'access p: "action" must be one of allow, deny, audit, ask, not "alow"; did you mean "allow"?',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    fragment = read(f"access: {{p: {text}}}")
    assert [finding.message for finding in fragment.findings] == [message] and not fragment.objects


def test_all_that_a_policy_can_say(read: Read) -> None:
    found = policy(
        read,
        "{labels: {app: web}, action: deny, dry_run: true, rules: [{from: [{accounts: shop/web, namespaces: [a, b], "
        "principals: '*', trust_domains: td, tokens: {not: [issuer/me]}, addresses: 10.0.0.0/8, clients: 10.1.0.0/16}, "
        "{}], to: {hosts: '*.example.org', ports: 80, methods: GET, paths: {any: /api/*, not: '/api/{*}/x'}}, "
        "when: {'request.headers[x-user]': jason}}]}",
    )
    assert found.name == Name("shop", "p") and found.selector == (("app", "web"),)
    assert found.action is AccessAction.DENY and found.is_dry_run
    (rule,) = found.rules
    source, anyone = rule.sources
    assert source.service_accounts == Values(values=("shop/web",)) and source.namespaces == Values(values=("a", "b"))
    assert source.request_principals == Values(excluded=("issuer/me",)) and not anyone.principals
    assert source.ip_blocks.values == ("10.0.0.0/8",) and source.remote_ip_blocks.values == ("10.1.0.0/16",)
    (operation,) = rule.operations
    assert operation.ports == Values(values=("80",))
    assert operation.paths == Values(values=("/api/*",), excluded=("/api/{*}/x",))
    assert [(each.key, each.values.values) for each in rule.conditions] == [("request.headers[x-user]", ("jason",))]


def test_an_authorizer_may_decide(read: Read) -> None:
    found = policy(read, "{services: web, action: ask, authorizer: opa, rules: {}}")
    assert found.action is AccessAction.CUSTOM and found.provider == "opa" and len(found.rules) == 1
    assert found.targets == (Target(kind="Service", name=Name("shop", "web")),)
