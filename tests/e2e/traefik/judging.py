"""Whether answers are as expected, and whether those of two gateways are the same."""

from __future__ import annotations

import gzip
import json
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.e2e.traefik.cases import USUAL, Case, Step
from tests.e2e.traefik.filling import Words
from tests.e2e.traefik.replies import Reply

SIGMAS = 4.5
IGNORED = frozenset(
    ("date", "connection", "keep-alive", "transfer-encoding", "content-length", "trailer", "x-retry-in")
)
"""Of one connection, of one moment, or about how a body is framed."""
IGNORED_SEEN = frozenset(("connection", "content-length", "transfer-encoding", "te", "sec-websocket-key"))


@dataclass
class Outcome:
    """What came of a step: the answers, and the requests that each server got."""

    step: Step
    replies: list[Reply] = field(default_factory=list)
    calls: dict[str, list[Any]] = field(default_factory=dict)


def told(reply: Reply) -> dict[str, Any]:
    """What a server of ours said, if it was one that answered."""
    try:
        said = json.loads(reply.body)
    except ValueError:
        said = None
    if isinstance(said, dict) and "by" in said:
        return said
    return {}


def unpacked(reply: Reply) -> bytes:
    """The body as it was before it was compressed, if it was by gzip."""
    coding = reply.get("content-encoding")
    return gzip.decompress(reply.body) if coding == "gzip" else reply.body


def by(reply: Reply) -> str:
    """Who answered: the server, or nobody."""
    return str(told(reply).get("by") or (reply.text.partition(" ")[0] if reply.status == 200 else ""))


# Expectations.


def mistakes(expect: dict[str, Any], outcome: Outcome, words: Words) -> list[str]:
    """What is not as expected; words of the expectation are filled already. Nothing expected, nothing wrong."""
    if not expect:
        return []
    found = [*_of_all(expect, outcome)]
    statuses = expect.get("status")
    for index, reply in enumerate(outcome.replies):
        status = statuses[index] if isinstance(statuses, list) and index < len(statuses) else statuses
        for each in _of_one({**expect, "status": status}, outcome.step, reply, words):
            found.append(f"{f'answer {index + 1}: ' if len(outcome.replies) > 1 else ''}{each}")
    return found


def _of_one(expect: dict[str, Any], step: Step, reply: Reply, words: Words) -> Iterator[str]:
    status = expect["status"] if expect.get("status") is not None else USUAL.get(step.kind, 200)
    if reply.status != status and "shares" not in expect and status != "any":
        yield f"status is {reply.status}, not {status} {reply.note}"
    if "by" in expect and isinstance(expect["by"], str) and by(reply) != expect["by"]:
        yield f"{by(reply) or 'nobody'} answered, not {expect['by']}"
    if "body" in expect and reply.text != expect["body"]:
        yield f"body is {reply.text[:300]!r}, not {expect['body']!r}"
    if "like" in expect and not re.search(expect["like"], reply.text, re.DOTALL):
        yield f"body is {reply.text[:300]!r}, not like {expect['like']!r}"
    if "size" in expect and len(reply.body) != expect["size"]:
        yield f"body has {len(reply.body)} bytes, not {expect['size']}"
    if "unpacked" in expect and len(unpacked(reply)) != expect["unpacked"]:
        yield f"body unpacks to {len(unpacked(reply))} bytes, not {expect['unpacked']}"
    if "json" in expect:
        yield from _json(expect["json"], reply)
    if "note" in expect and not matches(expect["note"], reply.note):
        yield f"there is no answer because: {reply.note!r}, not {expect['note']!r}"
    if "certificate" in expect and not matches(expect["certificate"], reply.certificate):
        yield f"certificate is of {reply.certificate}, not {expect['certificate']}"
    if "within" in expect and not expect["within"][0] <= reply.seconds <= expect["within"][1]:
        yield f"took {reply.seconds:.3f} s, not {expect['within']}"
    if expect.get("flows") and reply.seconds - reply.first < 0.15:
        yield "the answer came all at once"
    for name, wanted in expect.get("headers", {}).items():
        if not matches(wanted, reply.get(name)):
            yield f"header {name} is {reply.get(name)!r}, not {wanted!r}"
    if "saw" in expect:
        yield from _seen(expect["saw"], told(reply))


def _seen(expect: dict[str, Any], said: dict[str, Any]) -> Iterator[str]:
    """`saw` names method, path, body, size, tls; everything else is a header."""
    for name, wanted in expect.items():
        if name in ("method", "path", "body", "size"):
            got = said.get(name)
        elif name == "tls":
            got = said.get("tls", {})
            for each, value in wanted.items():
                if not matches(value, got.get(each)):
                    yield f"the server saw tls {each} {got.get(each)!r}, not {value!r}"
            continue
        else:
            got = said.get("headers", {}).get(name.lower())
        if not matches(wanted, got):
            yield f"the server saw {name} {got!r}, not {wanted!r}"


def _json(expect: Any, reply: Reply) -> Iterator[str]:
    """What is expected may be a part of what is there."""
    try:
        found = json.loads(reply.body)
    except ValueError:
        yield f"body is no JSON: {reply.text[:300]!r}"
        return
    if not contains(found, expect):
        yield f"JSON is {json.dumps(found)[:1500]}, without {json.dumps(expect)}"


