from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from tests.flow.certificates.making import NOW, certificate, known
from tulle.flow.certificates.kept import Certificate, identity
from tulle.flow.certificates.served import NAMESPACE, Secrets, secret_name
from tulle.model.names import Name


def test_certificates_are_secrets_as_long_as_they_last() -> None:
    secrets = Secrets()
    one, two = certificate("a.example"), certificate("b.example", lifetime=timedelta(days=1))
    table = known(one, two, Certificate(resolver="le", domains=("c.example",)))
    found = secrets.of(table, NOW)
    name = secret_name(identity("le", ("a.example",)))
    assert name == Name(NAMESPACE, name.name)
    assert name.name.startswith("le-a.example-")
    assert list(found) == [name, secret_name(identity("le", ("b.example",)))]
    assert found[name].get("tls.crt") == one.chain.encode()
    assert found[name].get("tls.key") == one.key.encode()
    later = secrets.of(table, NOW + timedelta(days=2))
    assert list(later) == [name]
    assert later[name] is found[name], "the same certificate, the same object"
    newer = certificate("a.example", begin=NOW + timedelta(days=1))
    changed = secrets.of(known(newer, replace(two, failures=1)), NOW)
    assert changed[name] is not found[name]
