"""Providers behind one gateway, with real servers: what a change of theirs does to requests, how soon, and what it does
not do while a provider is down or says nonsense."""

from __future__ import annotations

import http.client
import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.clients.servers import web
from tests.e2e.machine import Machine
from tests.e2e.stores import STORES, Store, is_installed

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(240)]

NOT_FOUND = "404 404 page not found\n"


class Provider:
    """Somebody who says that requests for a host get a prefix, by which a new version is seen."""

    def __init__(self, name: str, backend: str) -> None:
        self.name, self.backend = name, backend

    @property
    def host(self) -> str:
        return f"{self.name}.localhost"

    def text(self, version: str) -> str:
        """As JSON, which is YAML too."""
        return json.dumps(
            {
                "http": {
                    "routers": {"x": {"rule": f"Host(`{self.host}`)", "service": "x", "middlewares": ["x"]}},
                    "middlewares": {"x": {"addPrefix": {"prefix": f"/{version}"}}},
                    "services": {"x": {"loadBalancer": {"servers": [{"url": self.backend}]}}},
                }
            }
        )

    def say(self, version: str) -> None:
        raise NotImplementedError

    def forget(self) -> None:
        raise NotImplementedError

    def say_nonsense(self) -> None:
        raise NotImplementedError

    def stop(self) -> None:
        """Be unreachable."""

    def start(self) -> None:
        """Be there again."""


class Files(Provider):
    """A folder. It is gone while it has another name."""

    def __init__(self, backend: str, folder: Path) -> None:
        super().__init__("file", backend)
        self.folder = folder
        folder.mkdir(parents=True)

    def write(self, text: str) -> None:
        path = self.folder / "x.yml"
        path.with_suffix(".writing").write_text(f"{text}\n")
        path.with_suffix(".writing").replace(path)

    def say(self, version: str) -> None:
        self.write(self.text(version))

    def forget(self) -> None:
        (self.folder / "x.yml").unlink()

    def say_nonsense(self) -> None:
        self.write("http: [")

    def stop(self) -> None:
        self.folder.rename(self.folder.with_suffix(".away"))

    def start(self) -> None:
        self.folder.with_suffix(".away").rename(self.folder)


class Address(Provider):
    """A web server that is asked."""

    def __init__(self, backend: str, stack: ExitStack) -> None:
        super().__init__("http", backend)
        self.stack = stack
        self.web = stack.enter_context(web())

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.web.port}/"

    def say(self, version: str) -> None:
        self.web.answers["/"] = self.text(version).encode()

    def forget(self) -> None:
        self.web.answers["/"] = b"{}"

    def say_nonsense(self) -> None:
        self.web.answers["/"] = b"<html>"

    def stop(self) -> None:
        self.web.close()

    def start(self) -> None:
        before = self.web
        self.web = self.stack.enter_context(web(port=before.port))
        self.web.answers.update(before.answers)


class Rest(Provider):
    """Whoever is sent to the gateway itself. There is nothing that could be down."""

    def __init__(self, backend: str, gateway: int) -> None:
        super().__init__("rest", backend)
        self.gateway = gateway

    def put(self, text: str) -> int:
        connection = http.client.HTTPConnection("127.0.0.1", self.gateway, timeout=10)
        connection.request("PUT", "/api/providers/rest", text, {"Host": "localhost"})
        status = connection.getresponse().status
        connection.close()
        return status

    def say(self, version: str) -> None:
        assert self.put(self.text(version)) == 200

    def forget(self) -> None:
        assert self.put("{}") == 200

    def say_nonsense(self) -> None:
        assert self.put("<html>") == 400


