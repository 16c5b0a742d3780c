from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from tulle.model.mesh import Fragment
from tulle.model.routes import PathKind, PathMatch

Read = Callable[[str], Fragment]
FRAME = "{{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {{name: shop}}, spec: {spec}}}"
SERVICE = "{service: {name: web, port: {number: 80}}}"


def rules(*paths: str, host: str = "") -> str:
    return f"{{rules: [{{host: '{host}', http: {{paths: [{', '.join(paths)}]}}}}]}}"


def path(text: str, kind: str = "Prefix", backend: str = SERVICE) -> str:
    return f"{{path: '{text}', pathType: {kind}, backend: {backend}}}"


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        ("{}", 'Ingress shop: "spec" needs rules or defaultBackend'),
        (
            rules(path("cart")),
            'Ingress shop: "spec.rules[0].http.paths[0]" needs a path that begins with /, not "cart"',
        ),
        (rules(path("")), 'Ingress shop: "spec.rules[0].http.paths[0]" needs a path that begins with /, not ""'),
        (
            rules(path("/"), host="*"),
            'Ingress shop: "spec.rules[0].host" must be a host name such as shop.example.org or *.example.org, not "*"',
        ),
        (
            rules(path("/a/"), path("/a", "ImplementationSpecific")),
            'Ingress shop: "spec.rules[0].http.paths[1].path" is written twice for this host: /a',
        ),
        (
            rules(path("/", backend="{resource: {kind: Bucket, name: b}}")),
            'Ingress shop: "spec.rules[0].http.paths[0].backend.resource" cannot be called: only services can; '
            "write service",
        ),
        (rules(path("/", backend="{}")), 'Ingress shop: "spec.rules[0].http.paths[0].backend" needs service'),
        ("{defaultBackend: {}}", 'Ingress shop: "spec.defaultBackend" needs service'),
        (
            "{defaultBackend: {service: {name: web, port: {}}}}",
            'Ingress shop: "spec.defaultBackend.service.port" takes exactly one of number, name',
        ),
        (
            "{defaultBackend: {service: {name: web, port: {number: 80, name: http}}}}",
            'Ingress shop: "spec.defaultBackend.service.port" takes exactly one of number, name',
        ),
    ],
)
def test_mistakes_are_told_in_a_sentence(read: Read, spec: str, message: str) -> None:
    fragment = read(FRAME.format(spec=spec))
    assert [finding.message for finding in fragment.findings] == [message]
    assert not fragment.routes


def test_a_rule_that_says_nothing_is_told(read: Read) -> None:
    fragment = read(FRAME.format(spec="{rules: [{host: a.example.org}]}"))
    assert [finding.message for finding in fragment.findings] == [
        'Ingress shop: "spec.rules[0]" says nothing: it has no http, and there is no defaultBackend'
    ]
    assert not fragment.routes


def test_rules_of_one_host_are_one_set(read: Read) -> None:
    one = f"{{host: a.example.org, http: {{paths: [{path('/')}]}}}}"
    other = f"{{host: A.example.org, http: {{paths: [{path('/b')}]}}}}"
    (route,) = read(FRAME.format(spec=f"{{rules: [{one}, {other}]}}")).routes
    assert [rule.name for rule in route.rules] == ["shop/", "shop/b"]


@pytest.mark.parametrize(
    ("host", "is_meant"),
    [
        ("a.example.org", True),
        ("A.Example.org:8080", True),
        ("a.b.example.org", False),
        ("example.org", False),
        ("a.example-org", False),
    ],
)
def test_a_wildcard_is_one_label(read: Read, host: str, is_meant: bool) -> None:
    (route,) = read(FRAME.format(spec=rules(path("/"), host="*.example.org"))).routes
    (header,) = route.rules[0].matches[0].headers
    assert header.name == ":authority" and bool(re.fullmatch(header.value, host)) is is_meant


def test_the_old_annotation_of_the_class_is_fine_alone(read: Read) -> None:
    fragment = read(
        "{apiVersion: networking.k8s.io/v1, kind: Ingress, metadata: {name: a, annotations: "
        "{kubernetes.io/ingress.class: nginx, example.org/note: x}}, spec: {defaultBackend: " + SERVICE + "}}"
    )
    assert fragment.findings == () and len(fragment.routes) == 1


@pytest.mark.parametrize(
    ("text", "kind", "meaning"),
    [
        ("/a/*", "ImplementationSpecific", PathMatch(PathKind.PREFIX, "/a")),
        ("/*", "ImplementationSpecific", PathMatch(PathKind.PREFIX, "/")),
        ("", "ImplementationSpecific", PathMatch(PathKind.PREFIX, "/")),
        ("/a.*", "ImplementationSpecific", PathMatch(PathKind.TEXT_PREFIX, "/a")),
        ("/a", "ImplementationSpecific", PathMatch(PathKind.PREFIX, "/a")),
        ("/a/", "Prefix", PathMatch(PathKind.PREFIX, "/a")),
        ("/a/", "Exact", PathMatch(PathKind.EXACT, "/a/")),
    ],
)
def test_what_paths_mean(read: Read, text: str, kind: str, meaning: PathMatch) -> None:
    fragment = read(FRAME.format(spec=rules(path(text, kind))))
    (route,) = fragment.routes
    assert [each.path for each in route.rules[0].matches] == [meaning] and not fragment.findings


def test_a_star_elsewhere_is_no_pattern(read: Read) -> None:
    fragment = read(FRAME.format(spec=rules(path("/a/*", "Prefix"))))
    assert [each.message.rpartition('" ')[2] for each in fragment.findings] == [
        "looks like a regular expression; it is compared as text"
    ]


def test_what_no_path_can_be_is_left_out(read: Read) -> None:
    fragment = read(FRAME.format(spec=rules(path("/a?b", "Prefix"), path("/a#b", "Exact"), path("/c", "Exact"))))
    assert [each.message.rpartition('" ')[2] for each in fragment.findings] == [
        "has ? or #, which no path of a request has: it is left out"
    ] * 2
    assert len(fragment.routes[0].rules) == 1
