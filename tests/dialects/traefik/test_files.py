from __future__ import annotations

from tests.dialects.traefik.reading import only


def test_files_are_in_the_folder_of_their_document_and_pem_is_itself() -> None:
    pair = only("tls: {certificates: [{certFile: a.pem, keyFile: '-----BEGIN x'}]}")
    assert (pair.certificate, pair.key) == ("/etc/traefik/a.pem", "-----BEGIN x")
    assert only("tls: {certificates: [{certFile: /a.pem, keyFile: /k}]}").certificate == "/a.pem"