def contains(found: Any, part: Any) -> bool:
    """Of mappings the values that are named, of lists some element for each."""
    if isinstance(part, dict):
        return isinstance(found, dict) and all(contains(found.get(name), value) for name, value in part.items())
    if isinstance(part, list) and part:
        return isinstance(found, list) and all(any(contains(each, one) for each in found) for one in part)
    return found == part if not isinstance(part, str) else matches(part, found)


def matches(wanted: Any, got: Any) -> bool:
    """None is nothing at all; `~` begins a regular expression."""
    if isinstance(wanted, str) and wanted.startswith("~"):
        return got is not None and re.search(wanted[1:], str(got)) is not None
    return bool(str(wanted) == str(got) if wanted is not None else got is None)


def _of_all(expect: dict[str, Any], outcome: Outcome) -> Iterator[str]:
    names = [by(reply) for reply in outcome.replies]
    if isinstance(expect.get("by"), list) and names != expect["by"]:
        yield f"{names} answered, not {expect['by']}"
    if expect.get("same") and len(set(names)) != 1:
        yield f"different servers answered: {dict(Counter(names))}"
    if "shares" in expect:
        yield from _shares(expect["shares"], outcome)
    yield from miscounted(expect, outcome.calls)
    for name, wanted in expect.get("last", {}).items():
        calls = outcome.calls[name]
        for each in _seen(wanted, calls[-1].told(name) if calls else {}):
            yield f"{name}: {each}"


def miscounted(expect: dict[str, Any], calls: dict[str, list[Any]]) -> Iterator[str]:
    """Servers that got more or fewer requests than they should."""
    for name, count in expect.get("calls", {}).items():
        low, high = count if isinstance(count, list) else (count, count)
        if not low <= len(calls[name]) <= high:
            yield f"{name} got {len(calls[name])} requests, not {count}"


def _shares(shares: dict[Any, float], outcome: Outcome) -> Iterator[str]:
    by_status = all(isinstance(key, int) for key in shares)
    counts = Counter[Any](reply.status if by_status else by(reply) for reply in outcome.replies)
    total, whole = len(outcome.replies), sum(shares.values())
    for key in [*shares, *(counts.keys() - shares.keys())]:
        share = shares.get(key, 0) / whole
        if abs(counts[key] - total * share) > SIGMAS * math.sqrt(total * share * (1 - share)) + 1:
            yield f"{key} answered {counts[key]} of {total}, not {share:.0%}: {dict(counts)}"


# Comparison.


def differences(case: Case, real: Outcome, ours: Outcome, words: tuple[Words, Words]) -> list[str]:
    """What is not the same, beside everything that may differ."""
    step = real.step
    if step.ours is not None or "shares" in step.expect or step.expect.get("status") == "any":
        return []
    if len(real.replies) != len(ours.replies):
        return [f"{len(real.replies)} answers of Traefik, {len(ours.replies)} of ours"]
    found = []
    for index, (one, other) in enumerate(zip(real.replies, ours.replies, strict=True)):
        left, right = view(case, step, one, words[0]), view(case, step, other, words[1])
        for name in sorted(left.keys() | right.keys()):
            if left.get(name) != right.get(name):
                number = f"answer {index + 1}: " if len(real.replies) > 1 else ""
                found.append(f"{number}{name}: {left.get(name)!r} of Traefik, {right.get(name)!r} of ours")
    for name in step.expect.get("calls", {}):
        if isinstance(step.expect["calls"][name], int) and len(real.calls[name]) != len(ours.calls[name]):
            found.append(f"{name}: {len(real.calls[name])} calls by Traefik, {len(ours.calls[name])} by ours")
    return found


def view(case: Case, step: Step, reply: Reply, words: Words) -> dict[str, Any]:
    """An answer without what may differ, flat."""
    ignored = IGNORED | {each.lower() for each in (*case.ignore, *step.options.get("ignore", ()))}
    ignored |= {"cookie"} if "session" in step.options else {"authorization"} if step.kind == "digest" else set()
    if step.kind == "raw":
        ignored |= {"accept-encoding"}  # Where the client names none, Traefik asks for gzip and unpacks it.
    said = told(reply)
    is_many = step.times > 1 or step.options.get("together")
    found: dict[str, Any] = {"status": reply.status}
    if not str(step.expect.get("certificate", "~")).startswith("~"):
        found["certificate"] = reply.certificate
    found["note"] = reply.note if reply.note in ("timeout", "refused") else bool(reply.note)
    for name in {name for name, _ in reply.headers} - ignored:
        found[f"header {name}"] = words.hide(reply.get(name) or "")
    is_whole = step.kind not in ("tcp", "udp", "raw") or not ("like" in step.expect or is_many)
    if not said and ("body" in ignored or (not is_whole and "body" not in step.expect)):
        return found  # It begins with the name of the server, whose turn it is.
    if not said:
        is_opaque = reply.get("content-encoding") in ("br", "zstd")  # Two of them compress differently.
        found["body"] = (
            ""
            if is_opaque
            else words.hide(unpacked(reply).decode(errors="replace")[:2000])
            if step.kind not in ("grpc",)
            else reply.text
        )
        return found
    for name in ("method", "path", "body", "size", *(() if is_many or "by" in ignored else ("by",))):
        found[f"seen {name}"] = words.hide(str(said.get(name)))
    for name, value in said.get("headers", {}).items():
        if name not in IGNORED_SEEN | ignored:
            found[f"seen header {name}"] = words.hide(value)
    for name, value in said.get("tls", {}).items():
        found[f"seen tls {name}"] = value
    return found
