"""How TLS is ended at entry points, for which hosts, as routers for requests say it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tulle.flow.edge.known import shown
from tulle.model.findings import Finding
from tulle.model.hostnames import ANY
from tulle.model.names import Name
from tulle.model.routers import EntryPoint, Reference, Router, RouterTls, TlsOptions
from tulle.model.routes import RouteKind

DEFAULT = "default"
"""The name of the options of everybody who names none."""
NAMED, WILDCARDS, STREAMS, REQUESTS, REST = 0, 1, 2, 1 << 20, 1 << 30
"""Ranks of listeners, in the order in which they are asked about a connection: hosts of requests, routers for
connections, routers for requests of every host, routers for every connection, and what is left."""
Live = Mapping[Router, tuple[EntryPoint, ...]]
"""Routers, and where they count."""


@dataclass(frozen=True, slots=True)
class Ended:
    """Some hosts of an entry point, and how TLS is ended for them."""

    name: str
    """Of the options."""
    options: TlsOptions | None
    """None: as usual where nothing is written."""
    hosts: tuple[str, ...]
    rank: int
    is_broken: bool = False
    """Whether there are no such options, so that connections are closed."""


@dataclass(frozen=True, slots=True)
class Ending:
    """How TLS is ended."""

    usual: TlsOptions | None = None
    special: Mapping[Name, tuple[Ended, ...]] = field(default_factory=dict)
    """By entry point: hosts that are told apart by name. All others have the usual options."""
    wide: frozenset[Name] = frozenset()
    """Entry points with routers for requests with TLS that name no host."""
    plain_taken: frozenset[Name] = frozenset()
    """Entry points where all connections without TLS are some router's."""
    untouched: frozenset[Name] = frozenset()
    """Entry points where they are that router's even with TLS, because nobody else wants it: nobody looks for it."""
    refused: frozenset[tuple[Router, Name]] = frozenset()
    """Routers that are for nobody at an entry point, since others contradict them."""
    findings: tuple[Finding, ...] = ()

    def foreign(self, router: Router, point: EntryPoint) -> tuple[str, ...]:
        """The ways of an entry point to end TLS that are not the one of a router: it is not for their connections."""
        tls = router.tls or point.tls
        parts = self.special.get(point.name, ())
        if tls is None or not parts:
            return ()
        own = tls.options.name if tls.options is not None else None
        hosts = {host: each.name for each in parts for host in each.hosts}
        is_own = own is not None and router.named and all(hosts.get(host) == str(own) for host in router.named)
        ways = {DEFAULT, *(each.name for each in parts if not each.is_broken)}
        return tuple(sorted(ways - {str(own) if is_own else DEFAULT}))


def ending(live: Live, options: Mapping[Name, TlsOptions], *, is_strict: bool = False) -> Ending:
    """How TLS is ended for all hosts of these routers; if that is strict, those that contradict others are refused."""
    defaults = [each for name, each in sorted(options.items()) if name.name == DEFAULT]
    usual = defaults[0] if len(defaults) == 1 else None
    requests = [each for each in _placed(live) if each.router.kind is RouteKind.HTTP]
    connections = [each for each in _placed(live) if each.router.kind is RouteKind.TCP]
    streamed = frozenset(each.point for each in connections if each.tls is not None)
    taken = frozenset(each.point for each in connections if each.tls is None and takes_everything(each.router))
    secure = [each for each in requests if each.tls is not None]
    wanted = _wanted(secure)
    special = {
        point: tuple(_parts(hosts, options, usual, is_whole=point in streamed))
        for point, hosts in _heard(secure, wanted).items()
    }
    return Ending(
        usual=usual,
        special=special,
        wide=frozenset(each.point for each in secure if not each.router.named),
        plain_taken=taken,
        untouched=taken - streamed - {each.point for each in secure},
        refused=frozenset((each.router, each.point) for each in secure if is_strict and _contradicted(each, wanted)),
        findings=(
            *_several(defaults),
            *_conflicts(secure, wanted, is_strict=is_strict),
            *_unknown((*secure, *connections), options),
        ),
    )


