"""When requests are tried again: Istio's `HTTPRetry`."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import Field

from tulle.dialects.istio.values import PositiveSeconds
from tulle.dialects.objects import Differs, ObjectSpec, Refused
from tulle.dialects.written import Step, Written
from tulle.model.findings import did_you_mean
from tulle.model.policies import Retry

DEFAULT_CONDITIONS = ("unavailable", "cancelled")
"""What Istio repeats beside what is always safe, where a document does not say."""
CONDITIONS = (
    "5xx", "gateway-error", "reset", "reset-before-request", "connect-failure", "envoy-ratelimited", "retriable-4xx",
    "refused-stream", "retriable-status-codes", "retriable-headers", "http3-post-connect-failure", "cancelled",
    "deadline-exceeded", "internal", "resource-exhausted", "unavailable",
)  # fmt: skip
"""Envoy's words."""
_IMPLIED = frozenset(("retriable-status-codes", "retriable-headers"))
"""Words that say nothing by themselves: the codes are what counts."""
_STATUS = re.compile("[1-5][0-9][0-9]")


class HttpRetry(ObjectSpec):
    """When a request is tried again."""

    attempts: Annotated[
        int,
        Field(ge=0, le=10_000),
        Differs("a request that is not idempotent is only repeated after its bytes were sent if retryOn is written"),
    ] = Field(0, description="Tries after the first one; 0 for none.")
    per_try_timeout: PositiveSeconds | None = Field(None, description="How long each try may take.")
    retry_on: str = Field(
        "",
        description="Envoy's words and status codes, with commas: 5xx,reset,503. Written, it also holds for POST.",
    )
    retry_remote_localities: Annotated[
        bool | None,
        Refused("has no effect: retries go where health and priorities send any request", unless=(False,)),
    ] = Field(None, description="Whether retries go to other localities.")
    retry_ignore_previous_hosts: bool | None = Field(
        None, description="Whether retries avoid endpoints that were tried; true if not given."
    )
    backoff: PositiveSeconds | None = Field(None, description="Base of the growing pause between tries; 25ms.")

    def model(self, part: Written, path: tuple[Step, ...]) -> Retry:
        """As the model has it; a written `retryOn` is what asks for repeating requests that are not idempotent."""
        if not self.attempts:
            others = sorted(self.model_fields_set - {"attempts"})
            if others:
                part.error(path, "has no attempts, so nothing is tried again; write how many")
            return Retry(attempts=0)
        words = self._words(part, path)
        return Retry(
            attempts=self.attempts,
            conditions=tuple(word for word in words if not word.isdigit() and word not in _IMPLIED),
            status_codes=tuple(int(word) for word in words if word.isdigit()),
            per_try_timeout=self.per_try_timeout,
            backoff=self.backoff,
            non_idempotent=bool(self.retry_on),
            any_host=self.retry_ignore_previous_hosts is False,
        )

    def _words(self, part: Written, path: tuple[Step, ...]) -> tuple[str, ...]:
        if not self.retry_on:
            return DEFAULT_CONDITIONS
        words = tuple(dict.fromkeys(word.strip() for word in self.retry_on.split(",") if word.strip()))
        for word in words:
            if word not in CONDITIONS and not _STATUS.fullmatch(word):
                part.error(
                    (*path, "retryOn"),
                    f'has the word "{word}", which is neither a condition nor a status code'
                    f"{did_you_mean(word, CONDITIONS) or '; known are ' + ', '.join(CONDITIONS)}",
                )
        return words
