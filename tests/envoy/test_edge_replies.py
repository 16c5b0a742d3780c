from __future__ import annotations

from tests.envoy.decoded import Json, as_json
from tulle.envoy import edge_replies


def mappers() -> list[Json]:
    found: list[Json] = as_json(edge_replies.local_reply())["mappers"]
    return found


def flags(condition: Json) -> list[str]:
    found: list[str] = condition.get("response_flag_filter", {}).get("flags", [])
    return found


def test_what_is_more_special_is_looked_at_first() -> None:
    first = [each["filter"]["and_filter"]["filters"] for each in mappers()[:3]]
    asked = [both[1]["extension_filter"]["typed_config"]["expression"] for both in first]
    assert [flags(both[0]) for both in first] == [["UH"], ["UH"], ["UF"]]
    assert "failover|" in asked[0]
    assert "tulle.edge" in asked[1]
    assert "TLS_error" in asked[2]


def test_answers_with_a_line_are_text_and_all_others_have_no_type() -> None:
    for each in mappers()[: -len(edge_replies.UNREADABLE)]:
        (header,) = each["headers_to_add"]
        is_plain = each["body"]["inline_string"].endswith("\n")
        assert header["header"]["key"] == (edge_replies.NO_SNIFF if is_plain else "x-tulle-untyped")


def test_what_is_no_request_is_told_in_one_line_of_text() -> None:
    found = mappers()[-len(edge_replies.UNREADABLE) :]
    asked = [each["filter"]["extension_filter"]["typed_config"]["expression"] for each in found]
    assert asked[0] == "response.code_details == 'missing_host_header'"
    assert asked[-1] == "response.code_details.startsWith('http1.')"
    assert {each["body_format_override"]["content_type"] for each in found} == {edge_replies.PLAIN}
    assert not any("headers_to_add" in each for each in found)


def test_nothing_found() -> None:
    found = as_json(edge_replies.nothing_found())
    assert found["direct_response"] == {"status": 404, "body": {"inline_string": "404 page not found\n"}}


def test_some_answers_are_told_by_their_details() -> None:
    said = {each["body"]["inline_string"]: each for each in mappers()}
    for body, status, details in (
        ("Too Many Requests", 429, "local_rate_limited"),
        ("Request Entity Too Large", 413, "request_payload_too_large"),
    ):
        assert said[body]["status_code"] == status
        assert details in said[body]["filter"]["extension_filter"]["typed_config"]["expression"]
