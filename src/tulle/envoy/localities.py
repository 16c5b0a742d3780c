"""Nearness: which endpoints a caller prefers because of where they are (Istio `localityLbSetting`)."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from tulle.envoy.callers import Caller
from tulle.envoy.endpoint_views import Preference
from tulle.kit.quick import quick
from tulle.model.policies import NETWORK_LABEL, Locality, Policy
from tulle.model.services import Endpoint

NOWHERE = Locality()


@quick
@dataclass(frozen=True, slots=True)
class Group:
    """Endpoints of one locality and priority."""

    endpoints: tuple[Endpoint, ...]
    locality: Locality = NOWHERE
    priority: int = 0
    """0 is used first; the next one when all before have failed."""
    weight: int = 0
    """Share of the locality; 0 where localities have none."""


def preference(policy: Policy, caller: Caller) -> Preference | None:
    """What a policy means for a caller where it is; None: all endpoints are alike.

    Order needs outlier detection: without it nobody would notice that the near ones have failed.
    """
    settings = policy.load_balancing.locality
    if settings is not None and not settings.is_enabled:
        return None
    here = caller.locality or NOWHERE
    if settings is not None and settings.distribute:
        shares = next((to for place, to in settings.distribute if fits(here, place)), ())
        return Preference(shares=shares) if shares else None
    if policy.outlier_detection is None:
        return None
    if settings is not None and settings.failover_priority:
        return Preference(labels=_wishes(settings.failover_priority, caller))
    if here == NOWHERE:
        return None
    failover = dict(settings.failover) if settings is not None else {}
    return Preference(near=here, refuge=failover.get(here.region, ""))


def fits(locality: Locality, pattern: str) -> bool:
    """Whether a locality is meant by `region`, `region/zone`, `region/zone/subzone`, each perhaps `*`."""
    wanted = Locality.parse(pattern)
    return (
        wanted.region in {"*", locality.region}
        and wanted.zone in {"", "*", locality.zone}
        and wanted.subzone in {"", "*", locality.subzone}
    )


def grouped(endpoints: Iterable[Endpoint], wish: Preference) -> tuple[Group, ...]:
    """Endpoints by locality, with shares or priorities; in a stable order."""
    if wish.shares:
        return _shared(endpoints, wish.shares)
    ranked: dict[tuple[int, Locality], list[Endpoint]] = {}
    for each in endpoints:
        place = each.locality or NOWHERE
        ranked.setdefault((_rank(each, place, wish), place), []).append(each)
    # Envoy wants priorities without gaps.
    priorities = {rank: number for number, rank in enumerate(sorted({rank for rank, _ in ranked}))}
    return tuple(
        Group(tuple(ranked[rank, place]), place, priorities[rank])
        for rank, place in sorted(ranked, key=lambda key: (key[0], str(key[1])))
    )


def _rank(endpoint: Endpoint, place: Locality, wish: Preference) -> int:
    if wish.near is not None:
        return _distance(place, wish.near, wish.refuge)
    known = dict(endpoint.labels)
    for index, (label, value) in enumerate(wish.labels):
        if (known.get(label) or _told(label, place, endpoint.network)) != value:
            return len(wish.labels) - index
    return 0


def _distance(place: Locality, here: Locality, refuge: str) -> int:
    """0 in the same subzone, 1 in the same zone, 2 in the same region, 3 elsewhere, 4 where one had better not go."""
    if place.region != here.region:
        return 4 if refuge and place.region != refuge else 3
    if place.zone != here.zone:
        return 2
    return 0 if place.subzone == here.subzone else 1


def _wishes(priority: tuple[str, ...], caller: Caller) -> tuple[tuple[str, str], ...]:
    """Labels with the values that a good endpoint has: the written ones, or those of the caller."""
    own = dict(caller.labels)
    here = caller.locality or NOWHERE
    pairs = (each.partition("=") for each in priority)
    return tuple((key, value if equals else own.get(key) or _told(key, here, "")) for key, equals, value in pairs)


def _told(label: str, place: Locality, network: str) -> str:
    """What the labels of a topology would say."""
    return dict((*place.labels, (NETWORK_LABEL, network))).get(label, "")


def _shared(endpoints: Iterable[Endpoint], shares: tuple[tuple[str, int], ...]) -> tuple[Group, ...]:
    by_place: dict[Locality, list[Endpoint]] = {}
    for each in endpoints:
        by_place.setdefault(each.locality or NOWHERE, []).append(each)
    found: list[Group] = []
    # What names a place exactly takes it from what names all of a region.
    for pattern, share in sorted(shares, key=lambda each: -_exactness(each[0])):
        fitting = {place: by_place.pop(place) for place in tuple(by_place) if fits(place, pattern)}
        total = sum(each.weight for group in fitting.values() for each in group)
        found.extend(
            Group(tuple(group), place, weight=math.ceil(share * sum(each.weight for each in group) / total))
            for place, group in fitting.items()
            if share > 0
        )
    return tuple(sorted(found, key=lambda group: str(group.locality)))


def _exactness(pattern: str) -> int:
    return sum(part not in {"", "*"} for part in pattern.split("/"))
