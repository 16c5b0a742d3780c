from __future__ import annotations

from envoy.config.accesslog.v3 import accesslog_pb2

from tests.envoy.decoded import as_json
from tulle.envoy import replies


def test_every_answer_with_a_flag_gets_a_reason_unless_it_has_one() -> None:
    mappers = as_json(replies.local_reply())["mappers"]
    assert mappers[-1]["filter"] == {"response_flag_filter": {}}
    for mapper in mappers:
        (header,) = mapper["headers_to_add"]
        assert header["header"]["key"] == "x-tulle-reason"
        assert header["append_action"] == "ADD_IF_ABSENT"


def test_the_proxy_of_the_callee_marks_what_was_not_sent_and_what_was_not_answered() -> None:
    mappers = as_json(replies.local_reply(marks_failures=True))["mappers"]
    marked = [each for each in mappers if len(each["headers_to_add"]) == 2]
    assert [
        (each["filter"]["response_flag_filter"]["flags"], each["headers_to_add"][1]["header"]["key"]) for each in marked
    ] == [(["UF"], "x-tulle-unsent"), (["UC", "UR"], "x-tulle-lost")]


def test_a_refusal_comes_first() -> None:
    never = accesslog_pb2.AccessLogFilter(not_health_check_filter=accesslog_pb2.NotHealthCheckFilter())
    first = as_json(replies.local_reply(refusals=[(never, "no")]))["mappers"][0]
    assert first["filter"] == {"not_health_check_filter": {}}
    assert first["headers_to_add"][0]["header"]["value"] == "no"


def test_an_answer_says_why_in_body_and_header() -> None:
    answer = as_json(replies.respond(404, "100% gone"))
    assert answer["direct_response"] == {"status": 404, "body": {"inline_string": "100% gone\n"}}
    assert answer["response_headers_to_add"][0]["header"]["value"] == "100%% gone"


def test_everything_includes_requests_without_a_path() -> None:
    plain, tunnel = map(as_json, replies.everything(replies.respond(404, "gone")))
    assert plain["match"] == {"prefix": "/"}
    assert tunnel["match"] == {"connect_matcher": {}}
