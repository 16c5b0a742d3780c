"""The rules of a router: one for each way in which its requests can come, with what is done with them. Pure."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice

from tulle.flow.edge import sticking
from tulle.flow.edge.known import Lookup
from tulle.flow.edge.sending import Chosen, Part, Sending, sending
from tulle.model.observing import Told
from tulle.model.policies import Retry
from tulle.model.routers import INTERNAL, Reference, Router
from tulle.model.routes import Backend, Forward, Match, RouteRule, ValueKind, ValueMatch
from tulle.model.steps import AddPrefix, LimitBodies, LimitTime, Step, TryAgain

MOST_VARIANTS = 4096
"""Of requests with cookies of several services."""
OF_ROUTES = (TryAgain, LimitTime)
"""Steps that say how requests are sent, wherever they stand."""
BAD_GATEWAY = 502
LENGTH, CODING = "content-length", "transfer-encoding"
WITHOUT_BODY = ("GET", "HEAD", "OPTIONS", "TRACE")

Resolve = Callable[[Iterable[Reference]], tuple[Step, ...]]
"""The steps of these names."""


@dataclass(frozen=True, slots=True)
class Variant:
    """Requests with some cookies, and where they go."""

    chosen: tuple[Chosen, ...]
    target: Sending

    @property
    def name(self) -> str:
        """What tells it from the others of its router."""
        return "".join(f"|{each.of.name}{'+' if each.is_renewed else ''}" for each in self.chosen)


def variants(to: Reference, lookup: Lookup) -> Iterator[Variant]:
    """All of them; those with the most cookies first."""
    found = tuple(islice(_variants(to, lookup, ()), MOST_VARIANTS + 1))
    if len(found) > MOST_VARIANTS:
        sentence = f"clients can stay with its services in more than {MOST_VARIANTS} ways; let fewer of them be sticky"
        lookup.wrong(to, sentence)
        return
    yield from found


def _variants(to: Reference, lookup: Lookup, chosen: tuple[Chosen, ...]) -> Iterator[Variant]:
    target = sending(to, lookup, chosen)
    asked = {each.service for each in chosen}
    blend = next((each for each in target.sticky if each.name not in asked), None)
    if blend is not None and blend.sticky is not None:
        cookie = sticking.cookie(blend.name, blend.sticky)
        for each in blend.shares:
            for is_renewed in (False, True):
                one = Chosen(blend.name, cookie, each.to.name, is_renewed)
                yield from _variants(to, lookup, (*chosen, one))
    yield Variant(chosen, target)


def rules(router: Router, steps: tuple[Step, ...], variant: Variant, resolve: Resolve) -> Iterator[RouteRule]:
    """What is done with the requests of a variant: copies are made of those that are known to be small enough."""
    found = rule(router, steps, variant, resolve)
    limit = variant.target.largest_copied
    if limit is None or not isinstance(found.action, Forward):
        yield found
        return
    yield replace(
        found, name=f"{found.name}|small", counted_as=_plain_name(router), matches=tuple(_small(found.matches, limit))
    )
    yield replace(found, action=replace(found.action, mirrors=()))


def _small(matches: Iterable[Match], limit: int) -> Iterator[Match]:
    """Requests with such a length, and those of methods that have no body and no length."""
    for match in matches:
        sized = ValueMatch(name=LENGTH, kind=ValueKind.REGEX, value=up_to(limit))
        yield replace(match, headers=(*match.headers, sized))
        unsized = tuple(ValueMatch(name=name, kind=ValueKind.PRESENT, invert=True) for name in (LENGTH, CODING))
        yield replace(match, headers=(*match.headers, *unsized), methods=WITHOUT_BODY)


def up_to(limit: int) -> str:
    """A pattern for the numbers from 0 to this one."""
    text = str(limit)
    parts = [f"[0-9]{{1,{len(text) - 1}}}"] if len(text) > 1 else []
    for index, digit in enumerate(text):
        lowest = 1 if index == 0 and len(text) > 1 else 0
        if int(digit) > lowest:
            rest = len(text) - index - 1
            parts.append(f"{text[:index]}[{lowest}-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return "|".join((*parts, text))


def rule(router: Router, steps: tuple[Step, ...], variant: Variant, resolve: Resolve) -> RouteRule:
    """What is done with the requests of a variant."""
    target = variant.target
    steps = (*steps, *resolve(target.steps), *_limits(target))
    own = [_own(each, resolve) for each in target.parts]
    backends = target.backends
    if own and all(each == own[0] for each in own):
        steps = (*steps, *own[0])
    else:
        live = [each for each, part in zip(own, target.parts, strict=True) if part.share]
        backends = tuple(replace(each, steps=found) for each, found in zip(backends, live, strict=True))
    again = next((each.retry for each in reversed(steps) if isinstance(each, TryAgain)), None)
    limits = [each for each in steps if isinstance(each, LimitTime)]
    action = Forward(
        backends=tuple(map(_shown, backends)),
        timeout=_last(each.request for each in limits),
        idle_timeout=_last(each.idle for each in limits),
        mirrors=tuple(target.mirrors),
        hash_on=target.hash_on,
        is_by_client=target.is_by_client,
        retry=_retry(target, again),
    )
    return RouteRule(
        name=f"{_plain_name(router)}{variant.name}",
        counted_as=_plain_name(router) if variant.name else "",
        origin=router.origin,
        matches=tuple(Match(conditions=each, headers=_cookies(variant)) for each in router.alternatives),
        action=action,
        steps=tuple(each for each in steps if not isinstance(each, OF_ROUTES)),
        told=told(router),
    )


def _plain_name(router: Router) -> str:
    return f"{router.name.name}{router.name.namespace}"


def told(router: Router) -> Told:
    """What is told of its requests: seldom anything if they are for the gateway itself."""
    return replace(router.told, is_internal=router.service is not None and router.service.name.namespace == INTERNAL)


def _last(seconds: Iterable[float | None]) -> float | None:
    """What was said last, if anything."""
    said = [each for each in seconds if each is not None]
    return said[-1] if said else None


def _own(part: Part, resolve: Resolve) -> tuple[Step, ...]:
    """The steps of one part alone."""
    prefix = (AddPrefix(prefix=part.prefix),) if part.prefix else ()
    return (*resolve(part.steps), *prefix)


def _limits(target: Sending) -> tuple[Step, ...]:
    """What is to be sent again to a fallback must be kept."""
    if target.statuses and target.largest_body >= 0:
        return (LimitBodies(request=target.largest_body),)
    return ()


def _shown(backend: Backend) -> Backend:
    """One server is told its own host as a constant; several by each one's own."""
    return replace(backend, shows_own_host=False) if backend.host_rewrite else backend


def _retry(target: Sending, again: Retry | None) -> Retry | None:
    found = again
    if target.statuses:
        codes = tuple(sorted({code for low, high in target.statuses for code in range(low, high + 1)}))
        lost = ("connect-failure", "refused-stream", "reset") if BAD_GATEWAY in codes else ()
        found = Retry(attempts=1, conditions=lost, status_codes=codes, non_idempotent=True, moves_on=True)
    if target.answer_timeout:
        found = replace(found or Retry(attempts=0), per_try_timeout=target.answer_timeout)
    return found


def _cookies(variant: Variant) -> tuple[ValueMatch, ...]:
    """What tells by its cookies that a request is one of a variant."""
    return tuple(map(_cookie, variant.chosen))


def _cookie(chosen: Chosen) -> ValueMatch:
    name = chosen.of.name
    values = sticking.old_values(name) if chosen.is_renewed else (sticking.value(name),)
    fits = "|".join(map(re.escape, values))
    pattern = rf"(?:.*[;, ])?{re.escape(chosen.cookie)}=\"?(?:{fits})\"?(?:[;,].*)?"
    return ValueMatch(name="cookie", kind=ValueKind.REGEX, value=pattern)
