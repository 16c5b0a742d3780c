from __future__ import annotations

from tests.flow.advised import Desk, written

WEB = "services: {web: {port: 8000, command: web}}"
SERVER = """{selector: {istio: ingressgateway}, servers: [
  {port: {number: 80, name: h, protocol: HTTP}, hosts: [a.example]}]}"""
RULES = """{hosts: [a.example], gateways: [%s], http: [
  {match: [{headers: {"@request.auth.claims.groups": {exact: x}}}], route: [{destination: {host: web}}]},
  {route: [{destination: {host: web}}]}]}"""


def authentication(namespace: str, target: str) -> str:
    metadata = f"{{name: tokens, namespace: {namespace}}}"
    rules = "jwtRules: [{issuer: i, jwksUri: 'http://keys.example/'}]"
    return (
        "apiVersion: security.istio.io/v1\nkind: RequestAuthentication\n"
        f"metadata: {metadata}\nspec: {{{target}, {rules}}}\n"
    )


def test_claims_need_somebody_who_verifies_tokens() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    desk.put("gateway.yaml", written("Gateway", "g", SERVER))
    (finding,) = desk.put("rules.yaml", written("VirtualService", "x", RULES % "g"))
    assert finding.endswith(
        "VirtualService x: it asks for a claim of a token, and no RequestAuthentication is about the gateway: "
        "none is verified"
    )
    about_gateway = "selector: {matchLabels: {istio: ingressgateway}}"
    assert not desk.put("tokens.yaml", authentication("istio-system", about_gateway))
    assert desk.put("tokens.yaml", "") == [finding]


def test_sidecars_are_not_asked() -> None:
    desk = Desk()
    desk.put("web.yaml", WEB)
    assert not any("claim" in each for each in desk.put("x.yaml", written("VirtualService", "x", RULES % "mesh")))
