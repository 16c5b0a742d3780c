"""Labels as nested values: those of dynamic configuration, and those that are for the provider itself. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from tulle.kit.flat_keys import BadKey, Clash, Path, labelled, nested
from tulle.kit.located import LocatedMap
from tulle.model.findings import did_you_mean
from tulle.sources.labels.names import flag

ROOT = "traefik"
SECTIONS = ("http", "tcp", "udp", "tls")
MOST = 10_000
"""Labels of one thing."""


class Unusable(ValueError):
    """Labels, or what they hang on, cannot be used; the message says why, as a sentence."""


@dataclass(frozen=True, slots=True)
class Own:
    """What labels say to the provider itself."""

    is_enabled: bool
    network: str | None = None
    is_balanced_by_swarm: bool = False
    allows_non_running: bool = False
    warnings: tuple[str, ...] = ()


def child(values: object, name: str) -> object:
    """The entry of a mapping, in whatever case its key is written; None if there is none."""
    if isinstance(values, Mapping):
        if name in values:
            return values[name]
        return next((value for key, value in values.items() if key.lower() == name.lower()), None)
    return None


def dynamic(labels: Mapping[str, str]) -> tuple[LocatedMap, tuple[Clash, ...]]:
    """The dynamic configuration that labels say.

    Raises:
        Unusable: one of them is no key (it may be what should protect the others), or there are too many.
    """
    return nested(_paths(labels))


def _paths(labels: Mapping[str, str]) -> Iterator[tuple[Path, str]]:
    if len(labels) > MOST:
        raise Unusable(f"it has more than {MOST:,} labels")
    for key, value in labels.items():
        if not key.lower().startswith(f"{ROOT}."):
            continue
        if key[len(ROOT) + 1 :].partition(".")[0].lower() not in SECTIONS:
            continue
        _check_root(key)
        try:
            path = labelled(key, ROOT)
        except BadKey as error:
            raise Unusable(f"the label {key} {error}") from error
        if path is None or len(path) < 2:
            raise Unusable(f"the label {key} says nothing; write {ROOT}.http.routers.<name>.rule and the like")
        yield _as_list(path), value


def _check_root(key: str) -> None:
    """Capitals make no difference, but for the first word."""
    if not key.startswith(f"{ROOT}."):
        raise Unusable(f"the label {key} must begin with {ROOT} in small letters")


def _as_list(path: Path) -> Path:
    """`loadbalancer.server.port` means the first of the servers."""
    section, kind, _, *rest = (*(part.lower() for part in path), "", "", "")
    if section in SECTIONS and kind == "services" and rest[:2] == ["loadbalancer", "server"]:
        return (*path[:4], "servers", "0", *path[5:])
    return path


def own(labels: Mapping[str, str], provider: str, is_exposed: bool) -> Own:
    """What labels say to a provider (`traefik.enable`, `traefik.docker.network`, …).

    Raises:
        Unusable: a value is none of those that can stand there.
    """
    found: dict[str, str] = {}
    written: set[str] = set()
    warnings: list[str] = []
    providers = ("docker",) if provider == "docker" else ("swarm", "docker") if provider == "swarm" else ()
    for key, value in sorted(labels.items()):
        first, *rest = key.lower().split(".")
        if first != ROOT or not rest:
            continue
        _check_root(key)
        if rest == ["enable"]:
            found["enable"] = value
        elif len(rest) > 1 and rest[0] in providers:
            written.add(rest[0])
            found[".".join(rest[1:])] = value
            if ".".join(rest[1:]) not in _OWN[provider]:
                meant = did_you_mean(".".join(rest[1:]), _OWN[provider])
                warnings.append(f"the label {key} has no effect{meant}")
        elif rest[0] not in (*SECTIONS, "docker", "swarm", "marathon"):
            meant = did_you_mean(rest[0], (*SECTIONS, "enable", *providers))
            warnings.append(f"the label {key} has no effect{meant}")
    if written == {"docker", "swarm"}:
        raise Unusable("it has labels traefik.docker.… and traefik.swarm.…; write only those with swarm")
    return Own(
        _flag(found, "enable", is_exposed),
        found.get("network"),
        _flag(found, "lbswarm", False),
        _flag(found, "allownonrunning", False),
        tuple(warnings),
    )


_OWN: Mapping[str, tuple[str, ...]] = {
    "docker": ("network", "lbswarm", "allownonrunning"),
    "swarm": ("network", "lbswarm"),
}


def _flag(found: Mapping[str, str], name: str, default: bool) -> bool:
    if name not in found:
        return default
    value = flag(found[name])
    if value is None:
        raise Unusable(f'its label for "{name}" must be true or false, not "{found[name][:40]}"')
    return value
