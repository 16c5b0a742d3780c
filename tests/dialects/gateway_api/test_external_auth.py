from __future__ import annotations

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.names import Name


def text(settings: str) -> str:
    return (
        "parentRefs: [{name: a}]\nrules:\n- filters:\n  - type: ExternalAuth\n"
        f"    externalAuth: {{backendRef: {{name: auth, port: 9000}}, {settings}}}"
    )


def test_http(say: Say) -> None:
    settings = "protocol: HTTP, http: {path: /ask, allowedHeaders: [X-A]}, forwardBody: {maxSize: 100}"
    check = say("HTTPRoute", text(settings)).routes[0].rules[0].check
    assert check is not None and not check.is_grpc and not check.fails_open
    assert check.backend.service == Name("shop", "auth")
    assert (check.path_prefix, check.request_headers, check.response_headers) == ("/ask", ("x-a",), ("*",))
    assert check.max_body == 100
    settings = "protocol: HTTP, http: {allowedResponseHeaders: [X-B]}"
    check = say("HTTPRoute", text(settings)).routes[0].rules[0].check
    assert check is not None and check.response_headers == ("x-b",) and check.max_body == 0


def test_grpc(say: Say) -> None:
    check = say("HTTPRoute", text("protocol: GRPC, grpc: {allowedHeaders: [X-A]}")).routes[0].rules[0].check
    assert check is not None and check.is_grpc and check.request_headers == ("x-a",) and not check.response_headers


def test_what_cannot_be(complain: Complain) -> None:
    path = "spec.rules[0].filters[0].externalAuth"
    assert complain("HTTPRoute", text("protocol: GRPC, http: {path: 'a b'}")) == [
        f'5 error: "{path}.grpc" is missing, as the protocol is GRPC',
        f'5 error: "{path}.http" needs protocol HTTP, not GRPC',
        f'5 error: "{path}.http.path" has characters that no path may have',
    ]
