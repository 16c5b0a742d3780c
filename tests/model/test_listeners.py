from __future__ import annotations

import pytest

from tulle.model.documents import BUILT_IN, Origin
from tulle.model.listeners import Certificate, LabelSelector, ListenerProtocol


def test_requests_are_seen_on_http_and_https_only() -> None:
    assert [protocol for protocol in ListenerProtocol if protocol.is_http] == ["http", "https"]


def test_certificates_are_compared_by_what_they_are_not_by_where_they_were_written() -> None:
    one = Certificate(certificate_file="c", key_file="k", origin=BUILT_IN)
    assert one == Certificate(certificate_file="c", key_file="k", origin=Origin("file", "a.yaml"))


@pytest.mark.parametrize(
    ("operator", "values", "expected"),
    [
        ("In", ("a", "b"), True),
        ("In", ("c",), False),
        ("NotIn", ("c",), True),
        ("NotIn", ("a",), False),
        ("Exists", (), True),
        ("DoesNotExist", (), False),
    ],
)
def test_labels_are_chosen_by_expressions(operator: str, values: tuple[str, ...], expected: bool) -> None:
    assert LabelSelector(expressions=(("key", operator, values),)).matches({"key": "a"}) is expected


def test_labels_are_chosen_by_value() -> None:
    assert LabelSelector(labels=(("key", "a"),)).matches({"key": "a", "other": "b"})
    assert not LabelSelector(labels=(("key", "a"),)).matches({"key": "b"})
    assert LabelSelector().matches({})
