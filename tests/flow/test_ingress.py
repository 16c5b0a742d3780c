from __future__ import annotations

from tulle.flow.ingress import HTTP, HTTPS, listeners
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Certificate
from tulle.model.names import INGRESS, Name
from tulle.model.objects import SharedCertificates


def shared(*certificates: tuple[str, tuple[str, ...]], gateway: Name = INGRESS) -> SharedCertificates:
    return SharedCertificates(
        name=Name("default", "shop"),
        origin=BUILT_IN,
        gateway=gateway,
        certificates=tuple(Certificate(secret=Name("default", name), hosts=hosts) for name, hosts in certificates),
    )


def test_without_certificates_there_is_only_http() -> None:
    (found,) = listeners((), ())
    assert (found.name, found.port, found.declared_port, found.gateway) == (HTTP, 8080, 80, INGRESS)
    assert listeners((), (8080,)) == ()


def test_every_host_has_the_certificate_that_was_written_first() -> None:
    documents = (
        shared(("a", ("a.org", "b.org")), ("any", ())),
        shared(("a", ("a.org", "b.org")), ("c", ("b.org", "c.org")), ("other", ())),
        shared(("d", ("d.org",)), gateway=Name("default", "other")),
    )
    _, found = listeners(documents, ())
    assert (found.name, found.port, found.section) == (HTTPS, 8443, "https")
    assert [(each.secret and each.secret.name, each.hosts) for each in found.certificates] == [
        ("a", ("a.org", "b.org")),
        ("any", ()),
        ("c", ("c.org",)),
    ]
    assert [each.name for each in listeners(documents, (8443,))] == [HTTP]
