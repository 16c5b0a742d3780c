from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import BaseModel, ValidationError

from tulle.dialects import registry
from tulle.dialects.native.service_specs import ServiceSpec
from tulle.dialects.written import Written, dotted, fields_at
from tulle.model.documents import Document
from tulle.model.mesh import Fragment

Read = Callable[[str], Fragment]
Write = Callable[[str], Document]


@pytest.fixture
def part(write: Write) -> Written:
    parts, _ = registry.split(write("# above\nservices:\n  web:\n    port: 8000\n    env:\n      A: b\n"))
    return Written(parts[0], "service web", ("services", "web"))


def test_every_value_knows_its_line(part: Written) -> None:
    assert part.value["port"] == 8000
    assert [part.at(*path).line for path in ((), ("port",), ("env", "A"), ("env", "B"))] == [3, 4, 6, 5]


def test_lines_move_with_the_document(part: Written) -> None:
    origin = part.at("port")
    part.document.origin.anchor.move(part.document.origin.line + 10)
    assert origin.line == 14


def test_mistakes_are_noted_where_they_are(part: Written) -> None:
    part.error(("env", "A"), "is wrong")
    part.warning((), "is odd")
    assert [str(finding) for finding in part.findings] == [
        'in.yaml:6: error: service web: "env.A" is wrong',
        "in.yaml:3: warning: service web is odd",
    ]


def test_a_key_that_is_written_twice_makes_a_part_unusable(read: Read) -> None:
    fragment = read("services:\n  web:\n    command: a\n    command: b\n")
    assert [str(finding) for finding in fragment.findings] == [
        'in.yaml:4: error: service web: "command" is written twice (first in line 3)'
    ]
    assert not fragment.services


def test_paths_are_shown_as_one_would_write_them() -> None:
    assert dotted(("allow", 0, "from")) == "allow[0].from"


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ((), "port"),
        (("ports", "http"), "protocol"),
        (("versions", "v1"), "command"),
        (("routes", 0, "match", 0, "headers", "a"), "contains"),
        (("allow", 0), "from"),
    ],
)
def test_the_fields_of_a_place_are_known(path: tuple[str | int, ...], field: str) -> None:
    assert field in fields_at(ServiceSpec, path)


def test_a_place_without_fields_has_none() -> None:
    assert fields_at(ServiceSpec, ("port",)) == ()
    assert fields_at(ServiceSpec, ("nowhere", 0)) == ()


def test_what_nobody_thought_of_is_told_too(part: Written) -> None:
    class Strange(BaseModel):
        port: bytes
        env: dict[str, str]

    assert part.validated(Strange) is None
    assert part.findings[0].message == 'service web: "port" cannot be used: Input should be a valid bytes'


def test_an_empty_command_is_refused(part: Written) -> None:
    with pytest.raises(ValidationError):
        ServiceSpec.model_validate({"ready": {"command": ""}})
    part.document.data["services"]["web"]["ready"] = {"command": ""}  # type: ignore[index]
    assert part.validated(ServiceSpec) is None
    assert part.findings[0].message == 'service web: "ready.command" is empty'
