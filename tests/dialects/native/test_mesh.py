from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.model.extensions import LogProvider
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import Authorizer, PeerAuthentication, PeerMode

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("mesh: {trust_domain: A}", 'mesh: "trust_domain" must be a trust domain such as cluster.local, not "A"'),
        ("mesh: {outside: deny}", 'mesh: "outside" must be one of allow, known, not "deny"'),
        ("mesh: {certificate_lifetime: 1s}", 'mesh: "certificate_lifetime" must be at least 10, not "1s"'),
        ("mesh: {sidecar_threads: 0}", 'mesh: "sidecar_threads" must be at least 1, not 0'),
        ("mesh: {access_log: maybe}", 'mesh: "access_log" must be true or false, not "maybe"'),
        ("mesh: {logger: {text: a, labels: {}}}", 'mesh: "logger" takes only one of text, labels'),
        ("mesh: {}\nmesh: {}", '"mesh" is written twice (first in line 1); the first one counts'),
        ("mesh: {outside: known, outside: allow}", 'mesh: "outside" is written twice (first in line 1)'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


def test_the_mesh_may_say_who_is_asked_and_what_is_taken(read: Read) -> None:
    fragment = read(
        "namespace: ops\nmesh: {root_namespace: root, gateway_labels: {b: [d, c, d], a: b}, mtls: permissive, "
        "ingress_port: 81, ingress_tls_port: 444, "
        "authorizers: {opa: opa, grpc: {to: authz.other, grpc: true}}}"
    )
    settings = fragment.settings
    assert settings is not None and settings.root_namespace == "root"
    assert settings.gateway_labels == (("a", "b"), ("b", "c"), ("b", "d"))
    assert (settings.ingress_port, settings.ingress_tls_port) == (81, 444)
    first, second, peers = fragment.objects
    assert isinstance(first, Authorizer) and isinstance(second, Authorizer) and isinstance(peers, PeerAuthentication)
    assert (first.name, first.check.backend.service) == ("opa", Name("ops", "opa"))
    assert second.check.is_grpc and second.check.backend.service == Name("other", "authz")
    assert peers.name == Name("root", "mesh") and peers.mode is PeerMode.PERMISSIVE and peers.selector == ()


def test_requests_are_logged_as_lines_or_as_json(read: Read) -> None:
    settings = read(
        "mesh:\n  logger: {file: a.log, text: '%PROTOCOL%', omit_empty: true}\n"
        "  loggers:\n    json: {labels: {b: c, a: b}}\n    usual: {labels: {}}\n"
    ).settings
    assert settings is not None and settings.logger is not None
    assert (settings.logger.file, settings.logger.text, settings.logger.labels) == ("a.log", "%PROTOCOL%", "")
    assert settings.logger.omits_empty
    found: dict[str, LogProvider] = {each.name: each for each in settings.loggers}
    assert found["json"].labels == '{"a": "b", "b": "c"}' and found["usual"].labels == "{}"
    assert found["json"].file == "/dev/stdout"
