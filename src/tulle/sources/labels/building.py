"""From the labels of one thing to its dynamic configuration: servers are put in, routers and services joined. Pure.

What labels leave out is made up as Traefik does it: a router, a service, and which belongs to which if that is clear.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from tulle.kit.go_syntax import BadTemplate
from tulle.kit.located import LocatedList, LocatedMap
from tulle.sources.labels.decoding import Unusable, child, dynamic
from tulle.sources.labels.rules import DefaultRule

Addresses = Callable[[str], tuple[str, ...]]
"""Where something is (`host:port`), if labels say this port, or none (""). Raises Unusable."""


@dataclass(frozen=True, slots=True)
class Exposed:
    """Something with labels, and where it is."""

    key: str
    """What it is sorted by, among all others."""
    place: str
    """What a person would look for: `docker:container/web`."""
    service: str
    """The name of its service, if it has no other."""
    labels: Mapping[str, str]
    addresses: Addresses
    names: Mapping[str, str] = field(default_factory=dict)
    """What the template of a rule may call it."""


@dataclass(frozen=True, slots=True)
class Built:
    """The dynamic configuration of one thing."""

    content: LocatedMap
    errors: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def built(exposed: Exposed, rule: DefaultRule) -> Built:
    """What its labels say, completed.

    Raises:
        Unusable: nothing of it can be used.
    """
    written, clashes = dynamic(exposed.labels)
    errors = [f"the label traefik.{'.'.join(clash.path)} {clash.sentence}" for clash in clashes]
    build = _Build(exposed, rule, errors)
    content = LocatedMap(0)
    http, tcp, udp = (_section(written, name) for name in ("http", "tcp", "udp"))
    for name, section in (("tcp", tcp), ("udp", udp)):
        if section.get("routers") or section.get("services"):
            content.put(name, build.streams(name, section), 0)
        elif section:
            content.put(name, _mapping(section), 0)
    streams_only = bool(tcp.get("routers") or tcp.get("services") or udp.get("routers") or udp.get("services"))
    if not streams_only or http.get("routers") or http.get("middlewares") or http.get("services"):
        content.put("http", build.web(http), 0)
    elif http:
        content.put("http", _mapping(http), 0)
    if isinstance(tls := child(written, "tls"), LocatedMap):
        content.put("tls", tls, 0)
    return Built(content, tuple(build.errors), tuple(build.warnings))


Section = dict[str, dict[str, object]]
_KINDS = {"serverstransports": "serversTransports"}


def _section(written: LocatedMap, name: str) -> Section:
    """Kinds, with their usual names, and their entries."""
    found = child(written, name)
    if found is None:
        return {}
    if not isinstance(found, Mapping):
        raise Unusable(f"the label traefik.{name} says nothing; write traefik.{name}.routers.<name>.rule and the like")
    section: Section = {}
    for kind, entries in found.items():
        if not isinstance(entries, Mapping):
            raise Unusable(f"the label traefik.{name}.{kind} says nothing; a name must follow")
        section[_KINDS.get(kind.lower(), kind.lower())] = dict(entries)
    return section


def _mapping(values: Mapping[str, object]) -> LocatedMap:
    """The same, for documents: nothing has a line."""
    result = LocatedMap(0)
    for key, value in values.items():
        result.put(key, _mapping(value) if type(value) is dict else value, 0)
    return result


def _with(values: object, name: str, value: object) -> LocatedMap:
    """A mapping with one entry replaced or added, in whatever case it is written there."""
    result = LocatedMap(0)
    for key, inner in values.items() if isinstance(values, Mapping) else ():
        if key.lower() != name.lower():
            result.put(key, inner, 0)
    if value is not None:
        result.put(name, value, 0)
    return result


@dataclass
class _Build:
    exposed: Exposed
    rule: DefaultRule
    errors: list[str]
    warnings: list[str] = field(default_factory=list)

    def web(self, section: Section) -> LocatedMap:
        """HTTP: a router and a service are made up if there are none."""
        services = self._services("http", section)
        routers = section.get("routers", {})
        if not routers:
            if len(services) > 1:
                self.warnings.append("it has several services and no router, so none is reached through it")
            else:
                routers = {self.exposed.service: LocatedMap(0)}
        return self._finished(section, self._joined("http", routers, services), services)

    def streams(self, protocol: str, section: Section) -> LocatedMap:
        """TCP or UDP: a service is made up if there is none."""
        services = self._services(protocol, section)
        return self._finished(section, self._joined(protocol, section.get("routers", {}), services), services)

    def _finished(self, section: Section, routers: dict[str, object], services: dict[str, object | None]) -> LocatedMap:
        kept = {name: service for name, service in services.items() if service is not None}
        return _mapping({**section, "routers": routers, "services": kept})

    def _services(self, protocol: str, section: Section) -> dict[str, object | None]:
        """By name, with servers; None for one that cannot be used."""
        written = section.get("services") or {self.exposed.service: LocatedMap(0)}
        return {name: self._service(protocol, name, service) for name, service in written.items()}

    def _service(self, protocol: str, name: str, service: object) -> object | None:
        balancer = child(service, "loadBalancer")
        if balancer is None and isinstance(service, Mapping) and service:
            return service  # Weighted, mirroring, …: made of other services.
        try:
            servers = self._servers(protocol, name, balancer)
        except Unusable as error:
            is_written = any(key.lower().startswith("traefik.") for key in self.exposed.labels)
            (self.errors if is_written else self.warnings).append(f"service {name} is left out: {error}")
            return None
        return _with(service, "loadBalancer", _with(balancer, "servers", servers))

    def _servers(self, protocol: str, name: str, balancer: object) -> LocatedList:
        template = child(child(balancer, "servers"), "0")
        words = {word: str(child(template, word) or "") for word in ("url", "scheme", "port")}
        rest: object = template
        for word in ("url", "address", *words):
            rest = _with(rest, word, None)
        result = LocatedList(0)
        if protocol == "http" and words["url"]:
            if words["scheme"] or words["port"]:
                raise Unusable("where its server has a url, it can have no port and no scheme beside it")
            result.append(_with(rest, "url", words["url"]))
        else:
            for address in self.exposed.addresses(words["port"]):
                url = f"{words['scheme'] or 'http'}://{address}"
                result.append(_with(rest, "url", url) if protocol == "http" else _with(rest, "address", address))
        result.lines = [0] * len(result)
        return result

    def _joined(
        self, protocol: str, routers: Mapping[str, object], services: Mapping[str, object | None]
    ) -> dict[str, object]:
        """Routers with rules and services, without those that cannot be used."""
        found: dict[str, object] = {}
        for name, router in routers.items():
            if not isinstance(router, Mapping):
                self.errors.append(
                    f"router {name} is left out: its label traefik.{protocol}.routers.{name} says nothing"
                )
                continue
            try:
                each = self._ruled(protocol, router)
                each = self._linked(each, services)
            except Unusable as error:
                self.errors.append(f"router {name} is left out: {error}")
                continue
            if services.get(str(child(each, "service")), each) is not None:
                found[name] = each
        return found

    def _ruled(self, protocol: str, router: Mapping[str, object]) -> Mapping[str, object]:
        if protocol == "udp" or child(router, "rule"):
            return router
        if protocol == "tcp":
            raise Unusable("it has no rule")
        try:
            rule = self.rule.rule(self.exposed.names, self.exposed.labels)
        except BadTemplate as error:
            raise Unusable(f"it has no rule, and the default rule cannot be made: {error}") from error
        if not rule:
            raise Unusable("it has no rule, and the default rule is empty for it")
        return _with(router, "rule", rule)

    def _linked(self, router: Mapping[str, object], services: Mapping[str, object]) -> Mapping[str, object]:
        if child(router, "service"):
            return router
        if len(services) != 1:
            raise Unusable("it names no service, and there are several: " + ", ".join(sorted(services)))
        return _with(router, "service", next(iter(services)))
