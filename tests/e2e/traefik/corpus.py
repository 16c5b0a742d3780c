"""`python -m tests.e2e.traefik.corpus FOLDER [NAME] [--real | --ours] [-v]`: files that others wrote, on both gateways.

The files are those of Traefik's own integration tests: static and dynamic configuration in one file of TOML, with words
such as `{{ .Server1 }}` where a test server has to be. They stay as they are but for what only a run knows: ports of
entry points, addresses of servers (each different text gets a server of its own), files with certificates. One router
and one entry point are added, by which one sees that a gateway is ready.

`corpus.yaml` (and whatever `--asked` names) says what is asked of which file; for files that it does not name, and
beside what it says, requests are made from the rules: each host with each path that is written, at each entry point,
and some that fit nothing.
"""

from __future__ import annotations

import argparse
import itertools
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

from tests.e2e.traefik.cases import Case, Step, read_case
from tests.e2e.traefik.compare import show
from tests.e2e.traefik.gateways import RealTraefik, Tulle
from tests.e2e.traefik.verdicts import Verdict, broken, results, verdict

ASKED = Path(__file__).with_name("corpus.yaml")
LINE = re.compile(r'^(\s*(?:url|address|certFile|keyFile|filename)\s*=\s*)(?:""")?"?([^"]*)"(?:"")?(.*)$', re.I)
AUTHORITIES = re.compile(r"^(\s*(?:caFiles|rootCAs)\s*=\s*).*$", re.I)
URL = re.compile(r"^(https?|h2c)://")
KINDS = {"https": "https", "h2c": "grpc"}
"""Of servers, by the schemes of their addresses."""
READY_ENTRY = """
[entryPoints.ready]
  address = "127.0.0.1:{ready}"
"""
READY = """
[http.routers.ready-of-the-harness]
  rule = "Path(`/ready`)"
  service = "ready-of-the-harness"
  entryPoints = ["ready"]
  priority = 9223372036854774807
[[http.services.ready-of-the-harness.loadBalancer.servers]]
  url = "{ready-server.url}"
"""
DYNAMIC = """
[http.routers.all]
  rule = "PathPrefix(`/`)"
  service = "one"
[[http.services.one.loadBalancer.servers]]
  url = "{one.url}"
"""
"""For a file that has its dynamic configuration in another one."""


