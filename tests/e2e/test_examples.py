"""Every example is valid and runs; the bookshop does all that its page promises."""

from __future__ import annotations

import re
import shutil
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from tests.e2e.machine import REPOSITORY, Answer, Machine, eventually, request
from tests.envoy.kitchen import free_port
from tulle.flow.offline import checked

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

EXAMPLES = sorted(path.parent.name for path in (REPOSITORY / "examples").glob("*/tulle.yaml"))


def copied(machine: Machine, name: str) -> Path:
    """A copy of an example whose gateway listens on the ports of this test."""
    return copied_to(machine.files, name, machine.gateway)


def copied_to(folder: Path, name: str, gateway: int) -> Path:
    """The same, anywhere."""
    shutil.copytree(REPOSITORY / "examples" / name, folder)
    file = folder / "tulle.yaml"
    text = file.read_text()
    if "gateway:\n" not in text:
        text = f"gateway: {{listeners: {{http: 8080}}}}\n{text}"
    text = text.replace("http: 8080", f"http: {gateway}")
    text = text.replace("port: 8080", f"port: {gateway}").replace("8443", str(free_port()))
    file.write_text(text.replace("port: 8432", f"port: {free_port()}"))
    if (folder / "certificate.sh").exists():
        subprocess.run(["sh", "certificate.sh"], cwd=folder, check=True, capture_output=True)
    return file


@pytest.mark.parametrize("name", EXAMPLES)
def test_every_example_is_valid(tmp_path: Path, name: str) -> None:
    mesh, findings = checked([copied_to(tmp_path / name, name, 8080).parent])
    assert findings == ()
    assert mesh.services


def test_hello_answers(machine: Machine) -> None:
    copied(machine, "hello")
    machine.up()
    assert "tulle.yaml" in machine.get().body


def test_a_canary_gets_its_share(machine: Machine) -> None:
    copied(machine, "canary")
    machine.up()
    answers = [machine.get().body for _ in range(200)]
    assert 2 <= answers.count("Hello there\n") <= 50
    assert answers.count("Hello there\n") + answers.count("Good day\n") == 200
    assert {machine.get(headers={"x-tester": "yes"}).body for _ in range(20)} == {"Hello there\n"}


def test_the_gateway_ends_tls(machine: Machine) -> None:
    text = copied(machine, "tls-gateway").read_text()
    machine.up()
    (secure,) = re.findall(r"port: (\d+)\n +tls", text)
    moved = machine.get("/old", host="shop.test")
    assert (moved.status, moved.headers["location"]) == (301, f"https://shop.test:{secure}/old")
    trust = ssl.create_default_context(cafile=str(machine.files / "shop.test.pem"))
    trust.check_hostname = False
    asked = urllib.request.Request(f"https://127.0.0.1:{secure}/ping", headers={"Host": "shop.test"})
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=trust))
    assert opener.open(asked, timeout=10).read() == b"pong\n"


def test_programs_of_others_run_and_see_who_calls(machine: Machine) -> None:
    copied(machine, "httpbin")
    machine.up()
    gateway = machine.get("/headers").json["headers"]["X-Forwarded-Client-Cert"]
    assert "URI=spiffe://cluster.local/ns/tulle-system/sa/gateway" in gateway
    (files,), (httpbin,) = machine.instances("files"), machine.instances("httpbin")
    caller = request(files["outbound"], "/headers", host="httpbin").json["headers"]["X-Forwarded-Client-Cert"]
    assert "URI=spiffe://cluster.local/ns/default/sa/files" in caller
    assert request(httpbin["outbound"], "/", host="files").status == 403
    assert "tulle.yaml" in machine.get("/files/").body


def test_the_bookshop_does_what_its_page_promises(machine: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BOOKSHOP_DATA", str(machine.directory / "data"))
    copied(machine, "bookshop")
    machine.up()
    page = machine.get()
    assert page.status == 200
    assert page.body.count('<article class="book">') == 9
    assert page.body.count("★★★★★") == 9
    assert "spiffe://cluster.local/ns/tulle-system/sa/gateway" in page.body
    assert "spiffe://cluster.local/ns/default/sa/web" in page.body

    ada = machine.get("/?reader=ada").body
    assert ada.count('class="stars v2"') == 9
    assert ada.count("<q>") == 9

    canary = tried(machine, "canary")
    assert 40 <= count(canary, "v1") <= 60
    assert count(canary, "v1") + count(canary, "v2") == 60
    retry = tried(machine, "retry")
    assert count(retry, "good") + count(retry, "wait") == 40, "a failure came through"
    assert count(retry, "wait"), "nothing was repeated"
    assert "refused: 403" in tried(machine, "forbidden").body
    breaker = tried(machine, "breaker")
    assert count(breaker, "good") >= 4
    assert count(breaker, "bad") >= 1
    statuses = [machine.get("/api/search?q=a").status for _ in range(30)]
    assert {200, 429} == set(statuses)
    assert "Order 1: Persuasion" in ordered(machine, "persuasion").body
    assert "no such book" in ordered(machine, "ulysses").body
    outlier = tried(machine, "outlier")
    assert count(outlier, "good") > 30, "the ill replica was not left out"
    eventually(lambda: count(tried(machine, "canary"), "bad") == 0, within=60, what="the replica is well again")
    assert machine.status()["findings"] == []


def tried(machine: Machine, experiment: str) -> Answer:
    """What an experiment of the page came to."""
    answer = machine.get(f"/try/{experiment}", method="POST")
    assert answer.status == 200
    return answer


def count(answer: Answer, kind: str) -> int:
    """How many tiles of a kind there are, without the one of the legend."""
    return len(re.findall(f'class="tile {kind}"', answer.body)) - bool(
        re.search(f'"key"><span class="tile {kind}"', answer.body)
    )


def ordered(machine: Machine, book: str) -> Answer:
    """What came of an order."""
    return request(
        f"127.0.0.1:{machine.gateway}",
        "/order",
        headers={"x-fragment": "yes", "content-type": "application/x-www-form-urlencoded"},
        method="POST",
        body=f"book={book}",
    )


def test_files_of_traefik_run_as_they_are(machine: Machine) -> None:
    shutil.copytree(REPOSITORY / "examples" / "traefik", machine.files)
    static, dynamic = machine.files / "traefik.yml", machine.files / "dynamic" / "shop.yml"
    static.write_text(static.read_text().replace("8080", str(machine.gateway)))
    ports = {"green": free_port(), "blue": free_port()}
    text = dynamic.read_text().replace("9001", str(ports["green"])).replace("9002", str(ports["blue"]))
    dynamic.write_text(text)
    shop = str(machine.files / "shop.py")
    shops = [subprocess.Popen([sys.executable, shop, str(port), name]) for name, port in ports.items()]
    try:
        machine.tulle("up", "--detach", str(static))
        machine.tulle("check", str(static))
        machine.tulle("convert", "--from", "traefik", str(static), "-o", str(machine.directory / "native.yaml"))
        eventually(lambda: machine.get("/new/cart", host="shop.localhost").body == "blue /cart\n")
        assert {machine.get("/cart", host="shop.localhost").body for _ in range(9)} >= {"green /cart\n"}
        assert '"shop@file"' in machine.get("/api/http/routers", host="edge.localhost").body
        dynamic.write_text(text.replace("service: blue\n", "service: bleu\n"))
        eventually(lambda: machine.get("/new/cart", host="shop.localhost").body.endswith(" /new/cart\n"))
        told = machine.tulle("check", str(static), check=False)
        assert 'did you mean "blue"?' in told.stdout + told.stderr
    finally:
        for each in shops:
            each.kill()
            each.wait()
