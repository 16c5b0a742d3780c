from __future__ import annotations

import base64
from pathlib import Path

import pytest

from tests.envoy.pki import Pki
from tulle.flow.offline import checked, converted

BROKEN = Path(__file__).parents[1] / "golden" / "broken"


@pytest.mark.parametrize("case", sorted(path.stem for path in BROKEN.glob("*.yaml")))
def test_every_finding_of_a_broken_file_names_its_line(case: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN)
    _, findings = checked([f"{case}.yaml"])
    assert [str(finding) for finding in findings] == (BROKEN / f"{case}.findings").read_text().splitlines()


def test_there_are_twenty_broken_files() -> None:
    assert len(list(BROKEN.glob("*.yaml"))) >= 20


def test_the_good_parts_of_several_files_are_used(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("services: {web: {port: 8000, command: web}}\n")
    (tmp_path / "bad.yaml").write_text("services: {shop: {port: 0}, api: {port: 8000, command: api}}\n")
    mesh, findings = checked([tmp_path])
    assert {name.name for name in mesh.services} == {"web", "api"}
    assert len(findings) == 1


def test_what_is_referred_to_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "in.yaml").write_text(
        "services: {web: {command: web, directory: nowhere}}\n"
        "gateway: {listeners: {web: {port: 18443, tls: {certificate: in.yaml, key: in.yaml, client_ca: ../ca.pem}}}}\n"
    )
    monkeypatch.chdir(tmp_path / "a")
    _, findings = checked(["in.yaml"])
    assert [finding.message for finding in findings] == [
        "service web: its directory nowhere does not exist",
        f"listener web: its client CA {tmp_path}/ca.pem does not exist or cannot be read",
    ]


def test_files_of_clients_must_be_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "in.yaml").write_text(
        "mesh: {mtls: permissive}\nservices: {web: {command: web, port: 80}}\n"
        "---\n"
        "apiVersion: networking.istio.io/v1\n"
        "kind: DestinationRule\n"
        "metadata: {name: web}\n"
        "spec:\n"
        "  host: web\n"
        "  trafficPolicy:\n"
        "    tls: {mode: MUTUAL, clientCertificate: in.yaml, privateKey: no.key, caCertificates: no.ca}\n"
        "  subsets:\n"
        "  - name: a\n"
        "    trafficPolicy:\n"
        "      tls: {mode: SIMPLE, caCertificates: other.ca}\n"
        "      portLevelSettings: [{port: {number: 80}, tls: {mode: SIMPLE, caCertificates: in.yaml}}]\n"
        "  - {name: b}\n"
    )
    monkeypatch.chdir(tmp_path)
    _, findings = checked(["in.yaml"])
    rest = "does not exist or cannot be read here, so calls with it fail"
    messages = [finding.message for finding in findings if "subset" not in finding.message]
    assert messages == [
        f"DestinationRule web: its {what} {file} {rest}"
        for what, file in (("client key", "no.key"), ("CA of servers", "no.ca"), ("CA of servers", "other.ca"))
    ]


def test_certificates_in_secrets_are_no_files(tmp_path: Path) -> None:
    pki = Pki()
    chain, key = (base64.b64encode(text).decode() for text in pki.issue("shop.test"))
    data = {"tls.crt": chain, "tls.key": key}
    (tmp_path / "gateway.yaml").write_text(
        f"{{apiVersion: v1, kind: Secret, metadata: {{name: shop}}, data: {data}}}\n"
        "---\n"
        "apiVersion: gateway.networking.k8s.io/v1\n"
        "kind: Gateway\n"
        "metadata: {name: edge}\n"
        "spec:\n"
        "  gatewayClassName: tulle\n"
        "  listeners: [{name: shop, protocol: HTTPS, port: 18443, tls: {certificateRefs: [{name: shop}]}}]\n"
    )
    mesh, findings = checked([tmp_path])
    assert [each.port for each in mesh.listeners.values()] == [18443]
    assert not findings


def test_files_of_istio_gateways_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "gateway.yaml").write_text(
        "apiVersion: networking.istio.io/v1\n"
        "kind: Gateway\n"
        "metadata: {name: edge}\n"
        "spec:\n"
        "  selector: {istio: ingressgateway}\n"
        "  servers:\n"
        "    - hosts: [shop.test]\n"
        "      port: {name: https, number: 18443, protocol: HTTPS}\n"
        "      tls: {mode: MUTUAL, serverCertificate: /no/a, privateKey: /no/b, caCertificates: /no/c, caCrl: /no/d}\n"
    )
    _, findings = checked([tmp_path])
    wanted = {"certificate /no/a", "key /no/b", "client CA /no/c", "list of revoked certificates /no/d"}
    assert {finding.message.partition("its ")[2].partition(" does")[0] for finding in findings} == wanted


