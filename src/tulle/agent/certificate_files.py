"""Certificates of a proxy, from files on this host: read when Envoy asks for them, read again when they change.

A gateway shows them to its clients; every proxy may speak TLS with them to servers outside the mesh.

A file that is missing or broken leaves the last good one in place. If there never was one, a certificate that nobody
trusts stands in, because one missing file must not keep the other hosts of a listener from being served.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.x509.oid import NameOID

from tulle.agent import secrets
from tulle.identity.keys import key_pem, new_key
from tulle.kit.clock import Clock
from tulle.xds.snapshot import Resource

log = logging.getLogger(__name__)

INTERVAL = 0.5
"""Seconds between looks at the files. There are few, and a look is two system calls a file."""
SYSTEM_BUNDLES = (
    Path("/etc/ssl/certs/ca-certificates.crt"),  # Debian, Alpine, Arch
    Path("/etc/pki/tls/certs/ca-bundle.crt"),  # Fedora, Red Hat
    Path("/etc/ssl/ca-bundle.pem"),  # SUSE
    Path("/etc/ssl/cert.pem"),  # macOS, BSD
)
"""Where systems keep the authorities that they trust."""

AUTHORITIES = frozenset((secrets.CLIENT_AUTHORITY, secrets.CLIENT_AUTHORITIES, secrets.SYSTEM_AUTHORITIES))
"""How the names of secrets begin that say who is trusted."""


class CertificateFiles:
    """The secrets that are wanted now.

    `certificate|<file>|<key file>`, `client-ca|<file>[|<revoked>]`, `client-cas|<file>|<file>…`, `system-ca`.
    """

    def __init__(self, clock: Clock, changed: Callable[[], None]) -> None:
        self.table: dict[str, Resource] = {}
        self._clock = clock
        self._changed = changed
        self._seen: dict[str, tuple[object, ...]] = {}
        self._complaints: dict[str, str] = {}
        self._users: Callable[[], Iterable[bytes]] | None = None
        self._told: tuple[str, ...] = ()
        """Complaints that were told last."""
        self._is_wanted = asyncio.Event()

    @property
    def complaints(self) -> tuple[str, ...]:
        """What is wrong with files of resources that Envoy is to have, a sentence each."""
        return tuple(complaint for name, complaint in self._complaints.items() if self._is_of_use(name))

    def used_by(self, users: Callable[[], Iterable[bytes]]) -> None:
        """Who may need them: resources, serialized. Envoy wants the secrets of others, too, while they drain."""
        self._users = users

    def users_changed(self) -> None:
        """There are other users than before; what nobody needs any more is nothing to complain about."""
        if self.complaints != self._told:
            self._tell()

    def want(self, names: frozenset[str]) -> None:
        """Serve exactly these secrets; names of another form are ignored."""
        wanted = {name for name in names if _files(name)}
        gone, new = self._seen.keys() - wanted, wanted - self._seen.keys()
        for name in gone:
            del self._seen[name], self.table[name]
            self._complaints.pop(name, None)
        for name in new:
            self._look(name)
        if self._seen:
            self._is_wanted.set()
        else:
            self._is_wanted.clear()
        if gone or new:
            self._tell()

    async def run(self) -> None:
        """Watch the files for ever."""
        while True:
            await self._is_wanted.wait()
            await asyncio.sleep(INTERVAL)
            if any([self._look(name) for name in tuple(self._seen)]):
                self._tell()

    def _tell(self) -> None:
        self._told = self.complaints
        self._changed()

    def _is_of_use(self, name: str) -> bool:
        return self._users is None or any(name.encode() in user for user in self._users())

    def _look(self, name: str) -> bool:
        """Read the files of a secret if they changed; True if there is something to tell."""
        files = _files(name)
        state = tuple(_stamp(file) for file in files)
        if self._seen.get(name) == state:
            return False
        self._seen[name] = state
        try:
            self.table[name] = _read(name, files)
            self._complaints.pop(name, None)
            log.info("read %s", " and ".join(map(str, files)))
        except (OSError, ValueError, UnsupportedAlgorithm) as error:
            rest = "nobody is trusted by it" if _is_authority(name) else "nobody trusts what stands in for it"
            kept = "the last good one stays in use" if name in self.table else rest
            self._complaints[name] = f"{_describe(error, files)}; {kept}"
            log.error("%s", self._complaints[name])
            self.table.setdefault(name, self._stand_in(name))
        return True

    def _stand_in(self, name: str) -> Resource:
        """What is served in place of a file that never was good: signed by a key that is forgotten at once."""
        key, now = new_key(), self._clock.now()
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "certificate file missing or broken")])
        builder = x509.CertificateBuilder(subject, subject, key.public_key(), x509.random_serial_number())
        builder = builder.not_valid_before(now - timedelta(days=1)).not_valid_after(now + timedelta(days=1))
        is_authority = _is_authority(name)
        builder = builder.add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        pem = builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
        return secrets.authorities(name, pem) if is_authority else secrets.certificate(name, pem, key_pem(key))


def _files(name: str) -> tuple[Path, ...]:
    match name.split("|"):
        case [secrets.CERTIFICATE, chain, key]:
            return (Path(chain), Path(key))
        case [secrets.CLIENT_AUTHORITY | secrets.CLIENT_AUTHORITIES, *files]:
            return tuple(map(Path, files))
        case [secrets.SYSTEM_AUTHORITIES]:
            return (next((bundle for bundle in SYSTEM_BUNDLES if bundle.exists()), SYSTEM_BUNDLES[0]),)
        case _:
            return ()


def _is_authority(name: str) -> bool:
    return name.partition("|")[0] in AUTHORITIES


def _stamp(file: Path) -> object:
    try:
        status = file.stat()
    except OSError as error:
        return error.errno
    except ValueError:  # Of a path that can be none.
        return "none"
    return (status.st_mtime_ns, status.st_size, status.st_ino)


def _read(name: str, files: tuple[Path, ...]) -> Resource:
    chain = files[0].read_bytes()
    if name.startswith(f"{secrets.CLIENT_AUTHORITIES}|"):
        together = b"\n".join(file.read_bytes() for file in files)
        x509.load_pem_x509_certificates(together)
        return secrets.authorities(name, together)
    certificates = x509.load_pem_x509_certificates(chain)
    if _is_authority(name):
        revoked = b"".join(file.read_bytes() for file in files[1:])
        if revoked:
            x509.load_pem_x509_crl(revoked)
        return secrets.authorities(name, chain, revoked)
    key = files[1].read_bytes()
    if serialization.load_pem_private_key(key, password=None).public_key() != certificates[0].public_key():
        raise ValueError("the key does not belong to the certificate")
    return secrets.certificate(name, chain, key)


def _describe(error: Exception, files: tuple[Path, ...]) -> str:
    if isinstance(error, OSError):
        return f"{error.filename} cannot be read: {error.strerror}"
    both = " and ".join(map(str, files))
    return f"{both} cannot be used: {error}"
