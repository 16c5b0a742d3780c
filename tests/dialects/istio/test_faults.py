from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.policies import Fault

Read = Callable[[str], Fragment]


def one(fault: str) -> str:
    return document("VirtualService", f"hosts: [a]\nhttp:\n- {{route: [{{destination: {{host: b}}}}], fault: {fault}}}")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{delay: {fixedDelay: 7s, percent: 100}}", Fault(delay=7.0)),
        ("{delay: {fixedDelay: 7s, percentage: {value: 0.1}}}", Fault(delay=7.0, delay_percent=0.1)),
        ("{abort: {httpStatus: 555, percent: 50}}", Fault(abort_status=555, abort_percent=50.0)),
    ],
)
def test_experiments(read: Read, text: str, expected: Fault) -> None:
    fragment = read(one(text))
    assert findings(fragment) == []
    assert fragment.routes[0].rules[0].fault == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{}", ['error: "spec.http[0].fault" needs delay or abort']),
        ("{delay: {percent: 1}}", ['error: "spec.http[0].fault.delay" needs fixedDelay: for how long']),
        (
            "{abort: {httpStatus: 500}}",
            [
                'warning: "spec.http[0].fault.abort" has no percentage, so nothing happens; write percentage: '
                "{value: 100}"
            ],
        ),
        ("{abort: {percent: 1}}", ['error: "spec.http[0].fault.abort" needs one of httpStatus and grpcStatus']),
        (
            "{abort: {httpStatus: 500, grpcStatus: OK, percent: 1}}",
            ['error: "spec.http[0].fault.abort" needs one of httpStatus and grpcStatus'],
        ),
        (
            "{abort: {grpcStatus: unavailable}}",
            [
                'error: "spec.http[0].fault.abort.grpcStatus" must be the name of a gRPC status such as UNAVAILABLE, '
                'not "unavailable"; did you mean "UNAVAILABLE"?'
            ],
        ),
        (
            "{abort: {grpcStatus: 14}}",
            [
                'error: "spec.http[0].fault.abort.grpcStatus" must be the name of a gRPC status such as UNAVAILABLE, '
                "not 14"
            ],
        ),
        (
            "{delay: {fixedDelay: 1s, percent: 1, exponentialDelay: 1s}}",
            [
                'warning: "spec.http[0].fault.delay.exponentialDelay" has no effect: Istio does not do it either; '
                "write fixedDelay"
            ],
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: list[str]) -> None:
    assert findings(read(one(text))) == [f"7 {each}" for each in expected]


def test_an_experiment_with_nothing_is_noted(read: Read) -> None:
    fragment = read(one("{abort: {grpcStatus: UNAVAILABLE, percentage: {}}, delay: {fixedDelay: 7s, percent: 1}}"))
    (finding,) = findings(fragment)
    assert finding.endswith('"spec.http[0].fault.abort" is for 0 % of the requests, so nothing happens')
    fault = fragment.routes[0].rules[0].fault
    assert fault is not None and fault.abort_percent == 0
