from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.decoded import as_json
from tulle.envoy import edge_logs
from tulle.model.observing import LogFields, LogForm, RequestLog, Telling


def written(log: RequestLog, *, is_encrypted: bool = False) -> Any:
    return as_json(edge_logs.log(log, "web", is_encrypted=is_encrypted))


def line(log: RequestLog) -> str:
    return str(written(log)["typed_config"]["log_format"]["text_format_source"]["inline_string"])


def condition(log: RequestLog) -> str:
    return str(written(log)["filter"]["extension_filter"]["typed_config"]["expression"])


HEADERS = LogFields(
    headers=(("Authorization", Telling.REDACT), ("Referer", Telling.KEEP), ("User-Agent", Telling.KEEP))
)


def test_lines_of_text() -> None:
    usual = line(RequestLog())
    assert usual.startswith("%FILTER_STATE(tulle.noted.client:PLAIN)% - - [%START_TIME(%d/%b/%Y:%H:%M:%S +0000)%]")
    assert usual.endswith('"%ROUTE_NAME%" "%UPSTREAM_METADATA(tulle.written:url)%" %DURATION%ms\n')
    assert '%BYTES_SENT% "-" "-" %CONNECTION_ID% ' in usual
    generic = line(RequestLog(form=LogForm.GENERIC, fields=HEADERS))
    assert generic.endswith('%BYTES_SENT% "%REQUEST_HEADER(Referer)%" "%REQUEST_HEADER(User-Agent)%"\n')


def test_fields_that_are_not_told() -> None:
    few = line(RequestLog(fields=LogFields(default=Telling.DROP, names=(("RequestPath", Telling.KEEP),))))
    assert few == '- - - [-] "- %FILTER_STATE(tulle.noted.path:PLAIN)% -" - - "-" "-" - "-" "-" 0ms\n'
    assert "%FILTER_STATE(tulle.noted.path_alone:PLAIN)%" in line(RequestLog(fields=LogFields(has_query=False)))


def test_lines_of_json() -> None:
    found = written(RequestLog(form=LogForm.JSON, file="/a.log", fields=HEADERS), is_encrypted=True)
    assert found["typed_config"]["path"] == "/a.log"
    values = found["typed_config"]["log_format"]["json_format"]
    assert (values["entryPointName"], values["RequestScheme"], values["level"]) == ("web", "https", "info")
    assert values["request_User-Agent"] == "%REQUEST_HEADER(User-Agent)%"
    assert values["origin_User-Agent"] == values["downstream_User-Agent"] == "%RESPONSE_HEADER(User-Agent)%"
    assert "REDACTED" in values["request_Authorization"]
    short = RequestLog(form=LogForm.JSON, fields=LogFields(has_query=False, names=(("Duration", Telling.DROP),)))
    values = written(short)["typed_config"]["log_format"]["json_format"]
    assert values["RequestPath"] == "%FILTER_STATE(tulle.noted.path_alone:PLAIN)%"
    assert "Duration" not in values


@pytest.mark.parametrize(
    ("log", "expected"),
    [
        (RequestLog(has_internal=True), "!('tulle.unlogged' in xds.route_metadata.filter_metadata)"),
        (
            RequestLog(has_internal=True, statuses=((200, 200), (500, 599)), is_repeated=True, longer_than=0.01),
            "!('tulle.unlogged' in xds.route_metadata.filter_metadata) && "
            "((response.code >= 200 && response.code <= 200) || (response.code >= 500 && response.code <= 599) || "
            "upstream.request_attempt_count > 1 || request.duration > duration('0.010000000s'))",
        ),
    ],
)
def test_which_requests(log: RequestLog, expected: str) -> None:
    assert condition(log) == expected
    assert "tulle.internal" in condition(RequestLog())
