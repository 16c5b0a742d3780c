from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.service_specs import ServiceSpec


def test_addresses_by_which_it_is_called_are_written_as_usual() -> None:
    spec = ServiceSpec.model_validate({"called": ["10.1.2.3/8", "::0001"]})
    assert spec.called == ("10.0.0.0/8", "::1")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("called: web", '"called[0]" must be an IP address or a network such as 10.0.0.0/8, not "web"'),
        ("called: 10.0.0.1/99", '"called[0]" must be an IP address or a network such as 10.0.0.0/8, not "10.0.0.1/99"'),
        ("target: [1]", '"target" must be the number or the name of a port, not a list'),
        ("target: 0", '"target" must be the number or the name of a port, not 0'),
        ("port_policies: {http: {}}", '"port_policies.http.[key]" must be the number of a port, not "http"'),
        ("port_policies: {'81': {}}", '"port_policies.81" is no port of the service'),
        ("location: inside", '"location" needs hosts: the names by which it is called'),
        ("alias: a.b", '"alias" is another host; it can have no hosts, addresses or commands of its own'),
        ("streams: {to: a}", '"streams" are for TCP and TLS; every port of it speaks HTTP: write routes'),
        ("tls: {secret: a, ca: b}", '"tls" takes only one of secret, files'),
        ("tunnel: x", '"tunnel" must be a place such as db.example.org:5432, not "x"'),
        ("routes: {redirect: {port: 1, port_from: scheme}}", '"routes[0].redirect" takes only one of port, port_from'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Any, text: str, message: str) -> None:
    found = read(f"services: {{web: {{port: 80, command: x, {text}}}}}").findings
    assert [each.message for each in found] == [f"service web: {message}"]
