from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.envoy.decoded import as_json
from tulle.envoy import retries
from tulle.envoy.matches import route_match
from tulle.model.policies import Retry
from tulle.model.routes import Match

METHODS = ("GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "POST", "PATCH", "CONNECT", "REPORT")
WORDS = ("5xx", "gateway-error", "reset", "connect-failure", "refused-stream", "reset-before-request", "unavailable")
RETRIES = st.one_of(
    st.none(),
    st.builds(
        Retry,
        attempts=st.integers(0, 3),
        conditions=st.lists(st.sampled_from(WORDS), max_size=3).map(tuple),
        status_codes=st.lists(st.sampled_from([404, 503]), max_size=1).map(tuple),
        non_idempotent=st.booleans(),
    ),
)


def retry_of(match: Match, retry: Retry | None, method: str) -> Retry | str | None:
    """What Envoy would apply to a request of this method: the first variant whose condition fits."""
    for variant in retries.variants(match, retry):
        for header in as_json(route_match(match, variant.methods)).get("headers", []):
            text = header["string_match"]
            pattern = text["safe_regex"]["regex"] if "safe_regex" in text else re.escape(text["exact"])
            if not re.fullmatch(pattern, method):
                break
        else:
            return variant.retry
    return "no route"


@given(RETRIES, st.lists(st.sampled_from(METHODS), max_size=4, unique=True).map(tuple), st.sampled_from(METHODS))
def test_no_request_is_lost_and_none_is_repeated_that_must_not_be(
    retry: Retry | None, methods: tuple[str, ...], method: str
) -> None:
    applied = retry_of(Match(methods=methods), retry, method)
    if methods and method not in methods:
        assert applied == "no route"
        return
    assert not isinstance(applied, str)
    if retry is None or applied is None:
        assert applied is retry
    elif method in retries.IDEMPOTENT or retry.non_idempotent:
        assert applied == retry
    else:
        assert retries.is_safe(applied) or not applied.attempts
        assert applied.attempts == retry.attempts


def test_no_more_routes_than_needed() -> None:
    rich = Retry(conditions=("5xx",))
    assert len(list(retries.variants(Match(), rich))) == 2
    assert len(list(retries.variants(Match(methods=("GET", "PUT")), rich))) == 1
    assert len(list(retries.variants(Match(methods=("POST",)), rich))) == 1
    assert len(list(retries.variants(Match(methods=("POST", "GET")), rich))) == 2
    assert len(list(retries.variants(Match(), Retry(conditions=("refused-stream",))))) == 1


def test_the_default_repeats_only_what_nobody_has_seen() -> None:
    message = as_json(retries.policy(retries.DEFAULT))
    assert message["retry_on"] == "connect-failure,refused-stream,reset-before-request,retriable-headers"
    assert message["num_retries"] == 2
    assert message["retriable_headers"] == [{"name": "x-tulle-unsent", "present_match": True}]
    assert message["retry_host_predicate"][0]["name"] == "envoy.retry_host_predicates.previous_hosts"


def test_a_reset_behind_the_proxy_of_the_callee_is_one() -> None:
    message = as_json(retries.policy(Retry(conditions=("reset",))))
    assert [each["name"] for each in message["retriable_headers"]] == ["x-tulle-unsent", "x-tulle-lost"]


def test_no_attempts_is_a_policy_that_says_no() -> None:
    assert as_json(retries.policy(Retry(attempts=0, backoff=1))) == {"num_retries": 0}


def test_everything_that_was_asked_for_is_in_the_policy() -> None:
    retry = Retry(attempts=5, conditions=("5xx", "refused-stream"), status_codes=(429,), per_try_timeout=2, backoff=0.1)
    message = as_json(retries.policy(retry))
    assert message["retry_on"].split(",")[-2:] == ["5xx", "retriable-status-codes"]
    assert message["retry_on"].count("refused-stream") == 1
    assert message["retriable_status_codes"] == [429]
    assert message["per_try_timeout"] == "2s"
    assert message["retry_back_off"] == {"base_interval": "0.100s"}


@pytest.mark.parametrize("method", METHODS)
def test_idempotent_methods_are_those_of_rfc_9110(method: str) -> None:
    assert (method in retries.IDEMPOTENT) == (method in {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"})


def test_a_retry_may_go_to_the_same_place_again_if_it_says_so() -> None:
    (rich, cautious) = retries.variants(Match(), Retry(conditions=("5xx",), any_host=True))
    for each in (rich, cautious):
        assert each.retry is not None
        assert each.retry.any_host
        assert "retry_host_predicate" not in as_json(retries.policy(each.retry))


def test_to_who_stands_in_and_after_these_answers_only() -> None:
    found = as_json(retries.policy(Retry(attempts=1, status_codes=(500,), moves_on=True)))
    assert found["retry_on"] == "retriable-status-codes"
    assert found["retry_priority"]["name"] == "envoy.retry_priorities.previous_priorities"
    lost = Retry(attempts=1, status_codes=(502,), conditions=("reset",), moves_on=True)
    assert as_json(retries.policy(lost))["retry_on"] == "reset,retriable-status-codes"
