"""Which address is that of the client, and what makes two requests those of one client."""

from __future__ import annotations

from collections.abc import Sequence

from tulle.dialects.fields import shown
from tulle.dialects.traefik import arguments
from tulle.dialects.traefik.middleware_specs import IpStrategySpec, SourceCriterionSpec
from tulle.dialects.written import Written
from tulle.model.steps import ClientAddress, SameClient

PEER = ClientAddress()


def allowed(part: Written, texts: Sequence[str], *path: str) -> tuple[str, ...]:
    """Addresses and CIDRs as CIDRs; those that are none are noted."""
    found = []
    for index, text in enumerate(texts):
        if problem := arguments.subnet(text.strip()):
            part.error((*path, index), f"{problem}: {shown(text)}")
        else:
            found.append(arguments.network(text.strip()))
    return tuple(found)


def address(part: Written, spec: IpStrategySpec | None, *path: str) -> ClientAddress:
    """Which address counts."""
    if spec is None:
        return PEER
    excluded = allowed(part, spec.excluded_ips, *path, "excludedIPs")
    return ClientAddress(depth=spec.depth, excluded=excluded, ipv6_bits=spec.ipv6_subnet)


def same_client(
    part: Written, spec: SourceCriterionSpec | None, field: str, *, is_host_usual: bool = False
) -> SameClient:
    """What makes two requests those of one client; the address (or the host) if nothing is said."""
    given = [] if spec is None else [spec.ip_strategy is not None, bool(spec.request_header_name), spec.request_host]
    if sum(given) > 1:
        part.error((field, "sourceCriterion"), "must be one of ipStrategy, requestHeaderName, requestHost")
    if spec is None or not any(given):
        return SameClient(is_host=True) if is_host_usual else SameClient(address=PEER)
    if spec.ip_strategy is not None:
        return SameClient(address=address(part, spec.ip_strategy, field, "sourceCriterion", "ipStrategy"))
    return SameClient(header=spec.request_header_name) if spec.request_header_name else SameClient(is_host=True)