def test_files_are_converted_with_what_is_wrong_with_them(tmp_path: Path) -> None:
    (tmp_path / "good.yaml").write_text("services: {web: {port: 8000, command: web}}\n")
    (tmp_path / "bad.yaml").write_text("services: {shop: {port: 0}}\n")
    made = converted([tmp_path], str(tmp_path))
    assert made.text == "services:\n  web: {port: 8000, command: web}\n"
    assert [each.origin.file.rpartition("/")[2] for each in made.findings] == ["bad.yaml"]


def test_what_is_always_there_may_be_named(tmp_path: Path) -> None:
    routers = "http: {routers: {api: {rule: PathPrefix(`/api`), service: api@internal}}}\n"
    (tmp_path / "traefik.yaml").write_text(f"api: {{}}\n{routers}")
    assert not checked([tmp_path])[1]
    (tmp_path / "traefik.yaml").write_text(routers)
    assert [finding.message for finding in checked([tmp_path])[1]] == [
        'router api: there is no service "api@internal"; write `api: {}` in the static configuration'
    ]


def test_of_several_languages_one_is_converted(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("services: {web: {port: 8000, command: web}}\n")
    (tmp_path / "b.yaml").write_text("entryPoints: {web: {address: ':8000'}}\n")
    made = converted([tmp_path], str(tmp_path), "traefik")
    assert "command: web" not in made.text and "entryPoints:" in made.text
    assert [each.message for each in made.findings] == ["this document is not in the language traefik: left out"]


def test_files_that_providers_name_are_converted_too(tmp_path: Path) -> None:
    (tmp_path / "traefik.yml").write_text(
        "api: {}\nentryPoints: {web: {address: ':8000'}}\nproviders: {file: {filename: more.yml}}\n"
    )
    (tmp_path / "more.yml").write_text("http: {routers: {a: {rule: Path(`/a`), service: api@internal}}}\n")
    made = converted([tmp_path / "traefik.yml"], str(tmp_path))
    assert made.text == (
        "edge:\n"
        "  # api (FOLDER/traefik.yml:1)\n"
        "  api: {}\n"
        "  entryPoints:\n"
        "    # entry point web (FOLDER/traefik.yml:2)\n"
        '    web: {address: ":8000"}\n'
        "  http:\n"
        "    routers:\n"
        "      # router a (FOLDER/more.yml:1)\n"
        "      a: {rule: Path(`/a`), service: api@internal}\n"
    ).replace("FOLDER", str(tmp_path))
    assert not made.lost and not made.findings


def test_files_that_providers_name_may_be_templates(tmp_path: Path) -> None:
    (tmp_path / "traefik.yml").write_text(
        "entryPoints: {web: {address: ':8000'}}\nproviders: {file: {filename: more.yml}}\n"
    )
    (tmp_path / "more.yml").write_text(
        "http:\n  routers:\n{{ range $i := list 0 1 }}\n"
        "    r{{ $i }}: {rule: 'Path(`/{{ $i }}`)', service: ping@internal}\n{{ end }}\n"
    )
    made = converted([tmp_path / "traefik.yml"], str(tmp_path))
    assert "r1: {rule: Path(`/1`), service: ping@internal}" in made.text


def test_certificates_that_nobody_can_get_are_wrong(tmp_path: Path) -> None:
    (tmp_path / "traefik.yml").write_text(
        "entryPoints: {web: {address: ':8443'}}\n"
        "certificatesResolvers: {le: {acme: {dnsChallenge: {provider: cloudflare}}}}\n"
    )
    _, (finding,) = checked([tmp_path])
    assert (finding.origin.line, finding.is_error) == (2, True)
    assert finding.message.startswith('there is no DNS provider "cloudflare"')


def test_what_providers_have_that_are_not_asked_may_be_there(tmp_path: Path) -> None:
    (tmp_path / "traefik.yml").write_text(
        "entryPoints: {web: {address: ':8080'}}\n"
        "providers: {docker: {}, consul: {namespaces: [a]}}\n---\n"
        "http: {routers: {r: {rule: Path(`/`), service: s@docker, middlewares: [m@consul-a, n@redis, o]}}}\n"
    )
    _, findings = checked([tmp_path])
    assert [(each.is_error, each.message) for each in findings] == [
        (False, 'router r: there is no middleware "m@consul-a"; consul-a may have it, which is not asked here'),
        (True, 'router r: there is no middleware "n@redis"'),
        (True, 'router r: there is no middleware "o"'),
        (False, 'router r: there is no service "s@docker"; docker may have it, which is not asked here'),
    ]


def test_a_path_that_can_be_none_is_missing(tmp_path: Path) -> None:
    (tmp_path / "traefik.yml").write_text(
        "entryPoints: {web: {address: ':8443', http: {tls: {}}}}\n---\n"
        'tls: {options: {default: {sniStrict: true}}, certificates: [{certFile: "\\0", keyFile: "\\0"}]}\n'
    )
    _, findings = checked([tmp_path])
    assert ["does not exist" in each.message for each in findings] == [True, True]
