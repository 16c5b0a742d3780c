"""Changes of documents while requests are on their way, as under_load.yaml lists them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.machine import Machine, eventually, free_port
from tests.e2e.scenario import Request, check
from tests.e2e.traffic import Traffic, traffic

FILE = Path(__file__).with_name("under_load.yaml")
TALKER = str(Path(__file__).with_name("grpc_echo.py"))


@dataclass
class Changing:
    """A mesh that is changed."""

    machine: Machine
    words: dict[str, str]
    """What stands in documents for what is only known now."""
    traffic: Traffic

    def write(self, text: str, name: str) -> None:
        """Write a file of the mesh; a `KEY` of `words` within it becomes its value."""
        self.machine.write(filled(text, self.words), name)

    def change(self, change: Mapping[str, Any]) -> None:
        """Make the changes of one kind, one after the other; at last its documents are removed."""
        for step in change["steps"]:
            if "apply" in step:
                self.write(step["apply"], "change.yaml")
            elif "broken" in step:
                self.write(step["broken"], "change.yaml")
                eventually(lambda: self.has_errors, what=f"a finding about {step['broken']}")
            else:
                (self.machine.files / "change.yaml").unlink()
            for data in step["requests"]:
                check(self.machine, Request.read(yaml.safe_load(filled(yaml.safe_dump(data), self.words))))
            assert "broken" in step or not self.has_errors, self.machine.status()["findings"]
        assert not self.traffic.failures(), f"{change['kind']}: {self.traffic.failures()}"

    @property
    def has_errors(self) -> bool:
        return any(each["severity"] == "error" for each in self.machine.status()["findings"])


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with what is only known now."""
    return re.sub("|".join(words), lambda match: words[match[0]], text) if words else text


@contextmanager
def changing(machine: Machine, words: dict[str, str]) -> Iterator[Changing]:
    """A mesh with requests that never stop."""
    described = yaml.safe_load(FILE.read_text())
    known = {"TALKER": TALKER, **{word: str(free_port()) for word in ("EDGE", "TLS", "PLAIN")}, **words}
    with traffic() as requests:
        found = Changing(machine, known, requests)
        found.write(described["run"], "tulle.yaml")
        found.write(described["documents"], "documents.yaml")
        machine.up()
        check(machine, Request(url="http://web.test/"))
        check(machine, Request(url="http://web:8000/", source="caller"))
        requests.at_gateway(machine, "web.test")
        requests.between(machine, "caller", "http://web:8000/")
        requests.by_grpc(machine, "talker.test")
        yield found


def changes() -> list[Any]:
    """The changes of each kind."""
    return list(yaml.safe_load(FILE.read_text())["changes"])
