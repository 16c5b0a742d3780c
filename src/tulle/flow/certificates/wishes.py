"""Which certificates routers want, as Traefik works it out. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from tulle.flow.certificates.domains import canonical_set, without_covered
from tulle.model.resolvers import WantedCertificate
from tulle.model.routers import Router, RouterTls

ANY = "*"
"""The server name of routers that take every connection."""


def wishes(routers: Iterable[tuple[Router, RouterTls | None]]) -> tuple[WantedCertificate, ...]:
    """What routers want, each with the TLS that holds for it: its own, or that of its entry point.

    One certificate for each entry of `tls.domains`, or one for all hosts that the rule names.
    """
    found: dict[WantedCertificate, None] = {}
    for router, tls in routers:
        if tls is not None and tls.resolver and not tls.is_passed:
            found.update(dict.fromkeys(_of(router, tls)))
    return tuple(found)


def _of(router: Router, tls: RouterTls) -> Iterator[WantedCertificate]:
    sets = [canonical_set((each.main, *each.others)) for each in tls.domains]
    hosts = canonical_set(host for host in router.named if host != ANY)
    for domains in without_covered(sets) if sets else (hosts,):
        yield WantedCertificate(resolver=tls.resolver, domains=domains, origin=router.origin)
