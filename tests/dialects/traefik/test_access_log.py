from __future__ import annotations

from tests.dialects.traefik.reading import FOLDER, only, read, wrong
from tulle.model.names import Name
from tulle.model.observing import STDOUT, LogFields, LogForm, RequestLog, Telling


def test_what_is_usual() -> None:
    found = only("accessLog: {}")
    assert (found.name, found.what) == (Name("@static", "log"), RequestLog())
    assert found.what.file == STDOUT


def test_everything() -> None:
    found = only(
        """
accessLog:
  filePath: logs/access.log
  format: json
  addInternals: true
  filters: {statusCodes: ["200", "500-599"], retryAttempts: true, minDuration: 10ms}
  fields:
    defaultMode: drop
    names: {RouterName: keep}
    headers: {names: {User-Agent: keep, Authorization: redact, Cookie: drop}}
    queryParameters: {defaultMode: drop}
"""
    )
    assert found.what == RequestLog(
        file=f"{FOLDER}/logs/access.log",
        form=LogForm.JSON,
        statuses=((200, 200), (500, 599)),
        is_repeated=True,
        longer_than=0.01,
        has_internal=True,
        fields=LogFields(
            default=Telling.DROP,
            names=(("RouterName", Telling.KEEP),),
            headers=(("Authorization", Telling.REDACT), ("User-Agent", Telling.KEEP)),
            has_query=False,
        ),
    )
    assert only("accessLog: {format: genericCLF}").what.form is LogForm.GENERIC


def test_what_cannot_be_used() -> None:
    text = """
accessLog:
  filters: {statusCodes: [abc]}
  fields:
    headers: {defaultMode: keep, names: {"a b": keep}}
"""
    assert wrong(text) == [
        '3: accessLog: "filters.statusCodes" must be statuses and ranges such as 500-599, not "abc"',
        '5 warning: accessLog: "fields.headers.defaultMode" has no effect: only headers are logged that `names` has',
        '5: accessLog: "fields.headers.names.a b" is no name of a header',
    ]
    assert wrong("accessLog: {format: xml}") == [
        '1: accessLog: "format" must be one of common, json, genericCLF, not "xml"'
    ]


def test_what_has_no_effect_is_said() -> None:
    (found,), findings = read("accessLog: {bufferingSize: 100, otlp: {http: {}}, dualOutput: true}")
    assert found.what == RequestLog()
    assert [each.split(" has no effect")[0] for each in findings] == [
        '1 warning: accessLog: "bufferingSize"',
        '1 warning: accessLog: "otlp"',
        '1 warning: accessLog: "dualOutput"',
    ]
