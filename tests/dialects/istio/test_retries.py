from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.policies import Retry
from tulle.model.routes import Forward

Read = Callable[[str], Fragment]


def one(retries: str) -> str:
    return document(
        "VirtualService", f"hosts: [a]\nhttp:\n- {{route: [{{destination: {{host: b}}}}], retries: {retries}}}"
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{attempts: 0}", Retry(attempts=0)),
        ("{attempts: 3}", Retry(attempts=3, conditions=("unavailable", "cancelled"))),
        (
            "{attempts: 3, retryOn: '5xx, 503,retriable-status-codes,,5xx', perTryTimeout: 2s, backoff: 10ms}",
            Retry(
                attempts=3,
                conditions=("5xx",),
                status_codes=(503,),
                per_try_timeout=2.0,
                backoff=0.01,
                non_idempotent=True,
            ),
        ),
        (
            "{attempts: 1, retryIgnorePreviousHosts: false, retryRemoteLocalities: false}",
            Retry(attempts=1, conditions=("unavailable", "cancelled"), any_host=True),
        ),
    ],
)
def test_retries(read: Read, text: str, expected: Retry) -> None:
    fragment = read(one(text))
    assert findings(fragment) == []
    action = fragment.routes[0].rules[0].action
    assert isinstance(action, Forward)
    assert action.retry == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "{retryOn: 5xx}",
            'error: "spec.http[0].retries" has no attempts, so nothing is tried again; write how many',
        ),
        (
            "{attempts: 1, retryOn: 5x}",
            'error: "spec.http[0].retries.retryOn" has the word "5x", which is neither a condition nor a status code; '
            'did you mean "5xx"?',
        ),
        (
            "{attempts: 1, retryRemoteLocalities: true}",
            'warning: "spec.http[0].retries.retryRemoteLocalities" has no effect: retries go where health and '
            "priorities send any request",
        ),
    ],
)
def test_mistakes(read: Read, text: str, expected: str) -> None:
    assert findings(read(one(text))) == [f"7 {expected}"]


def test_all_words_are_named_where_none_is_near(read: Read) -> None:
    (found,) = findings(read(one("{attempts: 1, retryOn: zzz}")))
    assert "known are 5xx, gateway-error, reset," in found
