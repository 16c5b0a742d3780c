"""Experiments: Istio's `HTTPFaultInjection`."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import refuse, shown
from tulle.dialects.istio.values import Percentage, PositiveSeconds
from tulle.dialects.objects import ObjectSpec, Refused
from tulle.dialects.written import Step, Written
from tulle.model.findings import did_you_mean
from tulle.model.policies import Fault

GRPC_STATUS = (
    "OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
    "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
    "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED",
)  # fmt: skip
"""By their numbers."""


def _grpc_status(value: object) -> object:
    if not isinstance(value, str) or value not in GRPC_STATUS:
        hint = did_you_mean(value.upper(), GRPC_STATUS) if isinstance(value, str) else ""
        refuse(f"must be the name of a gRPC status such as UNAVAILABLE, not {shown(value)}{hint}")
    return value


class Delay(ObjectSpec):
    """Holds requests back."""

    percentage: Percentage | None = Field(None, description="Of how many requests; of none if not given.")
    percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="The same in whole numbers; deprecated."
    )
    fixed_delay: PositiveSeconds | None = Field(None, description="For how long.")
    exponential_delay: Annotated[object, Refused("has no effect: Istio does not do it either; write fixedDelay")] = (
        Field(None, description="A random delay.")
    )


class Abort(ObjectSpec):
    """Answers requests with an error."""

    percentage: Percentage | None = Field(None, description="Of how many requests; of none if not given.")
    percent: Annotated[int, Field(ge=0, le=100)] | None = Field(
        None, description="The same in whole numbers; deprecated."
    )
    http_status: Annotated[int, Field(ge=200, le=599)] | None = Field(None, description="The status code.")
    grpc_status: Annotated[str, BeforeValidator(_grpc_status)] | None = Field(
        None, description="The gRPC status, by its name."
    )
    http2_error: Annotated[object, Refused("has no effect: Istio does not do it either; write httpStatus")] = Field(
        None, alias="http2Error", description="An HTTP/2 error."
    )


class HttpFaultInjection(ObjectSpec):
    """An experiment: delays or aborts a share of the requests."""

    delay: Delay | None = Field(None, description="Holds requests back.")
    abort: Abort | None = Field(None, description="Answers requests with an error.")

    def model(self, part: Written, path: tuple[Step, ...]) -> Fault:
        """As the model has it."""
        delay, abort = self.delay, self.abort
        if delay is None and abort is None:
            part.error(path, "needs delay or abort")
        if delay is not None and delay.fixed_delay is None:
            part.error((*path, "delay"), "needs fixedDelay: for how long")
        if abort is not None and (abort.http_status is None) == (abort.grpc_status is None):
            part.error((*path, "abort"), "needs one of httpStatus and grpcStatus")
        for name, given in (("delay", delay), ("abort", abort)):
            if given is not None and given.percentage is None and given.percent is None:
                part.warning((*path, name), "has no percentage, so nothing happens; write percentage: {value: 100}")
            elif given is not None and not _percent(given):
                part.warning((*path, name), "is for 0 % of the requests, so nothing happens")
        return Fault(
            delay=delay.fixed_delay if delay is not None else None,
            delay_percent=_percent(delay),
            abort_status=abort.http_status if abort is not None else None,
            abort_grpc_status=GRPC_STATUS.index(abort.grpc_status) if abort and abort.grpc_status else None,
            abort_percent=_percent(abort),
        )


def _percent(spec: Delay | Abort | None) -> float:
    """Istio: a fault without a percentage is for no request."""
    if spec is None:
        return 100.0
    if spec.percentage is not None:
        return spec.percentage.value
    return float(spec.percent or 0)
