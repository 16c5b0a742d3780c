"""Steps that ask other servers."""

from __future__ import annotations

from urllib.parse import urlsplit

from tulle.envoy import naming
from tulle.envoy.steps.names import Names, lua_patterns
from tulle.envoy.steps.parts import Operation, Part, Where, Work
from tulle.model import steps
from tulle.model.routes import Backend

NO_NAMES = Names((), is_folded=False)
PATIENCE = 60_000
"""Milliseconds for a page."""


def ask(step: steps.AskServer, where: Where) -> tuple[Part, ...]:
    """Its refusal is the answer; of its consent the service sees some headers, and the client some cookies."""
    url = urlsplit(step.url)
    names = lua_patterns(step.consent_pattern) if step.consent_pattern else NO_NAMES
    question: Operation = {
        "op": "ask",
        "waits": True,
        "note": where.note,
        "cluster": _cluster(step.backend),
        "scheme": url.scheme,
        "authority": url.netloc.rpartition("@")[2],
        "path": (url.path or "/") + (f"?{url.query}" if url.query else ""),
        "timeout": int(step.timeout * 1000),
        "trusts": step.trusts_forwarded,
        "only": [each.lower() for each in step.request_headers],
        "consent": [each.lower() for each in step.consent_headers],
        "patterns": list(names.patterns),
        "folded": names.is_folded,
        "cookies": list(step.cookies),
        "shows_body": step.shows_body,
        "largest_body": step.largest_body,
        "largest_answer": step.largest_answer,
        "keeps_location": step.keeps_location,
        "keeps_method": step.keeps_method,
        "sign_in": step.sign_in,
    }
    answer = ({"op": "cookies", "note": where.note, "cookies": list(step.cookies)},) if step.cookies else ()
    return (Work(request=(question,), answer=answer),)


def pages(step: steps.ErrorPages, where: Where) -> tuple[Part, ...]:
    """Another service is asked for what clients see instead."""
    noted: Operation = {"op": "note_page", "note": where.note}
    if step.headers is not None:
        noted = {**noted, "only": [each.lower() for each in step.headers]}
    page: Operation = {
        "op": "page",
        "waits": True,
        "note": where.note,
        "cluster": _cluster(step.backend),
        "path": step.path if step.path.startswith("/") else f"/{step.path}",
        "timeout": PATIENCE,
        "statuses": [list(each) for each in step.statuses],
        "rewrites": [list(each) for each in step.rewrites],
    }
    return (Work(request=(noted,), answer=(page,)),)


def _cluster(backend: Backend) -> str:
    """Its port is the number that the cluster has."""
    return naming.cluster(backend.service, backend.port or 0, backend.subset)
