"""Changes of documents while requests are on their way, as under_load.yaml lists them."""

from __future__ import annotations

import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import yaml
from cryptography import x509

from tests.e2e.applications import http_application, https_application
from tests.e2e.machine import Machine, eventually
from tests.e2e.scenario import Request, check
from tests.e2e.traffic import Traffic, careless, traffic
from tests.e2e.wasm import header_adder
from tests.envoy.kitchen import free_port
from tests.envoy.pki import Pki

PORTS = ("EDGE", "HTTPSPORT", "PLAIN", "NOBODY", "INGRESS", "INGRESSTLS")
"""Words for free ports."""
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
        file = change.get("file", "change.yaml")
        for step in change["steps"]:
            if "apply" in step:
                self.write(step["apply"], file)
            elif "broken" in step:
                self.write(step["broken"], file)
                eventually(lambda: self.has_errors, what=f"a finding about {step['broken']}")
            else:
                (self.machine.files / file).unlink()
            for data in step["requests"]:
                self.check(Request.read(yaml.safe_load(filled(yaml.safe_dump(data), self.words))))
            if "certificate" in step:
                self.sees_certificate(**step["certificate"])
            self.traffic.go_on()
            assert "broken" in step or not self.has_errors, self.machine.status()["findings"]
        failed = self.traffic.failures()
        assert not failed, f"{change['kind']}: {failed}"

    def check(self, request: Request) -> None:
        """What is expected of many requests holds once every proxy has taken the change that one has met."""
        if request.times > 1 and "shares" not in request.expect:
            check(self.machine, replace(request, times=1))
            eventually(lambda: all(each["synced"] for each in self.machine.status()["proxies"]), what="acknowledged")
        check(self.machine, request)

    def sees_certificate(self, host: str, name: str, port: str = "HTTPSPORT") -> None:
        """Wait until the gateway shows a host the certificate of this name."""
        eventually(lambda: name in certificate_names(int(self.words[port]), host), what=f"{name} for {host}")

    @property
    def has_errors(self) -> bool:
        return any(each["severity"] == "error" for each in self.machine.status()["findings"])


def filled(text: str, words: Mapping[str, str]) -> str:
    """The text with what is only known now."""
    return re.sub(rf"\b({'|'.join(words)})\b", lambda match: words[match[0]], text)


def certificate_names(port: int, host: str) -> tuple[str, ...]:
    """The names that the certificate has which is shown to clients that ask for a host."""
    with (
        socket.create_connection(("127.0.0.1", port), 5) as plain,
        careless().wrap_socket(plain, server_hostname=host) as tls,
    ):
        shown = x509.load_der_x509_certificate(tls.getpeercert(binary_form=True) or b"")
    names = shown.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    return tuple(names.get_values_for_type(x509.DNSName))


@contextmanager
def outside(directory: Path) -> Iterator[dict[str, str]]:
    """Servers that are no part of the mesh, certificates and authorities: words of documents."""
    ours, strangers = Pki(), Pki("stranger")
    words = {"AUTHORITY": str(directory / "ca.pem"), "STRANGER": str(directory / "stranger.pem")}
    Path(words["AUTHORITY"]).write_bytes(ours.ca)
    Path(words["STRANGER"]).write_bytes(strangers.ca)
    words["PEM"] = ours.ca.decode().replace("\n", "\n    ")
    for number, word in enumerate(("one", "two"), 1):
        plugin = directory / f"{word}.wasm"
        plugin.write_bytes(header_adder("x-plugin", word))
        words[f"PLUGIN{number}"] = str(plugin)
    words["TRUSTED"] = b64encode(ours.ca).decode()
    for number, name in enumerate(("web.test", "second.test"), 1):
        chain, key = ours.issue(name)
        words |= {f"CERTIFICATE{number}": b64encode(chain).decode(), f"KEY{number}": b64encode(key).decode()}
    chain, key = ours.issue("secure.test")
    (directory / "secure.pem").write_bytes(chain + key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(directory / "secure.pem")
    with http_application("outside") as plain, https_application("secure", context) as secure:
        yield words | {"OUTSIDE": str(plain), "SECURE": str(secure)}


@contextmanager
def changing(machine: Machine, words: dict[str, str]) -> Iterator[Changing]:
    """A mesh with requests that never stop."""
    described = yaml.safe_load(FILE.read_text())
    known = {
        "TALKER": TALKER,
        **{word: str(free_port()) for word in ("EDGE", "HTTPSPORT", "PLAIN", "NOBODY", "INGRESS", "INGRESSTLS")},
        **words,
    }
    with traffic() as requests:
        found = Changing(machine, known, requests)
        found.write(described["run"], "tulle.yaml")
        found.write(described["documents"], "documents.yaml")
        found.write(described["secrets"], "secrets.yaml")
        machine.up()
        check(machine, Request(url="http://web.test/"))
        check(machine, Request(url="http://web:8000/", source="caller"))
        requests.at_gateway(machine.gateway, "web.test")
        requests.at_gateway(int(known["EDGE"]), "site.test")
        requests.between(machine, "caller", "http://web:8000/")
        requests.by_grpc(machine, "talker.test")
        requests.by_tls(int(known["HTTPSPORT"]), "web.test")
        yield found


def changes() -> list[Any]:
    """The changes of each kind."""
    return list(yaml.safe_load(FILE.read_text())["changes"])
