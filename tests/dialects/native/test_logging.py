from __future__ import annotations

from typing import Any

from tulle.model.extensions import AccessLogging, Direction, Telemetry
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import Target


def test_which_requests_are_logged(read: Any) -> None:
    fragment: Fragment = read("logging: {it: {services: web, logs: [{requests: client, enabled: false}, {to: json}]}}")
    (telemetry,) = fragment.objects
    assert isinstance(telemetry, Telemetry)
    assert telemetry.targets == (Target(kind="Service", name=Name("default", "web")),)
    assert telemetry.access_logging == (
        AccessLogging(direction=Direction.CLIENT, is_disabled=True),
        AccessLogging(providers=("json",)),
    )


def test_mistakes_are_told_in_a_sentence(read: Any) -> None:
    (finding,) = read("logging: {it: {services: web, labels: {a: b}}}").findings
    assert finding.message == "logging it takes only one of labels, services"
    (finding,) = read("logging: {it: {logs: {request: any}}}").findings
    assert finding.message == 'logging it: unknown field "request" in "logs[0]"; did you mean "requests"?'
