"""Cases that are ready to run: with servers, ports, certificates and files, and all that words stand for."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.traefik import merging
from tests.e2e.traefik.backends import Backends, sha16
from tests.e2e.traefik.cases import Case
from tests.e2e.traefik.filling import Words
from tests.e2e.traefik.ports import unused_port
from tests.envoy.pki import Pki


@dataclass
class Place:
    """A case that is ready to run: everything that words stand for."""

    case: Case
    words: Words
    config: Any
    folder: Path
    prefix: str

    @property
    def file(self) -> Path:
        """Of its dynamic configuration."""
        return self.folder / "dynamic" / f"{prefix_of(self.case)}.yml"

    def write(self, dynamic: Any) -> None:
        """At once, as files of configuration must be."""
        text = dynamic if isinstance(dynamic, str) else yaml.safe_dump(dynamic, sort_keys=False, width=1000)
        self.file.parent.mkdir(exist_ok=True)
        writing = self.file.with_suffix(".writing")
        writing.write_text(text)
        writing.replace(self.file)

    def change(self, config: Any) -> None:
        """Have another dynamic configuration from now on."""
        if isinstance(config, dict):
            whole = merging.complete(replace(self.case, config={**config, "entryPoints": self.config["entryPoints"]}))
            config = self.words.fill(merging.split(merging.renamed(self.prefix, whole) if self.prefix else whole)[1])
        self.write(config)


@dataclass
class Places:
    """Makes them."""

    folder: Path
    servers: Backends
    pki: Pki
    stranger: Pki = field(default_factory=lambda: Pki("stranger"))

    def __post_init__(self) -> None:
        (self.folder / "ca.crt").write_bytes(self.pki.ca)
        (self.folder / "stranger.crt").write_bytes(self.stranger.ca)

    def of(self, case: Case, folder: Path, prefix: str) -> Place:
        """Start the servers of a case, and make its certificates and files."""
        words = Words({"prefix": prefix, "folder": str(folder), "ca": str(self.folder / "ca.crt")})
        words.known["kilobytes60"] = "k" * 60_000
        words.known["stranger"] = str(self.folder / "stranger.crt")
        words.known["ca.text"] = self.pki.ca.decode()
        config: Any = case.config if isinstance(case.config, str) else merging.complete(case)
        for name, spec in case.backends.items():
            words.known |= self.servers.start(f"{case.id}/{name}", name, spec)
        services = config.get("http", {}).get("services", {}) if isinstance(config, dict) else {}
        words.known |= {f"sticky:{name}": sha16(prefix + name) for name in services}
        for name in entries(config):
            words.known[name] = str(unused_port())
        for name, wanted in case.certificates.items():
            words.known |= self.certificate(folder, f"{prefix}{name}", name, wanted)
        for name, text in case.files.items():
            words.known[f"file.{name}"] = str(folder / f"{prefix}{name}")
            (folder / f"{prefix}{name}").write_text(words.fill(text))
        return Place(case, words, config, folder, prefix)

    def certificate(self, folder: Path, file: str, name: str, wanted: Any) -> dict[str, str]:
        """For hosts; of the authority, or of a stranger."""
        spec = wanted if isinstance(wanted, dict) else {"hosts": wanted}
        chain, key = (self.stranger if spec.get("stranger") else self.pki).issue(*spec["hosts"])
        (folder / f"{file}.crt").write_bytes(chain)
        (folder / f"{file}.key").write_bytes(key)
        texts = {f"{name}.crt.text": chain.decode(), f"{name}.key.text": key.decode()}
        return {f"{name}.{kind}": str(folder / f"{file}.{kind}") for kind in ("crt", "key")} | texts


def entries(config: Any) -> list[str]:
    """Names of entry points; in a text, whatever stands for a port."""
    if not isinstance(config, str):
        return list(config["entryPoints"])
    return list(dict.fromkeys(re.findall(r":\{([a-z][a-z0-9-]*)\}", config)))


def prefix_of(case: Case) -> str:
    """Before all names of a case that shares a gateway."""
    return f"{case.topic.replace('_', '-')}-{case.name}-"


def is_toml(text: str) -> bool:
    """Whether a text is TOML: it has tables at the beginning of lines."""
    return bool(re.search(r"^\s*\[", text, re.MULTILINE))


def write(file: Path, tree: Any) -> None:
    """As YAML."""
    file.parent.mkdir(exist_ok=True)
    file.write_text(yaml.safe_dump(tree, sort_keys=False, width=1000))
