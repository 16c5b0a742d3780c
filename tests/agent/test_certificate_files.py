from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret

from tests.envoy.pki import Pki
from tulle.agent import certificate_files
from tulle.agent.certificate_files import CertificateFiles
from tulle.agent.material import Material
from tulle.kit.clock import SystemClock

Issue = Callable[..., Material]


class Changes:
    count = 0

    def __call__(self) -> None:
        self.count += 1


def write(directory: Path, material: Material) -> str:
    (directory / "c.pem").write_bytes(material.chain)
    (directory / "k.pem").write_bytes(material.key)
    return f"certificate|{directory / 'c.pem'}|{directory / 'k.pem'}"


def chain(files: CertificateFiles, name: str) -> bytes:
    return bytes(Secret.FromString(files.table[name].body).tls_certificate.certificate_chain.inline_bytes)


async def test_files_are_served_while_they_are_wanted_and_again_when_they_change(
    tmp_path: Path, issue: Issue, tasks: Any, eventually: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_files, "INTERVAL", 0.01)
    changes = Changes()
    files = CertificateFiles(SystemClock(), changes)
    first, second = issue(), issue()
    name = write(tmp_path, first)
    files.want(frozenset({name, "workload", "trust"}))
    assert list(files.table) == [name]
    assert chain(files, name) == first.chain
    assert changes.count == 1

    tasks(files.run())
    write(tmp_path, second)
    await eventually(lambda: chain(files, name) == second.chain)
    assert files.complaints == ()

    (tmp_path / "k.pem").write_bytes(first.key)
    await eventually(lambda: files.complaints)
    (complaint,) = tuple[str, ...](files.complaints)
    assert "does not belong" in complaint
    assert "last good" in complaint
    assert chain(files, name) == second.chain
    assert str(tmp_path) in complaint

    files.want(frozenset())
    assert files.table == {}
    assert files.complaints == ()


async def test_a_certificate_that_never_was_there_is_stood_in_for_and_reported(tmp_path: Path) -> None:
    files = CertificateFiles(SystemClock(), Changes())
    name = f"certificate|{tmp_path / 'none.pem'}|{tmp_path / 'k.pem'}"
    files.want(frozenset({name}))
    assert "none.pem cannot be read: No such file" in files.complaints[0]
    certificate = x509.load_pem_x509_certificate(chain(files, name))
    assert "missing or broken" in certificate.subject.rfc4514_string()


async def test_a_path_that_can_be_none_is_stood_in_for(tmp_path: Path) -> None:
    files = CertificateFiles(SystemClock(), Changes())
    files.want(frozenset({"certificate|\0|\0", f"certificate|{tmp_path / 'none.pem'}|{tmp_path / 'k.pem'}"}))
    assert (len(files.table), len(files.complaints)) == (2, 2)


async def test_without_its_authority_no_client_is_trusted(tmp_path: Path, issue: Issue) -> None:
    files = CertificateFiles(SystemClock(), Changes())
    good, bad = tmp_path / "ca.pem", tmp_path / "bad.pem"
    good.write_bytes(issue().trust)
    bad.write_text("nothing")
    files.want(frozenset({f"client-ca|{good}", f"client-ca|{bad}"}))

    def trusted(path: Path) -> bytes:
        secret = Secret.FromString(files.table[f"client-ca|{path}"].body)
        return bytes(secret.validation_context.trusted_ca.inline_bytes)

    assert trusted(good) == good.read_bytes()
    stand_in = x509.load_pem_x509_certificate(trusted(bad))
    assert stand_in.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    assert "bad.pem cannot be used" in files.complaints[0]


def test_nobody_complains_about_files_that_are_no_longer_wanted(tmp_path: Path) -> None:
    changes = Changes()
    files = CertificateFiles(SystemClock(), changes)
    files.want(frozenset({f"client-ca|{tmp_path / 'missing'}"}))
    assert [*files.complaints]
    files.want(frozenset())
    assert not tuple(files.complaints)
    assert changes.count == 2  # Whoever showed the complaint has to look again.


def test_a_complaint_goes_with_the_last_listener_that_names_the_file(tmp_path: Path) -> None:
    changes = Changes()
    files = CertificateFiles(SystemClock(), changes)
    name = f"certificate|{tmp_path}/missing.pem|{tmp_path}/missing.key"
    users = [b"... %b ..." % name.encode(), b"another"]
    files.used_by(lambda: users)
    files.want(frozenset({name}))
    assert (len(files.complaints), changes.count) == (1, 1)

    users.pop(0)
    files.users_changed()
    assert (files.complaints, changes.count) == ((), 2)
    assert list(files.table) == [name], "a listener that drains still has it"
    users.clear()
    files.users_changed()
    assert changes.count == 2, "nothing new to tell"


def test_a_list_of_revoked_certificates_stands_beside_its_authority(tmp_path: Path) -> None:
    pki = Pki()
    (tmp_path / "ca.pem").write_bytes(pki.ca)
    (tmp_path / "crl.pem").write_bytes(pki.revoked())
    files = CertificateFiles(SystemClock(), Changes())
    authority = f"client-ca|{tmp_path / 'ca.pem'}"
    name, broken = f"{authority}|{tmp_path / 'crl.pem'}", f"{authority}|{tmp_path / 'ca.pem'}"
    files.want(frozenset({name, broken}))
    assert (
        Secret.FromString(files.table[name].body).validation_context.crl.inline_bytes
        == (tmp_path / "crl.pem").read_bytes()
    )
    (complaint,) = files.complaints
    assert "cannot be used" in complaint


async def test_the_authorities_of_the_system_are_where_it_keeps_them(
    tmp_path: Path, issue: Issue, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(certificate_files, "SYSTEM_BUNDLES", (tmp_path / "nowhere", tmp_path / "bundle.pem"))
    files = CertificateFiles(SystemClock(), Changes())
    files.want(frozenset({"system-ca"}))
    assert "nowhere" in files.complaints[0]
    assert Secret.FromString(files.table["system-ca"].body).HasField("validation_context")
    chain = issue().chain
    (tmp_path / "bundle.pem").write_bytes(chain)
    files.want(frozenset())
    files.want(frozenset({"system-ca"}))
    trusted = Secret.FromString(files.table["system-ca"].body).validation_context.trusted_ca.inline_bytes
    assert (trusted, files.complaints) == (chain, ())


def test_authorities_in_several_files_are_served_together(tmp_path: Path) -> None:
    one, two = tmp_path / "one.pem", tmp_path / "two.pem"
    one.write_bytes(Pki().ca)
    two.write_bytes(Pki().ca)
    files = CertificateFiles(SystemClock(), Changes())
    name = f"client-cas|{one}|{two}"
    files.want(frozenset({name}))
    bundle = Secret.FromString(files.table[name].body).validation_context.trusted_ca.inline_bytes
    assert len(x509.load_pem_x509_certificates(bundle)) == 2
