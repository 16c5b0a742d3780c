"""Errors of the API: `application/problem+json` (RFC 9457) with a sentence, and findings where there are any."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from tulle.api.summary import FindingSummary
from tulle.kit.codec import to_plain
from tulle.store.base import Conflict, StoreError, UnknownRevision


class Problem(Exception):
    """An answer that is an error."""

    def __init__(self, status: HTTPStatus, detail: str, findings: Sequence[FindingSummary] = ()) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.findings = tuple(findings)


def response(problem: Problem) -> JSONResponse:
    """The problem as it goes over the wire."""
    content: dict[str, Any] = {
        "type": "about:blank",
        "title": problem.status.phrase,
        "status": problem.status.value,
        "detail": problem.detail,
    }
    if problem.findings:
        content["findings"] = [to_plain(finding) for finding in problem.findings]
    headers = {"WWW-Authenticate": "Bearer"} if problem.status is HTTPStatus.UNAUTHORIZED else None
    return JSONResponse(content, problem.status.value, headers, "application/problem+json")


def install(app: FastAPI) -> None:
    """Answer every error of an application in this form."""

    @app.exception_handler(Problem)
    async def _problem(request: Request, error: Problem) -> JSONResponse:
        return response(error)

    @app.exception_handler(StoreError)
    async def _store(request: Request, error: StoreError) -> JSONResponse:
        status = HTTPStatus.INSUFFICIENT_STORAGE
        if isinstance(error, Conflict):
            status = HTTPStatus.CONFLICT
        elif isinstance(error, UnknownRevision):
            status = HTTPStatus.NOT_FOUND
        return response(Problem(status, str(error)))

    @app.exception_handler(RequestValidationError)
    async def _invalid(request: Request, error: RequestValidationError) -> JSONResponse:
        sentences = [f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in error.errors()]
        return response(Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "the request cannot be read: " + "; ".join(sentences)))

    @app.exception_handler(HTTPException)
    async def _http(request: Request, error: HTTPException) -> JSONResponse:
        status = HTTPStatus(error.status_code)
        detail = str(error.detail)
        if status is HTTPStatus.NOT_FOUND:
            detail = f"there is nothing at {request.url.path}; /openapi.json describes the API"
        return response(Problem(status, detail))
