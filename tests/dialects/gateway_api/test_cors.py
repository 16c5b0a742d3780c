from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import Cors, ValueKind, ValueMatch


def text(settings: str) -> str:
    return f"parentRefs: [{{name: a}}]\nrules:\n- filters:\n  - type: CORS\n    cors: {settings}"


def test_origins_and_the_rest(say: Say) -> None:
    origins = '["https://A.example:443", "http://b.example:8080", "https://*.c.example"]'
    settings = f"{{allowOrigins: {origins}, allowMethods: [GET], allowHeaders: [X-A], exposeHeaders: [X-B], maxAge: 9}}"
    found = say("HTTPRoute", text(settings.replace("}", ", allowCredentials: true}")))
    assert not found.findings
    assert found.routes[0].rules[0].cors == Cors(
        origins=(
            ValueMatch("", ValueKind.EXACT, "https://a.example"),
            ValueMatch("", ValueKind.EXACT, "http://b.example:8080"),
            ValueMatch("", ValueKind.REGEX, r"https://[^/:]+\.c\.example"),
        ),
        methods=("GET",),
        headers=("x-a",),
        expose=("x-b",),
        max_age=9.0,
        credentials=True,
        forwards_unmatched=False,
    )


def test_every_origin(say: Say) -> None:
    cors = say("HTTPRoute", text('{allowOrigins: ["*"]}')).routes[0].rules[0].cors
    assert cors is not None and cors.origins == (ValueMatch("", ValueKind.EXACT, "*"),) and cors.max_age == 5.0


def test_what_cannot_be(complain: Complain) -> None:
    path = "spec.rules[0].filters[0].cors"
    assert complain("HTTPRoute", text("{allowOrigins: [shop], allowMethods: [get]}")) == [
        f'5 error: "{path}.allowOrigins[0]" must be an origin such as https://shop.example.org, https://*.example.org '
        'or *, not "shop"',
        f'5 error: "{path}.allowMethods[0]" must be one of GET, HEAD, POST, PUT, DELETE, CONNECT, OPTIONS, TRACE, '
        'PATCH, *, not "get"; did you mean "GET"?',
    ]
    assert complain("HTTPRoute", text('{allowHeaders: ["*", x-a]}')) == [
        f'5 error: "{path}.allowHeaders" has * beside others; * alone stands for all'
    ]