def takes_everything(router: Router) -> bool:
    """Whether it takes connections whatever they are for."""
    return () in router.alternatives


@dataclass(frozen=True, slots=True)
class _Placed:
    """A router at an entry point, and the TLS that holds for it there."""

    router: Router
    point: Name
    tls: RouterTls | None


def _placed(live: Live) -> Iterator[_Placed]:
    for router, points in live.items():
        for point in points:
            is_for_requests = router.kind is RouteKind.HTTP
            yield _Placed(router, point.name, router.tls or (point.tls if is_for_requests else None))


def _reference(placed: _Placed) -> Reference | None:
    return placed.tls.options if placed.tls is not None else None


Wanted = dict[Name, dict[str, set[Name | None]]]
"""By entry point and host: the options that are named."""


def _wanted(secure: Iterable[_Placed]) -> Wanted:
    found: Wanted = {}
    for each in secure:
        to = _reference(each)
        for host in each.router.named:
            found.setdefault(each.point, {}).setdefault(host, set()).add(to.name if to is not None else None)
    return found


def _contradicted(placed: _Placed, wanted: Wanted) -> tuple[str, ...]:
    """Hosts for which other routers want something else."""
    return tuple(host for host in placed.router.named if len(wanted[placed.point][host]) > 1)


def _heard(secure: Iterable[_Placed], wanted: Wanted) -> Wanted:
    """The same without what contradicted routers want, for none of their hosts."""
    found: Wanted = {point: {host: set() for host in hosts} for point, hosts in wanted.items()}
    heard = _wanted(each for each in secure if not _contradicted(each, wanted))
    for point, hosts in heard.items():
        found[point].update(hosts)
    return found


def _parts(
    hosts: Mapping[str, set[Name | None]],
    options: Mapping[Name, TlsOptions],
    usual: TlsOptions | None,
    *,
    is_whole: bool,
) -> Iterator[Ended]:
    """The hosts by their options; those with the usual ones only if somebody else could have them (`is_whole`)."""
    groups: dict[tuple[Name | None, bool], list[str]] = {}
    for host, names in sorted(hosts.items()):
        name = next(iter(names), None)
        groups.setdefault((name, host.startswith(ANY)), []).append(host)
    is_whole = is_whole or any(is_wild and name is not None for name, is_wild in groups)
    for (name, is_wild), same in groups.items():
        rank = WILDCARDS if is_wild else NAMED
        if name is not None:
            yield Ended(str(name), options.get(name), tuple(same), rank, is_broken=name not in options)
        elif is_whole:
            yield Ended(DEFAULT, usual, tuple(same), rank)


def _several(defaults: list[TlsOptions]) -> Iterator[Finding]:
    for each in defaults[1:]:
        message = f"{each.origin.subject}: another provider says what is usual, too, so neither counts"
        yield Finding.warning(each.origin, message)


def _conflicts(secure: list[_Placed], wanted: Wanted, *, is_strict: bool) -> Iterator[Finding]:
    for each in secure:
        hosts, to = _contradicted(each, wanted), _reference(each)
        if hosts and is_strict:
            sentence = f"other routers want other TLS options for {hosts[0]}, so it is for nobody"
            yield Finding.error(
                to.origin if to is not None else each.router.origin, f"{each.router.origin.subject}: {sentence}"
            )
        elif hosts and to is not None:
            sentence = f"other routers want other TLS options for {hosts[0]}, so the usual ones hold there"
            yield Finding.warning(to.origin, f"{each.router.origin.subject}: {sentence}")


def _unknown(placed: Iterable[_Placed], options: Mapping[Name, TlsOptions]) -> Iterator[Finding]:
    for each in placed:
        to = _reference(each)
        if to is not None and to.name not in options:
            name = shown(to.name, each.router.name.namespace)
            sentence = f'there are no TLS options "{name}", so connections are closed'
            yield Finding.error(to.origin, f"{each.router.origin.subject}: {sentence}")
