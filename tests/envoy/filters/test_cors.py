from __future__ import annotations

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import rule
from tulle.envoy.filters import cors
from tulle.model.routes import Cors, Respond, ValueKind, ValueMatch


def asked(policy: Cors | None) -> object:
    found = cors.ask(rule("r", Respond(status=200), cors=policy))
    return found if found is None else as_json(found)


def test_everything_of_a_policy_is_said() -> None:
    origins = (
        ValueMatch("", ValueKind.EXACT, "https://a.example"),
        ValueMatch("", ValueKind.PREFIX, "https://b."),
        ValueMatch("", ValueKind.REGEX, r"https://.*\.c"),
        ValueMatch("", ValueKind.PRESENT),
    )
    policy = Cors(
        origins=origins,
        methods=("GET", "PUT"),
        headers=("x-a", "x-b"),
        expose=("x-c",),
        max_age=600,
        credentials=True,
        forwards_unmatched=False,
    )
    assert asked(policy) == {
        "allow_origin_string_match": [
            {"exact": "https://a.example"},
            {"prefix": "https://b."},
            {"safe_regex": {"regex": r"https://.*\.c"}},
            {"exact": "*"},
        ],
        "allow_methods": "GET,PUT",
        "allow_headers": "x-a,x-b",
        "expose_headers": "x-c",
        "max_age": "600",
        "allow_credentials": True,
        "forward_not_matching_preflights": False,
    }


def test_nothing_is_said_that_was_not_asked_for() -> None:
    assert asked(None) is None
    assert asked(Cors()) == {"forward_not_matching_preflights": True}
    assert asked(Cors(methods=("GET", "*"), credentials=False)) == {
        "forward_not_matching_preflights": True,
        "allow_methods": "*",
        "allow_credentials": False,
    }
