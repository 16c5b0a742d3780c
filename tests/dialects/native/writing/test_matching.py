from __future__ import annotations

from typing import Any

import pytest

from tulle.dialects.native.matching import CallMatchSpec
from tulle.dialects.native.streams import StreamMatchSpec
from tulle.dialects.native.writing import matching
from tulle.model.routes import Match, StreamMatch


@pytest.mark.parametrize(
    "written",
    [
        {},
        {"path": "/a"},
        {"path": {"prefix": "/a", "ignore_case": True}},
        {"path": {"exact": "/a"}, "methods": "GET", "ports": [80, 81]},
        {"path": {"regex": "/a.*"}, "methods": ["GET", "POST"], "stat_prefix": "x"},
        {"headers": {"x-a": "1", "x-b": {"prefix": "a", "not": True}, "x-c": {"present": False}}},
        {"query": {"q": {"present": True}}, "claims": {"a/b": {"contains": "x"}}},
        {"from": {"namespace": "shop", "labels": {"app": "web"}}},
    ],
)
def test_conditions_are_written_as_they_are_read(written: dict[str, Any]) -> None:
    assert matching.request(CallMatchSpec.model_validate(written).match()) == written


@pytest.mark.parametrize(
    "written",
    [
        {},
        {
            "server_names": "a.example.org",
            "networks": ["10.0.0.0/8", "::1/128"],
            "ports": 443,
            "from": {"labels": {"a": "b"}},
        },
    ],
)
def test_conditions_on_connections_are_written_as_they_are_read(written: dict[str, Any]) -> None:
    assert matching.connection(StreamMatchSpec.model_validate(written).model()) == written


def test_nothing_is_written_of_nothing() -> None:
    assert matching.request(Match()) == matching.connection(StreamMatch()) == {}
