from __future__ import annotations

from typing import Any

import pytest

from tests.envoy.decoded import as_json
from tests.envoy.kitchen import HERE
from tests.envoy.policies import deny, guard, policy
from tulle.envoy import access_logs
from tulle.envoy.filters.base import Chain, Side
from tulle.model.extensions import AccessLogging, Direction, LogProvider, Telemetry
from tulle.model.guards import Guard
from tulle.model.mesh import Settings
from tulle.model.names import Name

ON, OFF = AccessLogging(), AccessLogging(is_disabled=True)


def telemetry(*logging: AccessLogging) -> Telemetry:
    return Telemetry(name=Name("default", "t"), origin=HERE, access_logging=logging)


@pytest.mark.parametrize(
    ("is_on", "told", "server", "client"),
    [
        (False, (), False, False),
        (True, (), True, True),
        (False, (telemetry(ON),), True, True),
        (True, (telemetry(OFF),), False, False),
        (False, (telemetry(ON), telemetry(OFF)), False, False),
        (False, (telemetry(OFF), telemetry()), False, False),
        (False, (telemetry(AccessLogging(direction=Direction.SERVER)),), True, False),
        (True, (telemetry(AccessLogging(direction=Direction.CLIENT, is_disabled=True)),), True, False),
        (False, (telemetry(AccessLogging(providers=("otel",))),), False, False),
        (False, (telemetry(AccessLogging(providers=("otel", "envoy"))),), True, True),
        (False, (telemetry(AccessLogging(providers=("stdout",))),), True, True),
        (True, (telemetry(AccessLogging(providers=("elsewhere",))),), False, False),
    ],
)
def test_the_last_word_counts(is_on: bool, told: tuple[Telemetry, ...], server: bool, client: bool) -> None:
    for side, expected in ((Side.INBOUND, server), (Side.GATEWAY, server), (Side.OUTBOUND, client)):
        chain = Chain(side=side, settings=Settings(access_log=is_on), guard=guard(telemetry=told))
        assert len(access_logs.logs(chain)) == expected


def test_without_a_guard_the_mesh_decides() -> None:
    assert access_logs.logs(Chain(side=Side.OUTBOUND, settings=Settings())) == []


@pytest.mark.parametrize(
    ("of", "expected"),
    [(None, 0), (guard(), 0), (guard(telemetry=(telemetry(ON),)), 1), (guard(policy("look", "audit")), 1)],
)
def test_connections_are_logged_if_documents_ask_for_it(of: Guard | None, expected: int) -> None:
    chain = Chain(side=Side.INBOUND, settings=Settings(access_log=of is None), guard=of)
    assert len(access_logs.connection_logs(chain)) == expected


def file(name: str, **more: Any) -> LogProvider:
    return LogProvider(name=name, origin=HERE, **more)


def told_by(settings: Settings, *telemetry: Telemetry) -> list[Any]:
    return [
        as_json(each)
        for each in access_logs.logs(Chain(side=Side.INBOUND, settings=settings, guard=guard(telemetry=telemetry)))
    ]


def test_a_mesh_says_how_it_logs() -> None:
    line = Settings(access_log=True, logger=file("", text="%PROTOCOL%"))
    (log,) = told_by(line)
    assert log["name"] == "stdout"
    assert log["typed_config"]["log_format"] == {"text_format_source": {"inline_string": "%PROTOCOL%\n"}}
    (log,) = told_by(Settings(access_log=True, logger=file("", file="/dev/stderr", labels="{}", omits_empty=True)))
    assert log["name"] == "stderr"
    assert log["typed_config"]["log_format"]["json_format"]["method"] == "%REQUEST_HEADER(:METHOD)%"
    assert log["typed_config"]["log_format"]["omit_empty_values"]
    assert len(access_logs.connection_logs(Chain(side=Side.INBOUND, settings=line))) == 1


def test_documents_choose_among_several_places() -> None:
    loggers = (file("disk", file="/var/log/a.log", labels='{"code": "%RESPONSE_CODE%"}'), file("other"))
    known = Settings(loggers=loggers, default_loggers=("disk",))
    assert told_by(known) == []
    (log,) = told_by(known, telemetry(ON))
    assert log["typed_config"]["path"] == "/var/log/a.log"
    assert log["typed_config"]["log_format"]["json_format"] == {"code": "%RESPONSE_CODE%"}
    both = telemetry(AccessLogging(providers=("disk", "other", "unknown")))
    assert [each["name"] for each in told_by(known, both)] == ["file", "stdout"]
    without = telemetry(AccessLogging(providers=("disk",), is_disabled=True))
    assert [each["name"] for each in told_by(known, both, without)] == ["stdout"]


def test_only_some_requests_may_be_wanted() -> None:
    told = telemetry(AccessLogging(filter="response.code >= 400"))
    (log,) = access_logs.logs(Chain(side=Side.INBOUND, settings=Settings(), guard=guard(telemetry=(told,))))
    found = as_json(log)["filter"]["extension_filter"]
    assert found["name"] == "envoy.access_loggers.extension_filters.cel"
    assert found["typed_config"]["expression"] == "response.code >= 400"


def test_what_is_audited_is_logged_where_nothing_else_is() -> None:
    audited = guard(policy("look", "audit"), deny())
    (log,) = access_logs.logs(Chain(side=Side.INBOUND, settings=Settings(), guard=audited))
    assert as_json(log)["filter"]["metadata_filter"]["matcher"]["filter"] == "envoy.common"
    (log,) = access_logs.logs(Chain(side=Side.INBOUND, settings=Settings(access_log=True), guard=audited))
    assert "filter" not in as_json(log)
    assert access_logs.logs(Chain(side=Side.OUTBOUND, settings=Settings(), guard=audited)) == []
    assert access_logs.logs(Chain(side=Side.INBOUND, settings=Settings(), guard=guard(deny()))) == []
