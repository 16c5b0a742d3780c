"""Secrets and ConfigMaps of the mesh as the secrets that Envoys ask for (SDS): only those that a proxy needs.

Keys of workloads, and certificates in files, never pass through here; they are the agent's own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from envoy.extensions.transport_sockets.tls.v3 import secret_pb2

from tulle.envoy import naming
from tulle.identity import pem
from tulle.kit.memo import remember
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.objects import ConfigMap, Secret
from tulle.xds.snapshot import Resource, Table, encode

ONE = r"(?:secret|secret-ca|config-map-ca)\|[A-Za-z0-9._-]+/[A-Za-z0-9._-]+"
NAME = re.compile(rf"{ONE}(?:\+{ONE})*".encode())
"""A name as it stands within an encoded message: what comes after it there is none of these characters."""
NONE: frozenset[str] = frozenset()
"""The same for all, who are very many."""
KEYS = "secret|"
"""Begins the names of secrets with private keys."""
CLIENT_SECRET, SEAL = "client-secret", "seal"
"""Entries of secrets of those who let people sign in."""
CERTIFICATE, KEY = ("tls.crt", "cert"), ("tls.key", "key")
AUTHORITY, REVOKED = ("ca.crt", "cacert"), ("ca.crl", "crl")
"""Entries of secrets, by the names of Kubernetes and by those that Istio also knows."""


def needed(resources: Iterable[Resource]) -> frozenset[str]:
    """The secrets of the mesh to which resources refer."""
    return NONE.union(*(_referred(each) for each in resources if _may_refer(each.body))) or NONE


def parts(names: Iterable[str]) -> frozenset[str]:
    """The same, each of several authorities that stand together by itself."""
    return frozenset(part for name in names for part in name.split("+"))


def _may_refer(body: bytes) -> bool:
    """Most do not: nothing has to be remembered of these."""
    return b"secret" in body or b"-ca|" in body


@remember(size=1)
def _referred(resource: Resource) -> frozenset[str]:
    return frozenset(name.decode() for name in NAME.findall(resource.body)) or NONE


def shown_to(namespace: str, names: Iterable[str]) -> frozenset[str]:
    """Those that the workloads of a namespace may have: private keys never leave their own; authorities are public."""
    return frozenset(name for name in names if not name.startswith(KEYS) or name.startswith(f"{KEYS}{namespace}/"))


def secrets_for(mesh: Mesh, names: Iterable[str]) -> Table:
    """The secrets of these names that exist and can be used."""
    found = {}
    for name in sorted(set(names)):
        resource = _compiled(mesh, name)
        if resource is not None:
            found[name] = resource
    return found


@remember(size=1)
def problem(secret: Secret) -> str:
    """Why the certificate of a secret cannot be served, in a sentence; empty if it can."""
    return pem.pair_problem(secret.get(*CERTIFICATE), secret.get(*KEY))


@remember(size=1)
def authority_problem(source: Secret | ConfigMap) -> str:
    """Why nobody can be verified with the authorities in it, in a sentence; empty if somebody can."""
    revoked = source.get(*REVOKED) if isinstance(source, Secret) else b""
    return pem.authority_problem(_authorities(source)) or (pem.revocation_problem(revoked) if revoked else "")


def _authorities(source: Secret | ConfigMap) -> bytes:
    if isinstance(source, Secret):
        return source.get(*AUTHORITY)
    return dict(source.data).get(AUTHORITY[0], "").encode()


def _compiled(mesh: Mesh, name: str) -> Resource | None:
    kind, _, rest = name.partition("|")
    if name.startswith((naming.SIGN_IN, naming.SEAL)):
        secret = mesh.secrets.get(_parsed(rest))
        entry = SEAL if name.startswith(naming.SEAL) else CLIENT_SECRET
        return _text(secret, name, entry) if secret is not None and secret.get(entry) else None
    if "+" not in name and kind == "secret":
        secret = mesh.secrets.get(_parsed(rest))
        return _certificate(secret) if secret is not None and not problem(secret) else None
    sources = [_source(mesh, part) for part in name.split("+")]
    good = tuple(each for each in sources if each is not None and not authority_problem(each))
    return _trust(good[0], good[1:], name) if good else None


def _source(mesh: Mesh, name: str) -> Secret | ConfigMap | None:
    kind, _, rest = name.partition("|")
    table = mesh.config_maps if kind == "config-map-ca" else mesh.secrets
    return table.get(_parsed(rest))


def _parsed(text: str) -> Name:
    namespace, _, name = text.partition("/")
    return Name(namespace, name)


@remember(size=1)
def _certificate(secret: Secret) -> Resource:
    message = secret_pb2.Secret(name=naming.secret(secret.name))
    message.tls_certificate.certificate_chain.inline_bytes = secret.get(*CERTIFICATE)
    message.tls_certificate.private_key.inline_bytes = secret.get(*KEY)
    return encode(message.name, message, origins=(secret.origin,))


@remember(size=2)
def _text(secret: Secret, name: str, entry: str) -> Resource:
    message = secret_pb2.Secret(name=name)
    message.generic_secret.secret.inline_bytes = secret.get(entry)
    return encode(name, message, origins=(secret.origin,))


@remember(size=4)
def _trust(first: Secret | ConfigMap, others: tuple[Secret | ConfigMap, ...], name: str) -> Resource:
    sources = (first, *others)
    message = secret_pb2.Secret(name=name)
    bundle = b"\n".join(_authorities(each).strip() for each in sources)
    message.validation_context.trusted_ca.inline_bytes = bundle + b"\n"
    revoked = b"\n".join(each.get(*REVOKED).strip() for each in sources if isinstance(each, Secret)).strip()
    if revoked:
        message.validation_context.crl.inline_bytes = revoked + b"\n"
    return encode(name, message, origins=tuple(each.origin for each in sources))
