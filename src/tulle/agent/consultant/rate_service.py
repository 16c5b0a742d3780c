"""Questions about rates, as Envoy's filter for rate limits asks them (`envoy.service.ratelimit.v3`).

The entries of a descriptor are the question, and what makes two requests those of one client. This filter cannot say
that a Redis is away, only fail; asked as an authorization (`authorizing`), the same question gets the exact answer.
"""

from __future__ import annotations

from collections.abc import Awaitable

from envoy.config.core.v3.base_pb2 import HeaderValue
from envoy.service.ratelimit.v3.rls_pb2 import RateLimitRequest, RateLimitResponse

from tulle.agent.consultant.limiting import NOBODY_KNOWS, Limiter
from tulle.agent.consultant.listening import UNAVAILABLE, Failed
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.seen import Refused, Seen
from tulle.model.consulting import FORWARDED, HEADER, HOST, QUESTION, Rate

METHOD = "/envoy.service.ratelimit.v3.RateLimitService/ShouldRateLimit"


class RateService:
    """The service."""

    def __init__(self, questions: Questions, limiter: Limiter) -> None:
        self._questions = questions
        self._limiter = limiter

    async def answer(self, data: bytes) -> bytes:
        """Whether a request passes.

        Raises:
            Failed: nobody knows.
        """
        for descriptor in RateLimitRequest.FromString(data).descriptors:
            said = {entry.key: entry.value for entry in descriptor.entries}
            question = self._questions.read(said.get(QUESTION, ""))
            if not isinstance(question, Rate):
                continue
            headers = {"x-forwarded-for": said.get(FORWARDED, ""), question.by.header.lower(): said.get(HEADER, "")}
            seen = Seen(address=said.get("remote_address", ""), host=said.get(HOST, ""), headers=headers)
            found = self._limiter.judge(question, seen)
            verdict = await found if isinstance(found, Awaitable) else found
            if verdict == NOBODY_KNOWS:
                raise Failed(UNAVAILABLE)
            if isinstance(verdict, Refused):
                return encoded(verdict)
        return bytes(RateLimitResponse(overall_code=RateLimitResponse.OK).SerializeToString())


def encoded(verdict: Refused) -> bytes:
    """The answer to Envoy."""
    headers = [HeaderValue(key=name, value=value) for name, value in verdict.headers]
    answer = RateLimitResponse(
        overall_code=RateLimitResponse.OVER_LIMIT,
        response_headers_to_add=headers,
        raw_body=verdict.body.encode(),
    )
    return bytes(answer.SerializeToString())
