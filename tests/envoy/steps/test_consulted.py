from __future__ import annotations

from dataclasses import replace
from typing import Any

from tulle.envoy.steps import consulted
from tulle.envoy.steps.parts import Native, Part, Where, Work
from tulle.model import consulting, steps

HERE = Where("0", "router/1")
AT_DEPTH = steps.SameClient(address=steps.ClientAddress(depth=1))
PEER = steps.SameClient(address=steps.ClientAddress())


def native(found: tuple[Part, ...]) -> Native:
    (part,) = found
    assert isinstance(part, Native)
    return part


def question(part: Native) -> consulting.Question:
    ((_, said),) = part.said
    text: str = said.check_settings.context_extensions[consulting.QUESTION]
    return consulting.from_text(text)


def named(asked: consulting.Question) -> consulting.Question:
    """The same question, of which only the place is in its name."""
    assert asked.id.rpartition("/")[0] == HERE.id
    return replace(asked, id=HERE.id)


def metadata(part: Native) -> dict[str, str]:
    pairs: list[Any] = part.filters[0]["typed_config"]["grpc_service"]["initial_metadata"]
    return {each["key"]: each["value"] for each in pairs}


def needed(part: Native) -> list[str]:
    config: Any = part.filters[0]["typed_config"]
    rules = config.get("allowed_headers") or config["forward_rules"]["allowed_headers"]
    return [each["exact"] for each in rules["patterns"]]


def test_passwords_are_asked_for_before_a_request_goes_on() -> None:
    known, asked = consulted.passwords(steps.Passwords(users=(("a", "b"),), realm="r", name_header="X-User"), HERE)
    assert isinstance(known, Work)
    found = native((asked,))
    assert named(question(found)) == consulting.Passwords(
        id="router/1", users=(("a", "b"),), realm="r", name_header="X-User"
    )
    assert needed(found) == ["authorization"]
    assert known.headers == found.headers == frozenset(("authorization", "x-user"))


def test_a_proof_that_was_right_is_not_asked_about_again() -> None:
    known, asked = consulted.passwords(steps.Passwords(users=(("a", "b"),), hides_proof=True), HERE)
    assert isinstance(known, Work)
    (operation,) = known.request
    assert known.answer == known.request
    assert operation["question"] == question(native((asked,))).id
    assert (operation["hides"], operation["name_header"], operation["seconds"]) == (True, "", consulted.LONG)
    condition: Any = native((asked,)).filters[0]["typed_config"]["filter_enabled_metadata"]
    assert condition["path"] == [{"key": f"{operation['note']}.known"}]
    assert condition["invert"], "it is asked about, unless it is known"


def test_what_is_remembered_is_of_the_very_users() -> None:
    def proofs(**more: Any) -> tuple[str, int]:
        known, _ = consulted.passwords(steps.Passwords(**more), HERE)
        assert isinstance(known, Work)
        return known.request[0]["proofs"], known.request[0]["seconds"]

    assert proofs(users=(("a", "b"),)) == proofs(users=(("a", "b"),)) != proofs(users=(("a", "c"),))
    assert proofs(file="/users")[1] == consulted.SHORT


def test_digests_are_asked_about_each_time() -> None:
    found = native(consulted.passwords(steps.Passwords(users=(("a:r", "b"),), is_digest=True), HERE))
    assert "filter_enabled_metadata" not in found.filters[0]["typed_config"]


def test_rates_with_a_redis_are_those_of_the_step() -> None:
    limit = steps.LimitRate(average=1, burst=2, by=AT_DEPTH, name="limit@file")
    assert named(question(native(consulted.rate(limit, HERE)))) == consulting.Rate(
        id="router/1", average=1, burst=2, by=AT_DEPTH
    )
    shared = steps.LimitRate(average=1, burst=2, by=PEER, name="limit@file", redis=steps.Redis(database=3))
    found = question(native(consulted.rate(shared, HERE)))
    assert found == consulting.Rate(id="limit@file", average=1, burst=2, by=PEER, redis=steps.Redis(database=3))


def test_envoy_must_be_told_at_least_one_header() -> None:
    found = native(consulted.rate(steps.LimitRate(average=1, burst=2, by=PEER), HERE))
    assert needed(found) == [consulted.NONE]


def test_requests_are_followed_to_their_end() -> None:
    found = native(consulted.in_flight(steps.LimitInFlight(amount=1, by=PEER), HERE))
    told = metadata(found)
    assert told[consulting.ADDRESS] == "%FILTER_STATE(tulle.client:PLAIN)%"
    assert named(consulting.from_text(told[consulting.QUESTION])) == consulting.InFlight(
        id="router/1", amount=1, by=PEER
    )
    assert needed(found) == [":authority"]
    for by, names in (
        (AT_DEPTH, [":authority", "x-forwarded-for"]),
        (steps.SameClient(header="X-A"), [":authority", "x-a"]),
        (steps.SameClient(is_host=True), [":authority"]),
    ):
        found = native(consulted.in_flight(steps.LimitInFlight(amount=1, by=by), HERE))
        assert needed(found) == names
        assert consulting.ADDRESS not in metadata(found)


def test_breakers_see_statuses() -> None:
    found = native(consulted.breaker(steps.Break(expression="NetworkErrorRatio() > 0.5"), HERE))
    asked = consulting.from_text(metadata(found)[consulting.QUESTION])
    assert named(asked) == consulting.Breaker(id="router/1", expression="NetworkErrorRatio() > 0.5")
    assert needed(found) == [":status"]


def test_different_steps_at_one_place_are_different_questions() -> None:
    steps_ = [steps.LimitInFlight(amount=amount, by=PEER) for amount in (1, 2, 1)]
    told = [metadata(native(consulted.in_flight(each, HERE))) for each in steps_]
    one, two, same = (each[consulting.QUESTION] for each in told)
    assert one == same
    assert consulting.from_text(one).id != consulting.from_text(two).id
