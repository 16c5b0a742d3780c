"""What Traefik keeps in its `acme.json`: accounts and certificates by resolver. Pure."""

from __future__ import annotations

import binascii
import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

from tulle.clients.acme import keys
from tulle.flow.certificates.domains import canonical_set
from tulle.flow.certificates.kept import Account, Certificate
from tulle.model.resolvers import Resolver


class Unreadable(ValueError):
    """It is no such file; the message says why, as the rest of a sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """What it has for one resolver."""

    account: Account | None = None
    certificates: tuple[Certificate, ...] = ()
    skipped: tuple[str, ...] = ()
    """What could not be taken over, as sentences."""


def imported(text: str, resolver: Resolver) -> Imported:
    """Read the file for one resolver; an empty one is one without anything, as for Traefik.

    Raises:
        Unreadable: it is something else.
    """
    try:
        data = json.loads(text) if text.strip() else {}
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is no JSON: {error}") from error
    mine = data.get(resolver.name) if isinstance(data, dict) else None
    if not isinstance(data, dict) or not isinstance(mine, dict | None):
        raise Unreadable("it does not have resolvers with accounts and certificates")
    if mine is None:
        return Imported()
    skipped: list[str] = []
    account, authority = _account(mine.get("Account"), resolver, skipped)
    found = []
    certificates = mine.get("Certificates")
    if not isinstance(certificates, list | None):
        raise Unreadable("it does not have resolvers with accounts and certificates")
    for each in certificates or ():
        certificate = _certificate(each, resolver, authority)
        if isinstance(certificate, str):
            skipped.append(certificate)
        else:
            found.append(certificate)
    return Imported(account=account, certificates=tuple(found), skipped=tuple(skipped))


def _account(data: object, resolver: Resolver, skipped: list[str]) -> tuple[Account | None, str]:
    """The account, if it is one of the authority that is asked now, and who signed the certificates, if that is it."""
    if not isinstance(data, dict):
        return None, ""
    registration = data.get("Registration")
    address = str(registration.get("uri") or "") if isinstance(registration, dict) else ""
    directory = resolver.server.directory
    if not address or _host(address) != _host(directory):
        return None, ""
    try:
        key = keys.pem(keys.private_key(b64decode(str(data.get("PrivateKey", "")), validate=True)))
    except (binascii.Error, keys.Unusable):
        skipped.append("the key of the account cannot be read")
        return None, directory
    return Account(authority=directory, key=key, address=address), directory


def _host(address: str) -> str | None:
    try:
        return urlsplit(address).hostname
    except ValueError:
        return None


def _certificate(data: Any, resolver: Resolver, authority: str) -> Certificate | str:
    """A certificate, or why it is left out."""
    domain = data.get("domain") if isinstance(data, Mapping) else None
    if not isinstance(domain, Mapping):
        return "a certificate does not say what it is for"
    others = domain.get("sans")
    names = [domain.get("main"), *(others if isinstance(others, list) else ())]
    domains = canonical_set(str(name) for name in names if name)
    try:
        chain, key = (b64decode(str(data.get(each) or ""), validate=True).decode() for each in ("certificate", "key"))
        keys.facts(chain, key)
    except (binascii.Error, ValueError) as error:  # `keys.Unusable` is one, too.
        return f"the certificate for {', '.join(domains) or 'nothing'} cannot be read: {error}"
    if not domains:
        return "a certificate is for no domain"
    return Certificate(resolver=resolver.name, domains=domains, chain=chain, key=key, authority=authority)