class Kept(Provider):
    """A store of keys and values."""

    def __init__(self, backend: str, store: Store) -> None:
        super().__init__(store.name, backend)
        self.store = store

    def say(self, version: str) -> None:
        self.store.put(
            {
                "traefik/http/services/x/loadBalancer/servers/0/url": self.backend,
                "traefik/http/middlewares/x/addPrefix/prefix": f"/{version}",
                "traefik/http/routers/x/middlewares": "x",
                "traefik/http/routers/x/service": "x",
                "traefik/http/routers/x/rule": f"Host(`{self.host}`)",
            }
        )

    def forget(self) -> None:
        self.store.delete("traefik/http/routers/x")

    def say_nonsense(self) -> None:
        self.store.put({"traefik/http/middlewares/x/addPrefix/prefix": b"\xff\xfe"})

    def stop(self) -> None:
        self.store.stop()

    def start(self) -> None:
        self.store.start()


@pytest.fixture
def stack() -> Iterator[ExitStack]:
    with ExitStack() as found:
        yield found


@pytest.fixture
def providers(machine: Machine, stack: ExitStack, tmp_path: Path) -> list[Provider]:
    """All of them, behind one gateway that runs."""
    server = stack.enter_context(web())
    server.answers = Echo()
    backend = f"http://127.0.0.1:{server.port}"
    stores = [each(tmp_path) for each in STORES if is_installed(each)]
    for store in stores:
        store.start()
        stack.callback(store.stop)
    address = Address(backend, stack)
    lines = [f"  {each.name}: {{endpoints: ['{each.endpoint}']}}" for each in stores]
    machine.write(
        f"""
entryPoints: {{web: {{address: "127.0.0.1:GATEWAY"}}}}
api: {{}}
providers:
  file: {{directory: dynamic}}
  http: {{endpoint: "{address.endpoint}", pollInterval: 200ms}}
  rest: {{}}
"""
        + "\n".join(lines),
        "traefik.yml",
    )
    files = Files(backend, machine.files / "dynamic")
    (files.folder / "rest.yml").write_text(
        "http: {routers: {rest: {rule: Path(`/api/providers/rest`), service: rest@internal}}}"
    )
    address.forget()
    machine.tulle("up", "--detach", str(machine.files / "traefik.yml"))
    return [files, address, Rest(backend, machine.gateway), *(Kept(backend, each) for each in stores)]


class Echo(dict[str, object]):
    """Every path is answered with itself."""

    def get(self, key: str, default: object = None) -> object:
        return key.encode()


def answer(machine: Machine, provider: Provider) -> str:
    found = machine.get("/", host=provider.host)
    return f"{found.status} {found.body}"


def findings(machine: Machine) -> list[str]:
    return [each["message"] for each in machine.status()["findings"]]


def until(condition: Callable[[], bool], what: str) -> float:
    """Milliseconds."""
    began = time.monotonic()
    while not condition():
        assert time.monotonic() < began + 30, what
        time.sleep(0.002)
    return 1000 * (time.monotonic() - began)


def test_requests_follow_providers(
    providers: list[Provider], machine: Machine, capsys: pytest.CaptureFixture[str]
) -> None:
    for provider in providers:
        times = follow(provider, machine)
        with capsys.disabled():
            print(f"\n{provider.name}: " + ", ".join(f"{what} {time:.0f} ms" for what, time in times.items()))


def follow(provider: Provider, machine: Machine) -> dict[str, float]:
    """What happens to requests, and how soon."""
    name, times = provider.name, {}

    def served(expected: str) -> float:
        return until(lambda: answer(machine, provider) == expected, f"{name} becomes {expected}")

    provider.say("one")
    times["new"] = served("200 /one/")
    provider.say("two")
    times["change"] = served("200 /two/")

    provider.say_nonsense()
    if name != "rest":  # Whoever sends it there is told at once.
        times["finding"] = until(lambda: bool(findings(machine)), f"{name} said nonsense")
    assert answer(machine, provider) == "200 /two/"
    provider.say("three")
    times["mended"] = served("200 /three/")
    until(lambda: not findings(machine), "nothing is wrong")

    provider.stop()
    if name != "rest":
        until(lambda: bool(findings(machine)), f"{name} is away")
    assert answer(machine, provider) == "200 /three/"
    provider.start()
    provider.say("four")
    times["back"] = served("200 /four/")
    until(lambda: not findings(machine), "nothing is wrong")

    provider.forget()
    times["deleted"] = served(NOT_FOUND)
    return times
