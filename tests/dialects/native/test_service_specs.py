from __future__ import annotations

from collections.abc import Callable

import pytest

from tests.dialects.native.texts import messages
from tulle.model.mesh import Fragment
from tulle.model.names import Name

Read = Callable[[str], Fragment]


def test_addresses_by_which_it_is_called_are_single_ones_or_networks(read: Read) -> None:
    (service,) = read("services: {db: {port: 1, select: {a: b}, called: [10.0.0.1, 10.1.2.3/16, fd00::1]}}").services
    assert service.virtual_addresses == ("10.0.0.1", "10.1.0.0/16", "fd00::1")


def test_namespaces_see_it_all_or_their_own_or_by_name(read: Read) -> None:
    (service,) = read("services: {db: {port: 1, select: {a: b}, visible_to: [., shop]}}").services
    assert service.exports == (".", "shop")


def test_a_caller_alone_is_a_permission(read: Read) -> None:
    (service,) = read("services: {db: {port: 1, command: x, allow: [web.shop, {paths: /api/*}]}}").services
    assert service.allow is not None
    assert [(rule.callers, rule.paths) for rule in service.allow] == [
        ((Name("shop", "web"),), ()),
        ((), ("/api/*",)),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("called: [300.0.0.1/8]", '"called[0]" must be an IP address or a network such as 10.0.0.0/8, not'),
        ("called: [db.example.org]", '"called[0]" must be an IP address or a network such as 10.0.0.0/8, not'),
        ("visible_to: [Shop]", '"visible_to[0]" must be a namespace, * for all or . for its own, not "Shop"'),
        ("visible_to: [7]", '"visible_to[0]" must be a namespace, * for all or . for its own, not 7'),
        (
            "allow: [{paths: '/a*/b'}]",
            '"allow[0].paths[0]" must be a path that begins with / and may end in *, not "/a*/b"',
        ),
        ("routes: [{versions: {v1: 0}}]", '"routes[0].versions" has only weights of 0; give at least one a weight'),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, text: str, message: str) -> None:
    (found,) = messages(read, f"services: {{db: {{port: 1, command: x, {text}}}}}")
    assert found.startswith(f"service db: {message}")
