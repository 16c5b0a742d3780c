from __future__ import annotations

from collections.abc import Callable

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.routes import Cors, ValueKind, ValueMatch

Read = Callable[[str], Fragment]


def one(policy: str) -> str:
    return document(
        "VirtualService", f"hosts: [a]\nhttp:\n- {{route: [{{destination: {{host: b}}}}], corsPolicy: {policy}}}"
    )


def test_all_of_it(read: Read) -> None:
    fragment = read(
        one(
            "{allowOrigins: [{exact: https://a}, {regex: .*}], allowMethods: [GET], allowHeaders: [x], "
            "exposeHeaders: [y], maxAge: 24h, allowCredentials: true, unmatchedPreflights: IGNORE}"
        )
    )
    assert findings(fragment) == []
    assert fragment.routes[0].rules[0].cors == Cors(
        origins=(ValueMatch("", ValueKind.EXACT, "https://a"), ValueMatch("", ValueKind.REGEX, ".*")),
        methods=("GET",),
        headers=("x",),
        expose=("y",),
        max_age=86400.0,
        credentials=True,
        forwards_unmatched=False,
    )


def test_the_old_way(read: Read) -> None:
    fragment = read(one("{allowOrigin: ['*']}"))
    assert findings(fragment) == []
    assert fragment.routes[0].rules[0].cors == Cors(origins=(ValueMatch("", ValueKind.EXACT, "*"),))


def test_an_origin_without_a_condition(read: Read) -> None:
    assert findings(read(one("{allowOrigins: [{}]}"))) == [
        '7 error: "spec.http[0].corsPolicy.allowOrigins[0]" takes one of exact, prefix, regex'
    ]
