from __future__ import annotations

from collections.abc import Callable

import pytest

from tulle.dialects.native.running import AddressSpec, absolute, endpoints, split_address
from tulle.model.mesh import Fragment
from tulle.model.services import Port

Read = Callable[[str], Fragment]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "services: {web: {port: 1, command: ''}}",
            'service web: "command" must be a line for the shell, or '
            "a list with a program and its arguments (all of them text)",
        ),
        (
            "services: {web: {port: 1, command: [python, 5]}}",
            'service web: "command" must be a line for the shell, or '
            "a list with a program and its arguments (all of them text)",
        ),
        (
            "services: {web: {port: 1, command: x, env: {1A: b}}}",
            'service web: "env" has "1A", which is no name of a variable',
        ),
        ('services: {web: {port: 1, command: x, env: {A: "b\\0"}}}', 'service web: "env" has a zero byte in A'),
        (
            "services: {web: {port: 1, command: x, ready: {tcp: true, http: /a}}}",
            'service web: "ready" takes only one of http, tcp, command',
        ),
        (
            "services: {web: {port: 1, command: x, ready: 5}}",
            'service web: "ready" must be a path such as /healthz, or a mapping with http, tcp or command, not 5',
        ),
        (
            "services: {web: {port: 1, command: x, replicas: 1001}}",
            'service web: "replicas" must be at most 1000, not 1001',
        ),
        (
            "services: {web: {port: 1, addresses: 5}}",
            'service web: "addresses[0]" must be an address such as '
            "10.0.0.5:8080, [::1]:80, db.example.org:5432 or unix:/path, not 5",
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    assert [finding.message for finding in read(text).findings] == [message]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("10.0.0.5:80", ("10.0.0.5", 80)),
        ("10.0.0.5", ("10.0.0.5", 0)),
        ("[::1]:80", ("::1", 80)),
        ("[::1]", ("::1", 0)),
        ("db.example.org:5432", ("db.example.org", 5432)),
        ("unix:/run/a.sock", ("/run/a.sock", 0)),
    ],
)
def test_addresses(text: str, expected: tuple[str, int]) -> None:
    assert split_address(text) == expected


@pytest.mark.parametrize(
    "text", ["", "unix:a", "unix:/" + "a" * 200, "::1", "10.0.0.256:80", "*.a:80", "a b", "a:99999", "[x]:1", "a:b"]
)
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(ValueError, match=r".|^$"):
        split_address(text)


def test_an_address_serves_the_port_with_its_number_or_else_the_first() -> None:
    ports = (Port(name="a", number=1), Port(name="b", number=2))
    written = tuple(AddressSpec.model_validate({"address": text}) for text in ("h:2", "h:3", "h"))
    assert [place.port_name for place in endpoints(written, ports, ())] == ["b", "a", "a", "b"]
    assert [place.port_name for place in endpoints(written[:1], ports[:1], ())] == [""]


def test_an_address_may_say_which_port_it_serves() -> None:
    ports = (Port(name="a", number=1), Port(name="b", number=2))
    told = {"address": "h:9", "port": "b", "labels": {"version": "v2"}, "locality": "r/z", "ready": False}
    named = AddressSpec.model_validate(told)
    (place,) = endpoints((named,), ports, (("version", "v1"), ("app", "x")))
    assert (place.port_name, place.labels) == ("b", (("version", "v2"), ("app", "x")))
    assert str(place.locality) == "r/z" and not place.is_ready
    assert [
        each.port for each in endpoints((AddressSpec.model_validate({"address": "h", "port": "b"}),), ports, ())
    ] == [2]


def test_paths_start_at_the_folder_of_the_file() -> None:
    assert absolute("/folder", "a/../b") == "/folder/b"
    assert absolute("/folder", None) == "/folder"
    assert absolute("/folder", "/other") == "/other"
