"""Questions about passwords and rates, as Envoy asks them before a request goes on (`envoy.service.auth.v3`)."""

from __future__ import annotations

from collections.abc import Awaitable
from functools import lru_cache

from envoy.config.core.v3.base_pb2 import HeaderValue, HeaderValueOption
from envoy.service.auth.v3.attribute_context_pb2 import AttributeContext
from envoy.service.auth.v3.external_auth_pb2 import CheckRequest, CheckResponse, DeniedHttpResponse, OkHttpResponse
from envoy.type.v3.http_status_pb2 import HttpStatus
from google.rpc.code_pb2 import PERMISSION_DENIED
from google.rpc.status_pb2 import Status

from tulle.agent.consultant.limiting import Limiter
from tulle.agent.consultant.passwords import Doorkeeper
from tulle.agent.consultant.questions import Questions
from tulle.agent.consultant.seen import Refused, Seen, Verdict
from tulle.envoy.steps.paths import NOTES
from tulle.model.consulting import ADDRESS, QUESTION, Passwords, Question, Rate

METHOD = "/envoy.service.auth.v3.Authorization/Check"
NOT_UNDERSTOOD = Refused(status=500)
"""Nobody passes whose password nobody asked for."""


class Authorizer:
    """The service."""

    def __init__(self, questions: Questions, doorkeeper: Doorkeeper, limiter: Limiter) -> None:
        self._questions = questions
        self._doorkeeper = doorkeeper
        self._limiter = limiter

    def answer(self, data: bytes) -> bytes | Awaitable[bytes]:
        """What becomes of a request; something to wait for if it takes time to find out."""
        request = CheckRequest.FromString(data)
        question = self._questions.read(request.attributes.context_extensions[QUESTION])
        verdict = self._judge(request, question)
        # A proof that is sent again is as good as before; one that is made for each request is not.
        name = question.id if isinstance(question, Passwords) and not question.is_digest else ""
        return _later(verdict, name) if isinstance(verdict, Awaitable) else encoded(verdict, name)

    def _judge(self, request: CheckRequest, question: Question | None) -> Verdict | Awaitable[Verdict]:
        attributes = request.attributes
        http = attributes.request.http
        seen = Seen(
            address=_address(attributes),
            host=http.host,
            method=http.method,
            path=http.path,
            headers=http.headers,
        )
        if isinstance(question, Passwords):
            return self._doorkeeper.judge(question, seen)
        if isinstance(question, Rate):
            return self._limiter.judge(question, seen)
        return NOT_UNDERSTOOD


def _address(attributes: AttributeContext) -> str:
    """That of the client, as the gateway noted it; if it noted none, as Envoy has it."""
    key = attributes.context_extensions.get(ADDRESS, "")
    if key:
        noted = attributes.metadata_context.filter_metadata[NOTES].fields[key].string_value
        return str(noted).removeprefix("=")
    return str(attributes.source.address.socket_address.address)


async def _later(verdict: Awaitable[Verdict], name: str) -> bytes:
    return encoded(await verdict, name)


@lru_cache(4096)
def encoded(verdict: Verdict, name: str = "") -> bytes:
    """The answer to Envoy; with a name, the gateway may remember under it that a client passed, and as whom."""
    if isinstance(verdict, Refused):
        denied = DeniedHttpResponse(
            status=HttpStatus(code=verdict.status), headers=_headers(verdict.marked), body=verdict.body
        )
        refused = CheckResponse(status=Status(code=PERMISSION_DENIED), denied_response=denied)
        return bytes(refused.SerializeToString())
    passed = OkHttpResponse(headers=_headers(verdict.headers), headers_to_remove=verdict.removed)
    response = CheckResponse(status=Status(), ok_response=passed)
    if name:
        response.dynamic_metadata[name] = next((value for _, value in verdict.headers), "")
    return bytes(response.SerializeToString())


def _headers(pairs: tuple[tuple[str, str], ...]) -> list[HeaderValueOption]:
    action = HeaderValueOption.OVERWRITE_IF_EXISTS_OR_ADD
    return [HeaderValueOption(header=HeaderValue(key=name, value=value), append_action=action) for name, value in pairs]