def main() -> int:
    """How many files do not do the same."""
    parser = argparse.ArgumentParser(prog="corpus", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("name", nargs="?", default="", help="the beginning of the names of files")
    parser.add_argument("--real", action="store_true", help="only the real Traefik")
    parser.add_argument("--ours", action="store_true", help="only ours")
    parser.add_argument(
        "--asked", type=Path, metavar="FILE", help="what is asked beside corpus.yaml, in the same words"
    )
    parser.add_argument("-v", "--verbose", action="store_true")
    options = parser.parse_args()
    more = yaml.safe_load(options.asked.read_text()) if options.asked else {}
    judged = verdicts(options.folder, options.name, real=not options.ours, ours=not options.real, more=more)
    for each in judged:
        show(each, options.verbose)
    wrong = sum(not each.is_right for each in judged)
    print(f"{len(judged) - wrong} of {len(judged)} files do the same")
    return min(wrong, 100)


def verdicts(
    folder: Path, name: str = "", *, real: bool = True, ours: bool = True, more: dict[str, Any] | None = None
) -> list[Verdict]:
    """About every file of a folder."""
    asked = {**yaml.safe_load(ASKED.read_text()), **(more or {})}
    cases = [case_of(file, asked.get(file.name, {})) for file in sorted(folder.glob(f"{name}*.toml"))]
    by_real = results(RealTraefik(), cases) if real else {}
    by_ours = results(Tulle(), cases) if ours else {}
    if not real:
        return [Verdict(each, by_ours[each.id], different=broken(by_ours[each.id], is_ours=True)) for each in cases]
    return [verdict(each, by_real[each.id], by_ours.get(each.id)) for each in cases]


def case_of(file: Path, asked: dict[str, Any]) -> Case:
    """A file as a case."""
    name = re.sub(r"[^a-z0-9]+", "-", file.stem.lower())
    filling = Filling()
    text = filling.filled(file.read_text())
    is_apart = "{file.dynamic.toml}" in text
    has_file = is_apart or "{self}" in text
    written = {
        "name": name,
        "config": text + (ready_entry(text) if has_file else "") + (READY if has_file and not is_apart else ""),
        "backends": {**filling.backends, "ready-server": {"body": "ready"}, **asked.get("backends", {})},
        "certificates": {**filling.certificates, **asked.get("certificates", {})},
        "files": {"dynamic.toml": DYNAMIC + READY} if is_apart else {},
        "steps": asked.get("steps", []),
        "ignore": asked.get("ignore", []),
        "differs": asked.get("differs", ""),
    }
    if is_apart:
        written["backends"]["one"] = {}
    case = read_case("corpus", written)
    made = tuple(steps(tomllib.loads(text))) if asked.get("rules", True) else ()
    return Case(**{**{each: getattr(case, each) for each in Case.__dataclass_fields__}, "steps": case.steps + made})


class Filling:
    """Puts words of ours where a run has to say something."""

    def __init__(self) -> None:
        self.backends: dict[str, dict[str, Any]] = {}
        self.certificates: dict[str, Any] = {}
        self.has_traefik = False

    def filled(self, text: str) -> str:
        """All lines."""
        section, lines = "", []
        for line in text.splitlines():
            if found := re.match(r"^\s*\[+([^\]]+)\]", line):
                section = found[1].lower()
                self.has_traefik |= section == "entrypoints.traefik"
            if found := AUTHORITIES.match(line):
                line = f'{found[1]}["{{ca}}"]'
            elif found := LINE.match(line):
                line = f'{found[1]}"{self.word(section, found[1].strip(" =").lower(), found[2])}"{found[3]}'
            lines.append(line)
            if re.fullmatch(r"entrypoints\.\w+", section) and found and not section.endswith(".traefik"):
                lines += [] if "asdefault" in text.lower() else ["asDefault = true"]  # All are, but not the added one.
        if not self.has_traefik:
            lines += ready_entry(text).replace("ready", "traefik").splitlines()
        return "\n".join([*lines, ""])

    def word(self, section: str, key: str, value: str) -> str:
        """What stands there instead of a value."""
        if section.startswith("entrypoints."):
            name = section.split(".")[1]
            return f"127.0.0.1:{{{name}}}{'/udp' if value.endswith('/udp') else ''}"
        if key == "filename":
            return "{self}" if "SelfFilename" in value else "{file.dynamic.toml}"
        if key in ("certfile", "keyfile"):
            name, host = certificate(value)
            self.certificates.setdefault(name, [host])
            return f"{{{name}.{'crt' if key == 'certfile' else 'key'}}}"
        if ".services." not in section and not section.endswith(".forwardauth"):
            return value
        kind = section.partition(".")[0]
        if kind != "http":
            self.backends.setdefault(slug(value), {"kind": kind})
            return f"{{{slug(value)}.address}}"
        scheme = URL.match(value)
        server, _, path = (value[scheme.end() :] if scheme else value).partition("/")
        name = slug(scheme[0] + server if scheme else value)
        self.backends.setdefault(name, {"kind": KINDS[scheme[1]]} if scheme and scheme[1] in KINDS else {})
        address = f"{scheme[0]}127.0.0.1:{{{name}.port}}" if scheme else f"{{{name}.url}}"
        return f"{address}{'/' if path else ''}{path}"


def ready_entry(text: str) -> str:
    """One more entry point, spelled as the others are."""
    spelled = re.search(r"^\s*\[(entrypoints)\b", text, re.IGNORECASE | re.MULTILINE)
    return READY_ENTRY.replace("entryPoints", spelled[1]) if spelled else READY_ENTRY


def certificate(value: str) -> tuple[str, str]:
    """The name of a certificate, and its host: `https/snitest.com.cert` is of it, `{{ .CertContent }}` for any.

    The key has the same name as its certificate: both are known by what stands before `Cert` or `Key`.
    """
    text = re.sub(r"(Cert|Key)(Content|File)?\b", "", value) if "{{" in value else Path(value).stem
    name = slug(text) or "certificate"
    return name, text.replace("wildcard.", "*.") if "." in text and "{{" not in text else f"{name}.test"


def slug(text: str) -> str:
    """A name from any text: `{{ .Server1 }}` is `server1`, `http://{{ .IP }}:80` is `http-ip-80`."""
    name = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return f"at-{name}" if name[:1].isdigit() else name


def steps(config: dict[str, Any]) -> Iterator[Step]:
    """Requests that the rules of a configuration let one think of."""
    config = lowered(config)
    entries = {name: each for name, each in config.get("entrypoints", {}).items() if name != "traefik"}
    web = [name.lower() for name, each in entries.items() if not each.get("address", "").endswith("/udp")]
    routers = config.get("http", {}).get("routers", {}).values()
    rules = [each.get("rule", "") for each in routers]
    hosts = [*words_of(rules, "Host"), "nobody.test"]
    paths = [*words_of(rules, "Path"), *(f"{each}/more" for each in words_of(rules, "PathPrefix")), "/", "/nothing"]
    has_tls = any("tls" in each for each in routers)
    for entry, host, path in itertools.product(web, dict.fromkeys(hosts), dict.fromkeys(paths)):
        for tls in [False, True] if has_tls else [False]:
            options = {"at": entry, "host": host, **({"tls": True} if tls else {})}
            yield Step("send", f"GET {path}", options, {})
    names = words_of([each.get("rule", "") for each in config.get("tcp", {}).get("routers", {}).values()], "HostSNI")
    for entry, name in itertools.product(web if names else (), names):
        options = {"at": entry, "tls": {"sni": "" if name == "*" else name}, "patience": 1}
        yield Step("tcp", "hello", options, {})


def lowered(config: dict[str, Any]) -> dict[str, Any]:
    """With the names of sections as one reads them; those of objects are not touched."""
    found = {name.lower(): each for name, each in config.items()}
    for section in ("http", "tcp", "udp"):
        found[section] = {name.lower(): each for name, each in found.get(section, {}).items()}
    return found


def words_of(rules: list[str], matcher: str) -> list[str]:
    """Arguments of a matcher in all rules."""
    return [each for rule in rules for each in re.findall(rf"(?<![A-Za-z]){matcher}\([`\"]([^`\"]+)[`\"]\)", rule)]


if __name__ == "__main__":
    sys.exit(main())
