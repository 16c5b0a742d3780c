from __future__ import annotations

from tests.dialects.traefik.reading import only, read
from tulle.model.policies import TlsMode

TEXT = "-----BEGIN CERTIFICATE-----"
PAIR = f"{{certFile: '{TEXT}c', keyFile: '{TEXT}k'}}"


def test_files_and_texts_of_both_kinds_of_transports() -> None:
    for text in ("http: {serversTransports: {t: {%s}}}", "tcp: {serversTransports: {t: {tls: {%s}}}}"):
        files = only(text % "rootCAs: [a, /b], certificates: [{certFile: c, keyFile: k}]")
        assert (files.tls.ca_file, files.tls.more_ca_files) == ("/etc/traefik/a", ("/b",))
        assert (files.tls.mode, files.tls.certificate_file) == (TlsMode.MUTUAL, "/etc/traefik/c")
        assert (files.authorities, files.certificate, files.key) == ("", "", "")
        texts = only(text % f"rootCAs: ['{TEXT}1', '{TEXT}2'], certificates: [{PAIR}]")
        assert texts.authorities == f"{TEXT}1\n{TEXT}2"
        assert (texts.certificate, texts.key, texts.tls.ca_file) == (f"{TEXT}c", f"{TEXT}k", "")


def test_what_does_not_count() -> None:
    _, found = read(
        f"tcp: {{serversTransports: {{t: {{tls: {{rootCAs: [a, '{TEXT}'], certificates: [{PAIR}, {PAIR}]}}}}}}}}"
    )
    assert found == [
        '1 warning: TCP serversTransport t: "tls.certificates" has more than one; only the first one counts',
        '1 warning: TCP serversTransport t: "tls.rootCAs" has files and PEM; only the files count',
    ]
