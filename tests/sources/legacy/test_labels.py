from __future__ import annotations

from tulle.sources.legacy.labels import said, segments


def test_labels_are_for_all_or_for_a_part() -> None:
    common = {"traefik.enable": "true", "traefik.frontend.rule": "Host:a", "traefik.backend.maxconn.amount": "1"}
    assert segments({**common, "other": "x"}) == {"": common}
    assert segments({**common, "traefik.api.port": "81", "traefik.api.frontend.rule": "Host:b"}) == {
        "api": {**common, "traefik.port": "81", "traefik.frontend.rule": "Host:b"}
    }


def test_what_they_say() -> None:
    found = said(
        {
            "traefik.backend": "b",
            "traefik.backend.loadbalancer.stickiness": "true",
            "traefik.backend.loadbalancer.stickiness.cookieName": "c",
            "traefik.frontend.entryPoints": "http",
            "traefik.frontend.errors.p.backend": "pages",
            "traefik.frontend.errors.p.status": "500",
            "traefik.frontend.headers.customRequestHeaders": "X:y",
            "traefik.frontend..x": "y",
        }
    )
    assert found.backend == {"loadbalancer": {"stickiness": {"cookieName": "c"}}}
    assert found.frontend == {
        "entryPoints": "http",
        "errors": {"p": {"backend": "backend-pages", "status": "500"}},
        "headers": {"customRequestHeaders": "X:y"},
    }
    assert not found.problems


def test_clashes() -> None:
    (problem,) = said({"traefik.frontend.rule": "a", "traefik.frontend.rule.b": "c"}).problems
    assert problem.startswith("the label traefik.frontend.rule has the value")
