from __future__ import annotations

import pytest

from tests.dialects.gateway_api.conftest import Complain, Say
from tulle.model.routes import RouteKind, StreamMatch

TEXT = "parentRefs: [{name: a}]\nrules:\n- backendRefs: [{name: db, port: 5432, weight: 2}]"


@pytest.mark.parametrize(
    ("kind", "versions"),
    [("TLSRoute", ("v1", "v1alpha3", "v1alpha2")), ("TCPRoute", ("v1", "v1alpha2")), ("UDPRoute", ("v1", "v1alpha2"))],
)
def test_connections(say: Say, kind: str, versions: tuple[str, ...]) -> None:
    for version in versions:
        found = say(kind, TEXT, f"gateway.networking.k8s.io/{version}")
        assert not found.findings
        (route,) = found.routes
        assert (route.kind, route.hosts, route.rules) == (RouteKind(kind), ("*",), ())
        (stream,) = route.streams
        assert stream.matches == (StreamMatch(),) and stream.name == "it/0"
        assert [(each.service.name, each.port, each.weight) for each in stream.backends] == [("db", 5432, 2)]


def test_server_names(say: Say) -> None:
    assert say("TLSRoute", f"hostnames: [a.example]\n{TEXT}").routes[0].hosts == ("a.example",)


def test_only_the_first_rule_counts(say: Say, complain: Complain) -> None:
    text = f"{TEXT}\n- {{name: two, backendRefs: [{{name: db, port: 1}}]}}"
    assert complain("TCPRoute", text) == [
        '4 warning: "spec.rules[1]" is never used: every connection goes by the first rule'
    ]
    assert len(say("TCPRoute", text).routes[0].streams) == 1


@pytest.mark.parametrize("kind", ["TLSRoute", "TCPRoute"])
def test_what_cannot_be_read(complain: Complain, kind: str) -> None:
    assert complain(kind, "parentRefs: [{name: a}]") == ['0 error: "spec.rules" is missing']
