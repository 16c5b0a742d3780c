"""Behaviour, not text: a mesh of documents, requests to it, and what has to become of them. Written in YAML.

A scenario file has `run` (a native file), `documents` (of any language) and `steps`; `secrets` names secrets (with
certificates) and their hosts. A step may `apply` other documents to the running mesh, and has `requests`, each with
what is expected:

    - {from: productpage-v1, url: "http://reviews:9080/", headers: {end-user: jason}, expect: {version: v2}}
    - {url: "http://shop.test/", times: 400, expect: {shares: {v1: 0.9, v2: 0.1}}}
    - {url: "grpcs://shop.test:FREE_TLS/shop.Cart/Add", expect: {status: 0, sent: {x-user: jason}}}

`from` is a workload, whose sidecar takes the call; without it the request comes in at the gateway, at the address `at`.
The scheme of the URL is the protocol (`talking.py`). Status 0 is a connection that is closed without an answer (and of
gRPC: OK).
"""

from __future__ import annotations

import base64
import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from tests.e2e.machine import Machine, eventually
from tests.e2e.talking import Place, Question, Timed, ask, pretty
from tests.envoy.pki import Pki

SIGMAS = 4.5
"""Shares may differ from what is expected by as many standard deviations: once in 150,000 runs by chance."""


@dataclass(frozen=True)
class Request:
    """One kind of request, sent once or many times."""

    url: str
    source: str = ""
    at: str = "127.0.0.1"
    method: str = "GET"
    headers: dict[str, str] = field(default_factory=dict)
    body: str = ""
    times: int = 1
    expect: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def read(cls, data: dict[str, Any]) -> Request:
        """As it is written."""
        return cls(**{{"from": "source"}.get(name, name): value for name, value in data.items()})

    def __str__(self) -> str:
        return f"{self.method} {self.url} {self.headers or ''} from {self.source or 'outside'}"


def play(machine: Machine, file: Path) -> None:
    """Bring up the mesh of a scenario, and check all of it."""
    scenario = yaml.safe_load(machine.filled(file.read_text()))
    machine.write(scenario.get("run", ""), "tulle.yaml")
    if scenario.get("documents"):
        machine.write(scenario["documents"], "documents.yaml")
    if scenario.get("secrets"):
        machine.write(secrets(machine, scenario["secrets"]), "secrets.yaml")
    machine.tulle("up", "--detach", str(machine.files), check=False)  # There may be mistakes, which are meant.
    assert machine.status()["ready"]
    for step in scenario["steps"]:
        if "apply" in step:
            machine.write(step["apply"], "step.yaml")
        for data in step["requests"]:
            check(machine, Request.read(data))


def secrets(machine: Machine, wanted: dict[str, list[str]]) -> str:
    """Secrets as Kubernetes has them, by `namespace/name`, signed by an authority that requests believe.

    Each is a file `name.pem` beside the mesh, too.
    """
    pki = Pki()
    authority(machine).write_bytes(pki.ca)
    documents = []
    for key, hosts in wanted.items():
        namespace, _, name = key.rpartition("/")
        chain, private = pki.issue(*hosts)
        (machine.directory / f"{name}.pem").write_bytes(chain + private)
        data = {"tls.crt": _encoded(chain), "tls.key": _encoded(private)}
        metadata = {"name": name, "namespace": namespace or "default"}
        documents.append({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "data": data})
    return yaml.safe_dump_all(documents)


def authority(machine: Machine) -> Path:
    """The certificate that requests with TLS believe."""
    return machine.directory / "authority.pem"


def _encoded(data: bytes) -> str:
    return base64.b64encode(data).decode()


def check(machine: Machine, request: Request) -> None:
    """A change takes a moment: what is expected must become true, and for many requests then hold for all of them."""
    once = Request(**{**request.__dict__, "times": 1})
    if "shares" not in request.expect:
        eventually(lambda: _is_right(machine, once), within=30, what=f"{request}: {request.expect}")
    if request.times > 1:
        wrong = eventually(lambda: [_wrong(request, send(machine, request))], within=40, what=str(request))[0]
        if wrong:
            wrong = _wrong(request, send(machine, request))  # The first ones may have met what was before.
        assert not wrong, f"{request}: {wrong}"


def _is_right(machine: Machine, request: Request) -> bool:
    wrong = _wrong(request, send(machine, request))
    assert not wrong, wrong
    return True


def send(machine: Machine, request: Request) -> list[Timed]:
    """All answers."""
    parts = urlsplit(request.url)
    place = Place(request.at, parts.port or machine.gateway, str(authority(machine)))
    if request.source:
        host, _, port = outbound(machine, request.source).rpartition(":")
        place = Place(host, int(port), is_proxy=True)
    return ask(place, Question(request.url, request.method, request.headers, request.body), request.times)


def outbound(machine: Machine, workload: str) -> str:
    """Where the sidecar of a workload takes its calls."""
    if workload not in machine.outbounds:
        found = [each for each in machine.status()["instances"] if each["workload"].partition(".")[0] == workload]
        machine.outbounds[workload] = str(found[0]["outbound"])
    return machine.outbounds[workload]


def _wrong(request: Request, answers: list[Timed]) -> list[str]:
    """What is not as expected."""
    return [each for answer in answers for each in _mistakes(request, answer)] + [*_shares(request, answers)]


def _mistakes(request: Request, got: Timed) -> Iterator[str]:
    answer, expect = got.answer, request.expect
    said = pretty(answer)
    usual = 0 if request.url.startswith("grpc") else 200
    if answer.status != expect.get("status", usual) and "shares" not in expect:
        yield f"status is not {expect.get('status', usual)}: {said}"
    if "version" in expect and got.version != expect["version"]:
        yield f"{got.version} answered, not {expect['version']}: {said}"
    if "body" in expect and not re.search(expect["body"], answer.body):
        yield f"body is not like {expect['body']}: {said}"
    for name, value in expect.get("headers", {}).items():
        if (answer.headers.get(name) or "") != (value or ""):
            yield f"header {name} is not {value}: {said}"
    for name, value in expect.get("sent", {}).items():
        if (answer.json["headers"].get(name) or "") != (value or ""):
            yield f"the application did not get {name}: {value}, but {said}"
    if "delay" in expect and not expect["delay"] - 0.05 <= got.seconds <= expect["delay"] + 5:
        yield f"took {got.seconds:.2f} s, not {expect['delay']}"


def _shares(request: Request, answers: list[Timed]) -> Iterator[str]:
    shares = request.expect.get("shares", {})
    by_status = all(isinstance(key, int) for key in shares)
    counts = Counter[Any](each.answer.status if by_status else each.version for each in answers)
    total = len(answers)
    for key, share in shares.items():
        deviation = SIGMAS * math.sqrt(total * share * (1 - share))
        if abs(counts[key] - total * share) > deviation + 1e-9:
            yield f"{key} got {counts[key]} of {total}, not {share:.0%}: {dict(counts)}"
    for key in counts.keys() - shares.keys() if shares else ():
        yield f"{key} answered, too: {dict(counts)}"
