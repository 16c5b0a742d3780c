"""Taking over what Traefik has kept in its file: moving here costs no new order."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

from tulle.clients.acme import keys
from tulle.flow.certificates.importing import Unreadable, imported
from tulle.flow.certificates.kept import CERTIFICATES, Certificate, account_name, identity
from tulle.flow.certificates.shelf import Content, Shelf
from tulle.model.findings import Finding
from tulle.model.resolvers import Resolver
from tulle.store.base import Conflict

log = logging.getLogger(__name__)


def take_over(resolver: Resolver, shelf: Shelf) -> tuple[Finding, ...]:
    """Take over what the store does not have yet; what is wrong with the file.

    Raises:
        StoreUnusable: the store cannot be written.
    """
    path = Path(resolver.storage)
    try:
        found = imported(path.read_text(), resolver)
    except FileNotFoundError:
        return ()
    except (OSError, UnicodeDecodeError, Unreadable) as error:
        reason = (error.strerror or "").lower() if isinstance(error, OSError) else str(error)
        return (Finding.warning(resolver.origin, f"{path} is not taken over: {reason}"),)
    content = shelf.content()
    with contextlib.suppress(Conflict):
        if found.account is not None and account_name(resolver) not in content.versions:
            shelf.write(account_name(resolver), found.account, 0)
    for certificate in found.certificates:
        _keep(certificate, shelf, content)
    return tuple(Finding.warning(resolver.origin, f"{path}: {reason}; it is left out") for reason in found.skipped)


def _keep(certificate: Certificate, shelf: Shelf, content: Content) -> None:
    name = identity(certificate.resolver, certificate.domains)
    known = content.known.get(name)
    if known is not None and known.facts is not None and known.facts.end >= keys.facts(certificate.chain).end:
        return
    with contextlib.suppress(Conflict):  # Another replica was faster.
        shelf.write(CERTIFICATES + name, certificate, content.versions.get(CERTIFICATES + name, 0))
        log.info("took over the certificate for %s", ", ".join(certificate.domains))
