"""Steps that the helper on the gateway's host decides (`model.consulting`)."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from hashlib import blake2b
from typing import Any

from envoy.extensions.filters.http.ext_authz.v3 import ext_authz_pb2

from tulle.envoy.bootstrap import CONSULTANT
from tulle.envoy.entrances import CLIENT
from tulle.envoy.steps.parts import Native, Operation, Part, Where, Work
from tulle.envoy.steps.paths import NOTES
from tulle.model import consulting, steps

TYPE = "type.googleapis.com/envoy.extensions.filters.http"
FORWARDED = "x-forwarded-for"
NONE = "-"
"""A header that no request has: Envoy wants at least one, and would send all without any."""
SHORT, LONG = 2, 60
"""Seconds for which the gateway remembers a proof that was right: where the users are in a file, and where they are in
the configuration, with which all that is remembered of them goes."""
PATIENT, QUICK = "10s", "1s"
"""How long may be thought about an answer: some hashes are made to take their time."""


def passwords(step: steps.Passwords, where: Where) -> tuple[Part, ...]:
    """Who does not know one is refused by the helper; if there is no helper, everybody is."""
    question = consulting.Passwords(
        id=_id(step, where),
        users=step.users,
        file=step.file,
        realm=step.realm,
        is_digest=step.is_digest,
        hides_proof=step.hides_proof,
        name_header=step.name_header,
    )
    if step.is_digest:
        return authorized(question, where, ["authorization"])
    known = f"{where.note}.known"
    (asked,) = authorized(question, where, ["authorization"], unless=known)
    remembering: Operation = {
        "op": "proof",
        "note": where.note,
        "question": question.id,
        "proofs": hashlib.sha256(consulting.to_text(question).encode()).hexdigest()[:24],
        "seconds": SHORT if step.file else LONG,
        "hides": step.hides_proof,
        "name_header": step.name_header.lower(),
    }
    headers = frozenset(("authorization", step.name_header.lower())) - {""}
    return Work(request=(remembering,), answer=(remembering,), headers=headers), replace(asked, headers=headers)


def rate(step: steps.LimitRate, where: Where) -> tuple[Part, ...]:
    """Counted by the helper: exactly, and together with others."""
    redis = step.redis
    question = consulting.Rate(
        id=step.name if redis is not None and step.name else _id(step, where),
        average=step.average,
        period=step.period,
        burst=step.burst,
        by=step.by,
        redis=redis,
    )
    return authorized(question, where, _needed(step.by))


def in_flight(step: steps.LimitInFlight, where: Where) -> tuple[Part, ...]:
    """Counted from their headers to their end."""
    question = consulting.InFlight(id=_id(step, where), amount=step.amount, by=step.by)
    needed = [":authority", *_needed(step.by)]
    by = step.by.address
    is_peer = by is not None and not by.depth and not by.excluded
    said = [(consulting.ADDRESS, f"%FILTER_STATE({CLIENT}:PLAIN)%")] if is_peer else []
    return _followed(question, where, "SKIP", needed, said)


def breaker(step: steps.Break, where: Where) -> tuple[Part, ...]:
    """Watches the status and the end of each."""
    question = consulting.Breaker(
        id=_id(step, where),
        expression=step.expression,
        check_period=step.check_period,
        fallback=step.fallback,
        recovery=step.recovery,
        status=step.status,
    )
    return _followed(question, where, "SEND", [":status"], [])


def authorized(question: consulting.Question, where: Where, needed: list[str], unless: str = "") -> tuple[Native]:
    """Asked before a request goes on, unless there is a note of this name that says yes."""
    name = f"asked-{where.note}"
    configuration: dict[str, Any] = {
        "@type": f"{TYPE}.ext_authz.v3.ExtAuthz",
        "transport_api_version": "V3",
        "grpc_service": _helper(PATIENT),
        "allowed_headers": {"patterns": [{"exact": each} for each in needed or [NONE]]},
        "status_on_error": {"code": "ServiceUnavailable"},
        # Counters let pass, but nobody passes whose password nobody asked for.
        "failure_mode_allow": isinstance(question, consulting.Rate),
    }
    if unless:
        configuration["filter_enabled_metadata"] = {
            "filter": NOTES,
            "path": [{"key": unless}],
            "value": {"string_match": {"exact": "yes"}},
            "invert": True,
        }
    said = ext_authz_pb2.ExtAuthzPerRoute()
    said.check_settings.context_extensions[consulting.QUESTION] = consulting.to_text(question)
    return (Native(({"name": name, "typed_config": configuration},), ((name, said),)),)


def _followed(
    question: consulting.Question, where: Where, answers: str, needed: list[str], said: list[tuple[str, str]]
) -> tuple[Part, ...]:
    """Told when a request begins, and when it ends: trailers keep the stream open until then."""
    pairs = [*consulting.to_metadata(question), *said]
    configuration = {
        "@type": f"{TYPE}.ext_proc.v3.ExternalProcessor",
        "grpc_service": {
            **_helper(QUICK),
            "initial_metadata": [{"key": key, "value": value} for key, value in pairs],
        },
        "processing_mode": {
            "request_header_mode": "SEND",
            "response_header_mode": answers,
            "response_trailer_mode": "SEND",
        },
        "forward_rules": {"allowed_headers": {"patterns": [{"exact": each} for each in needed]}},
        "failure_mode_allow": True,
        "message_timeout": QUICK,
    }
    return (Native(({"name": f"followed-{where.note}", "typed_config": configuration},)),)


def _id(step: steps.Step, where: Where) -> str:
    """Where it stands, and what it says: shares and entry points have different steps at one place."""
    return f"{where.id}/{blake2b(repr(step).encode(), digest_size=6).hexdigest()}"


def _helper(timeout: str) -> dict[str, Any]:
    return {"envoy_grpc": {"cluster_name": CONSULTANT}, "timeout": timeout}


def _needed(by: steps.SameClient) -> list[str]:
    """The headers by which the helper tells clients apart."""
    if by.address is not None:
        return [FORWARDED] if by.address.depth or by.address.excluded else []
    return [by.header.lower()] if by.header else []
