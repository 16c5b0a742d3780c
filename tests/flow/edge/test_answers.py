from __future__ import annotations

from tests.flow.edge.building import PEM, http, mesh
from tulle.model.challenges import HttpAnswer, Issued, TlsAnswer
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.routes import Respond

TEXT = http("a: {rule: Path(`/`), service: s}")


def test_texts_come_before_everything_else() -> None:
    found = mesh(TEXT, issued=Issued(answers=(HttpAnswer(token="t", text="proof"),)))
    first, second = found.gateway_routes
    assert first.rules[0].matches[0].conditions[0].value == "/.well-known/acme-challenge/t"
    assert isinstance(first.rules[0].action, Respond)
    assert (first.rules[0].action.body, first.hosts, first.listeners) == ("proof", ("*",), ("@static/web",))
    assert (first.priority or 0) > (second.priority or 0)


def test_certificates_are_shown_to_those_who_offer_the_protocol() -> None:
    answer = TlsAnswer(domain="a.test", certificate=PEM, key="key")
    found = mesh(TEXT, issued=Issued(answers=(answer,)))
    listener = found.listeners[Name("acme-answers", "web|a.test")]
    assert listener.offers == ("acme-tls/1",)
    assert [each.host for each in listener.hosts] == ["a.test"]
    secret = listener.certificates[0].secret
    assert secret is not None
    assert found.secrets[secret].get("tls.crt") == PEM.encode()


def test_what_was_issued_is_shown_everywhere() -> None:
    name = Name("acme-certificates", "a")
    found = mesh(TEXT, issued=Issued(secrets={name: Secret(name=name, origin=BUILT_IN)}))
    assert name in found.secrets
    certificates = found.listeners[Name("@static", "web|tls")].certificates
    assert [each.secret for each in certificates][1:] == [name]
