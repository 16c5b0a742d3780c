"""Listeners of the gateway."""

from __future__ import annotations

from tulle.dialects.native.writing import rules
from tulle.dialects.native.writing.content import Entrance
from tulle.dialects.native.writing.plain import Data, changed, file, kept, named, several
from tulle.model.listeners import (
    Certificate,
    ClientCertificates,
    ClientTrust,
    Listener,
    ListenerProtocol,
    TlsHandling,
)

_WORDS = {ListenerProtocol.HTTP: None, ListenerProtocol.HTTPS: None, ListenerProtocol.TLS: "tcp"}


def listener(entrance: Entrance, folder: str, namespace: str) -> object:
    """A number, if that is all."""
    given = entrance.listener
    said = {
        "port": given.port,
        **kept(
            public_port=given.declared_port or None,
            address=changed(given.address, "127.0.0.1"),
            protocol=_protocol(given),
            hosts=several([each.host for each in given.hosts]) if not _has_every_host(given) else None,
            tls=_tls(given, folder, namespace),
            redirect_to_https=given.redirect_to_https,
            streams=several([rules.stream(each, namespace) for each in entrance.streams]),
        ),
        **(rules.shares(given.backends, namespace) if given.backends else {}),
    }
    is_by_cluster = given.tls is TlsHandling.AUTO_PASSTHROUGH
    if not given.protocol.is_http and not entrance.streams and not given.backends and not is_by_cluster:
        said["streams"] = []  # every connection is closed
    return given.port if len(said) == 1 else said


def _has_every_host(given: Listener) -> bool:
    return [each.host for each in given.hosts] == ["*"]


def _protocol(given: Listener) -> str | None:
    if given.protocol is ListenerProtocol.TLS and given.tls in {TlsHandling.PASSTHROUGH, TlsHandling.AUTO_PASSTHROUGH}:
        return "tls"
    return _WORDS.get(given.protocol, str(given.protocol))


def _tls(given: Listener, folder: str, namespace: str) -> Data | None:
    if given.protocol not in {ListenerProtocol.HTTPS, ListenerProtocol.TLS}:
        return None
    if given.tls is TlsHandling.PASSTHROUGH:
        return {"passthrough": True}
    if given.tls is TlsHandling.MESH:
        return {"mesh": True}
    if given.tls is TlsHandling.AUTO_PASSTHROUGH:
        return {"by_cluster": True}
    first = [each for each in given.certificates if not each.hosts][:1]
    others = [each for each in given.certificates if each not in first]
    return {
        **(_certificate(first[0], folder, namespace) if first else {}),
        **kept(
            certificates=[
                {**_certificate(each, folder, namespace), **kept(hosts=several(each.hosts))} for each in others
            ],
            **_trust(given.client_trust or ClientTrust(ca_file=given.client_ca_file), folder, namespace),
            min_version=given.versions.minimum,
            max_version=given.versions.maximum,
            ciphers=several(given.versions.ciphers),
        ),
    }


def _certificate(given: Certificate, folder: str, namespace: str) -> Data:
    if given.secret is not None:
        return {"secret": named(given.secret, namespace)}
    return kept(certificate=file(given.certificate_file, folder), key=file(given.key_file, folder))


def _trust(given: ClientTrust, folder: str, namespace: str) -> Data:
    is_usual = given.handling is ClientCertificates.REQUIRED
    return kept(
        client_ca=file(given.ca_file, folder),
        client_ca_secret=several([named(each, namespace) for each in given.secrets[:1]]),
        client_ca_maps=several([named(each, namespace) for each in given.ca_maps]),
        client_crl=file(given.crl_file, folder),
        client_certificates=None if is_usual else str(given.handling),
        client_names=several(given.subject_alt_names),
        client_keys=several(given.spki),
        client_hashes=several(given.hashes),
    )
