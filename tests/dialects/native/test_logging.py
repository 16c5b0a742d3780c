from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.native.texts import messages
from tulle.model.extensions import AccessLogging, Direction, Telemetry
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.security import Target

Read = Callable[[str], Fragment]


def test_what_is_logged_of_whom(read: Read) -> None:
    (quiet,) = read(
        "namespace: shop\nlogging: {quiet: {labels: {b: c, a: b}, logs: [{requests: client, enabled: false}, "
        "{requests: server, to: [one, two], filter: response.code >= 500}]}}"
    ).objects
    assert isinstance(quiet, Telemetry)
    assert (quiet.name, quiet.selector, quiet.targets) == (Name("shop", "quiet"), (("a", "b"), ("b", "c")), ())
    assert quiet.access_logging == (
        AccessLogging(direction=Direction.CLIENT, is_disabled=True),
        AccessLogging(direction=Direction.SERVER, providers=("one", "two"), filter="response.code >= 500"),
    )


def test_it_may_be_for_services_by_name(read: Read) -> None:
    (found,) = read("logging: {few: {services: [web, api], logs: {to: one}}}").objects
    assert isinstance(found, Telemetry) and found.access_logging[0].providers == ("one",)
    assert found.targets == tuple(Target(kind="Service", name=Name("default", name)) for name in ("web", "api"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{labels: {a: b}, services: web}", " takes only one of labels, services"),
        ("{logs: {requests: all}}", ': "logs[0].requests" must be one of any, client, server, not "all"'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert messages(read, f"logging: {{few: {text}}}") == [f"logging few{message}"]
