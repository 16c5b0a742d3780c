"""Runs cases on a gateway: as many as possible in one process of it, the others each in one of their own."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.e2e.machine import eventually, request
from tests.e2e.traefik import merging
from tests.e2e.traefik.backends import Backends, backends
from tests.e2e.traefik.cases import Case, Step
from tests.e2e.traefik.clients import Client
from tests.e2e.traefik.filling import Words
from tests.e2e.traefik.gateways import REAL, Gateway
from tests.e2e.traefik.judging import Outcome, miscounted, mistakes
from tests.e2e.traefik.places import Place, Places, entries, is_toml, prefix_of, write
from tests.e2e.traefik.ports import unused_port
from tests.e2e.traefik.replies import Reply
from tests.envoy.pki import Pki

AT_ONCE = 4
"""Cases that run beside each other: most of them wait for others most of the time."""
PATIENCE = 12.0
READY = "ready"
HIGHEST = 9223372036854774807
"""The highest priority that a user may write: no router of a case takes its place."""


@dataclass
class Result:
    """What became of a case on a gateway."""

    case: Case
    outcomes: list[Outcome] = field(default_factory=list)
    words: Words = field(default_factory=Words)
    said: str = ""
    """By the gateway."""
    error: str = ""


@dataclass
class Run:
    """Servers and certificates for one gateway."""

    gateway: Gateway
    folder: Path
    servers: Backends
    places: Places

    def all(self, cases: Sequence[Case]) -> Iterator[Result]:
        """All results; those of cases that share a gateway first."""
        shared = [case for case in cases if not case.is_alone and not case.changes]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            if shared:
                yield from self.together(shared, pool)
            yield from pool.map(self.apart, [case for case in cases if case not in shared])

    def together(self, cases: list[Case], pool: Executor) -> list[Result]:
        """In one process."""
        folder = self.fresh(prefix_of(cases[0]) if len(cases) == 1 else "together")
        places = [self.places.of(case, folder, prefix_of(case)) for case in cases]
        whole: dict[str, Any] = {"entryPoints": {}}
        for place in places:
            static, dynamic = merging.split(merging.renamed(prefix_of(place.case), place.config))
            whole["entryPoints"] |= place.words.fill(static["entryPoints"])
            place.write(place.words.fill(dynamic))
        try:
            with self.serving(folder, whole) as file:
                found = list(pool.map(self.play, places))
        except AssertionError as error:
            return [Result(case, error=str(error)) for case in cases]
        for result in found:
            lines = self.gateway.said(file).splitlines()
            result.said = "\n".join(line for line in lines if prefix_of(result.case) in line)
        return found

    def apart(self, case: Case) -> Result:
        """In a process of its own."""
        if not case.is_alone:
            with ThreadPoolExecutor(1) as pool:
                return self.together([case], pool)[0]
        folder = self.fresh(prefix_of(case))
        place = self.places.of(case, folder, "")
        if isinstance(case.config, str):
            return self.verbatim(place)
        static, dynamic = merging.split(place.words.fill(place.config))
        place.write(dynamic)
        try:
            with self.serving(folder, static, broken=case.broken) as file:
                result = self.play(place)
        except AssertionError as error:
            return Result(case, error=str(error))
        result.said = self.gateway.said(file)
        return result

    def fresh(self, name: str) -> Path:
        """A folder for a gateway."""
        folder = self.folder / name.strip("-")
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        return folder

    def verbatim(self, place: Place) -> Result:
        """With a text as it is: the first step says when it is ready."""
        text = place.words.fill(place.case.config)
        file = place.folder / f"case.{'toml' if is_toml(text) else 'yml'}"
        place.words.known["self"] = str(file)
        file.write_text(place.words.fill(text))
        with self.gateway.running(file):
            ready = place.words.known.get(READY)
            try:
                if ready is not None:
                    eventually(lambda: request(f"127.0.0.1:{ready}", "/ready").body == READY, within=PATIENCE)
                result = self.play(place, wait=ready is None)
            except AssertionError as error:
                result = Result(place.case, error=str(error))
        result.said = self.gateway.said(file)
        return result

    @contextmanager
    def serving(self, folder: Path, static: dict[str, Any], broken: bool = False) -> Iterator[Path]:
        """A gateway that has read its configuration: an entry point of ours tells."""
        port = unused_port()
        words = self.servers.start(f"{folder}/{READY}", READY, {"body": READY})
        entry = {"address": f"127.0.0.1:{port}"}
        service = {"loadBalancer": {"servers": [{"url": words["ready.url"]}]}}
        router = {"rule": "Path(`/ready`)", "service": READY, "entryPoints": [READY], "priority": HIGHEST}
        write(folder / "dynamic" / "ready.yml", {"http": {"routers": {READY: router}, "services": {READY: service}}})
        static = {"providers": {"file": {"directory": str(folder / "dynamic")}}, **static}
        static["entryPoints"] = {**static.get("entryPoints", {}), READY: entry}
        write(folder / "traefik.yml", static)
        with self.gateway.running(folder / "traefik.yml"):
            said = "no answer"
            try:
                eventually(lambda: self.is_ready(port, folder / "traefik.yml", broken), within=PATIENCE)
            except AssertionError as error:
                said = f"{error}\n{self.gateway.said(folder / 'traefik.yml')}"
                raise AssertionError(said) from None
            yield folder / "traefik.yml"

    def is_ready(self, port: int, file: Path, broken: bool) -> bool:
        """What is broken has said why."""
        is_there = request(f"127.0.0.1:{port}", "/ready").body == READY
        return is_there or (broken and bool(self.gateway.said(file)))

    def play(self, place: Place, wait: bool = False) -> Result:
        """All steps of a case."""
        result = Result(place.case, words=place.words)
        cookies: dict[str, dict[str, str]] = {}
        for step in place.case.steps:
            filled = Step(
                step.kind, place.words.fill(step.what), place.words.fill(step.options), step.expect, step.ours
            )
            try:
                result.outcomes.append(self.do(place, filled, cookies, wait))
            except (AssertionError, ValueError, KeyError, TypeError) as error:
                result.error = f"{step}: {error!r}"
                break
            wait = False
        return result

    def do(self, place: Place, step: Step, cookies: dict[str, dict[str, str]], wait: bool) -> Outcome:
        """A step, again and again if it may take a while until what is expected becomes true."""
        if step.kind == "set":
            for name, spec in step.what.items():
                self.servers.change(f"{place.case.id}/{name}", spec)
            return Outcome(step)
        if step.kind == "wait":
            time.sleep(step.what)
            return Outcome(step)
        if step.kind == "change":
            place.change(step.what)
            return Outcome(step)
        deadline = time.monotonic() + PATIENCE
        expect = place.words.fill(step.expect if step.ours is None or self.gateway.name == REAL else step.ours)
        patient = wait or step.options.get("eventually")
        while True:
            outcome = self.once(place, step, cookies, expect)
            if not patient or time.monotonic() > deadline or not mistakes(expect, outcome, place.words):
                return outcome
            time.sleep(0.03)

    def once(self, place: Place, step: Step, cookies: dict[str, dict[str, str]], expect: dict[str, Any]) -> Outcome:
        """A step, and which requests the servers saw meanwhile."""
        names = list(place.case.backends)
        before = {name: len(self.servers.seen(f"{place.case.id}/{name}")) for name in names}
        port = int(place.words.known[step.options.get("at", entries(place.config)[0])])
        client = Client(port, step, place.words.known["ca"])
        jar = cookies.setdefault(step.options["session"], {}) if "session" in step.options else None
        replies = send(client, step, jar)

        def calls() -> dict[str, Any]:
            return {name: self.servers.seen(f"{place.case.id}/{name}")[before[name] :] for name in names}

        # Copies for mirrors come later than the answer.
        deadline = time.monotonic() + 2
        while any(miscounted(expect, calls())) and time.monotonic() < deadline:
            time.sleep(0.02)
        return Outcome(step, replies, calls())


def send(client: Client, step: Step, jar: dict[str, str] | None) -> list[Reply]:
    """One after the other or beside each other; cookies that were set are sent from then on."""
    many = step.options.get("together")
    if many:
        with ThreadPoolExecutor(many) as pool:
            return [reply for replies in pool.map(lambda _: client.send(), range(many)) for reply in replies]
    replies = client.send(jar)
    for reply in replies if jar is not None else ():
        for name, value in reply.headers:
            if name == "set-cookie":
                key, _, said = value.partition(";")[0].partition("=")
                jar[key] = said  # type: ignore[index]
    return replies


@contextmanager
def prepared(gateway: Gateway, folder: Path) -> Iterator[Run]:
    """Everything that cases need."""
    pki = Pki()
    with backends(pki) as servers:
        yield Run(gateway, folder, servers, Places(folder, servers, pki))
