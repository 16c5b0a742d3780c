from __future__ import annotations

from tulle.flow.ingress import HTTP, HTTPS, is_shared, listeners, sharing
from tulle.model.documents import BUILT_IN
from tulle.model.listeners import Certificate, Listener, ListenerProtocol
from tulle.model.mesh import Settings
from tulle.model.names import INGRESS, Name
from tulle.model.objects import SharedCertificates

SETTINGS = Settings()


def shared(*certificates: tuple[str, tuple[str, ...]], gateway: Name = INGRESS) -> SharedCertificates:
    return SharedCertificates(
        name=Name("default", "shop"),
        origin=BUILT_IN,
        gateway=gateway,
        certificates=tuple(Certificate(secret=Name("default", name), hosts=hosts) for name, hosts in certificates),
    )


def test_without_certificates_there_is_only_http() -> None:
    (found,) = listeners((), (), SETTINGS)
    assert (found.name, found.port, found.declared_port, found.gateway) == (HTTP, 8080, 80, INGRESS)
    assert listeners((), (8080,), SETTINGS) == ()


def test_every_host_has_the_certificate_that_was_written_first() -> None:
    documents = (
        shared(("a", ("a.org", "b.org")), ("any", ())),
        shared(("a", ("a.org", "b.org")), ("c", ("b.org", "c.org")), ("other", ())),
        shared(("d", ("d.org",)), gateway=Name("default", "other")),
    )
    _, found = listeners(documents, (), SETTINGS)
    assert (found.name, found.port, found.section) == (HTTPS, 8443, "https")
    assert [(each.secret and each.secret.name, each.hosts) for each in found.certificates] == [
        ("a", ("a.org", "b.org")),
        ("any", ()),
        ("c", ("c.org",)),
    ]
    assert [each.name for each in listeners(documents, (8443,), SETTINGS)] == [HTTP]


def test_native_listeners_in_the_usual_places_are_shared() -> None:
    def native(port: int, protocol: ListenerProtocol) -> Listener:
        own = (Certificate(certificate_file="own.pem"),) if protocol is ListenerProtocol.HTTPS else ()
        name = Name("tulle-system", protocol.value)
        return Listener(name=name, origin=BUILT_IN, port=port, protocol=protocol, certificates=own)

    plain, secure = native(8080, ListenerProtocol.HTTP), native(8443, ListenerProtocol.HTTPS)
    assert is_shared(plain, SETTINGS) and is_shared(secure, SETTINGS)
    assert not is_shared(native(8443, ListenerProtocol.HTTP), SETTINGS)
    assert not is_shared(native(9443, ListenerProtocol.HTTPS), SETTINGS)
    documents = (shared(("a", ("a.org",))),)
    assert sharing(plain, documents, SETTINGS) is plain
    assert sharing(secure, (), SETTINGS) is secure
    found = sharing(secure, documents, SETTINGS)
    assert [each.hosts for each in found.certificates] == [(), ("a.org",)]
    assert sharing(secure, documents, SETTINGS) is found


def test_they_may_be_elsewhere() -> None:
    settings = Settings(ingress_port=9080, ingress_tls_port=9443)
    found = listeners((shared(("any", ())),), (8080, 8443), settings)
    assert [(each.port, each.declared_port) for each in found] == [(9080, 80), (9443, 443)]
    taken = Listener(name=Name("tulle-system", "http"), origin=BUILT_IN, port=9080)
    assert is_shared(taken, settings) and not is_shared(taken, SETTINGS)
