from __future__ import annotations

import tomllib

import pytest

from tulle.dialects.traefik.flags import BadFlag, from_environment, from_flags


def said(*words: str) -> object:
    return tomllib.loads(from_flags(words).text())


def test_flags_are_the_file_with_the_same_names() -> None:
    assert said("--entryPoints.web.address=:80", "--ENTRYPOINTS.web.asdefault", "-log.level", "INFO") == {
        "entryPoints": {"web": {"address": ":80", "asDefault": "true"}},
        "log": {"level": "INFO"},
    }


def test_sections_are_switched_on_and_off() -> None:
    assert said("--ping", "--providers.docker=true", "--providers.redis=false", "--api.insecure") == {
        "ping": {},
        "providers": {"docker": {}},
        "api": {"insecure": "true"},
    }


def test_lists_have_commas_numbers_and_repetitions() -> None:
    web = "--entrypoints.web.http"
    assert said(
        "--providers.redis.endpoints=a:1,b:2",
        "--providers.redis.ENDPOINTS=c:3",
        f"{web}.tls.domains[0].main=shop.test",
        f"{web}.tls.domains[1].main=other.test",
        f"{web}.middlewares.0=one",
    ) == {
        "providers": {"redis": {"endpoints": "a:1,b:2,c:3"}},
        "entryPoints": {
            "web": {
                "http": {
                    "tls": {"domains": {"0": {"main": "shop.test"}, "1": {"main": "other.test"}}},
                    "middlewares": {"0": "one"},
                }
            }
        },
    }


def test_the_last_of_two_values_counts() -> None:
    assert said("--entryPoints.web.address=:1", "--entrypoints.web.address=:2") == {
        "entryPoints": {"web": {"address": ":2"}}
    }


def test_values_and_names_may_have_anything_in_them() -> None:
    value = 'two\nlines "quoted" \\ and \x7f €'
    assert said(f"--entryPoints.my web.address={value}") == {"entryPoints": {"my web": {"address": value}}}


def test_a_file_is_named_apart() -> None:
    assert from_flags(["--configfile=a.yml"]).file == "a.yml"
    assert from_flags(["--configFile", "a.yml"]).file == "a.yml"
    assert from_flags([]).text() == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "--entrypoints.web.adress=:80",
            'there is no "--entryPoints.web.adress"; did you mean "--entryPoints.web.address"?',
        ),
        ("--entrypoint.web.address=:80", 'there is no "--entrypoint" in "--entrypoint.web.address"'),
        ("--entrypoints.web.http.tls.[0].main=a", "has the index [0] without a name before it"),
        ("--entrypoints.web.http.tls.domains.x.main=a", 'there is no "--entryPoints.web.http.tls.domains.x"'),
        ("--entrypoints..address=:80", "has nothing between two dots"),
        ("--entryPoints.web.address", "--entryPoints.web.address needs a value"),
        ("--configFile --ping", "--configFile needs a value"),
        ("foo", '"foo" is no flag'),
        ("--", '"--" is no flag'),
        ("--ping=perhaps --ping.entryPoint=web", 'ping has the value "perhaps" and also keys below it'),
    ],
)
def test_what_is_wrong_is_said(words: str, message: str) -> None:
    with pytest.raises(BadFlag) as raised:
        from_flags(words.split()).text()
    assert message in str(raised.value)


def test_variables_have_underscores() -> None:
    given = from_environment(
        {
            "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS": ":80",
            "TRAEFIK_ENTRYPOINTS_WEB_HTTP_TLS_DOMAINS_0_MAIN": "shop.test",
            "TRAEFIK_PING": "true",
            "TRAEFIK_HOME": "/somewhere",
            "PATH": "/bin",
        }
    )
    assert tomllib.loads(given.text()) == {
        "entryPoints": {"web": {"address": ":80", "http": {"tls": {"domains": {"0": {"main": "shop.test"}}}}}},
        "ping": {},
    }


def test_wrong_variables_are_said() -> None:
    with pytest.raises(BadFlag, match='did you mean "TRAEFIK_ENTRYPOINTS_WEB_ADDRESS"'):
        from_environment({"TRAEFIK_ENTRYPOINTS_WEB_ADRESS": ":80"})


def test_sections_that_mean_nothing_here_take_anything() -> None:
    assert said("--experimental.plugins.demo.moduleName=a", "--providers.nomad.endpoint.address=b") == {
        "experimental": {"plugins": {"demo": {"moduleName": "a"}}},
        "providers": {"nomad": {"endpoint": {"address": "b"}}},
    }
