"""Frontends and backends as routers, services and middlewares. Pure.

A router has the name of its frontend, its middlewares have names that begin with it; a service has that of its backend.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from tulle.kit.located import LocatedList, LocatedMap
from tulle.model.findings import did_you_mean
from tulle.sources.legacy.middlewares import Middleware, limits, of_backend, of_frontend
from tulle.sources.legacy.rules import BadRule, Rule, converted
from tulle.sources.legacy.values import Section

MOST = 50_000
"""Frontends."""
_WITHOUT_HOST = "-without-host"
_ONE_OF_MANY = ("errors", "ratelimit")


@dataclass(frozen=True, slots=True)
class Converted:
    """The same in the language of Traefik 2."""

    content: LocatedMap
    errors: tuple[str, ...]


def configuration(said: object) -> Converted:
    """What `frontends`, `backends` and `tls` say."""
    return _Conversion(Section(said, "")).everything()


@dataclass
class _Conversion:
    root: Section
    routers: dict[str, object] = field(default_factory=dict)
    services: dict[str, object] = field(default_factory=dict)
    middlewares: dict[str, object] = field(default_factory=dict)
    errors: list[str] = field(default_factory=list)

    def everything(self) -> Converted:
        backends = self.root.each("backends")
        frontends = self.root.each("frontends")
        for name, frontend in list(frontends.items())[:MOST]:
            self._frontend(name, Section(frontend.values, f"frontend {name}", self.errors), backends)
        content: dict[str, object] = {}
        kinds = {"routers": self.routers, "services": self.services, "middlewares": self.middlewares}
        if http := {kind: entries for kind, entries in kinds.items() if entries}:
            content["http"] = http
        if certificates := list(self._certificates()):
            content["tls"] = {"certificates": certificates}
        return Converted(located(content), tuple(dict.fromkeys(self.errors)))

    def _frontend(self, name: str, frontend: Section, backends: Mapping[str, Section]) -> None:
        backend = frontend.text("backend")
        if backend not in backends:
            meant = did_you_mean(backend, backends)
            self.errors.append(f'{frontend.what} is left out: its backend "{backend}" does not exist{meant}')
            return
        try:
            rule = converted(text for route in frontend.each("routes").values() if (text := route.text("rule")))
        except BadRule as error:
            self.errors.append(f"{frontend.what} is left out: its rule {error}")
            return
        if not rule.length:
            self.errors.append(f"{frontend.what} is left out: it has no rule")
            return
        self._router(name, frontend, rule, backend, backends)

    def _router(self, name: str, frontend: Section, rule: Rule, backend: str, backends: Mapping[str, Section]) -> None:
        priority = frontend.number("priority")
        service = self._service(backend, backends[backend], frontend.flag("passHostHeader", True))
        pages = {page.text("backend") for page in frontend.each("errors").values()}
        services = {each: self._service(each, backends[each], True) for each in sorted(pages & backends.keys())}
        chain: list[Middleware] = [(type_.lower(), type_, options) for type_, options in rule.modifiers]
        chain += of_frontend(frontend, services)
        chain += of_backend(Section(backends[backend].values, f"backend {backend}", self.errors))
        chain += limits(frontend)
        router: dict[str, object] = {
            "rule": rule.text,
            "ruleSyntax": "v2",
            "priority": priority if priority and priority > 0 else rule.length,
            "service": service,
        }
        if entry_points := frontend.texts("entryPoints"):
            router["entryPoints"] = entry_points
        if names := [self._middleware(name, *each) for each in chain]:
            router["middlewares"] = names
        self.routers[_name(name)] = router

    def _middleware(self, frontend: str, suffix: str, type_: str, options: Mapping[str, object]) -> str:
        name = _name(f"{frontend}-{suffix}")
        self.middlewares[name] = {type_: options}
        return name

    def _service(self, name: str, backend: Section, passes_host: bool) -> str:
        service = _name(name if passes_host else f"{name}{_WITHOUT_HOST}")
        if service not in self.services:
            section = Section(backend.values, f"backend {name}", self.errors)
            balancer = _balancer(section)
            self.services[service] = {
                "loadBalancer": balancer if passes_host else {**balancer, "passHostHeader": False}
            }
        return service

    def _certificates(self) -> Iterable[object]:
        for name, each in self.root.each("tls").items():
            pair = each.inner("certificate")
            files = pair.taken("certFile", "keyFile") if pair else {}
            if len(files) == 2:
                yield files
            else:
                self.errors.append(f"tls {name} is left out: it needs certificate.certFile and certificate.keyFile")


def _balancer(backend: Section) -> dict[str, object]:
    balancer: dict[str, object] = {"servers": list(_servers(backend))}
    if choice := backend.inner("loadBalancer"):
        if choice.text("method", "wrr").lower() != "wrr":
            backend.errors.append(
                f"{backend.what}: loadBalancer.method {choice.text('method')} is not known; wrr is used"
            )
        sticky = choice.inner("stickiness")
        if sticky or choice.flag("stickiness"):
            balancer["sticky"] = {"cookie": {"name": sticky.text("cookieName")} if sticky else {}}
        elif choice.flag("sticky"):
            balancer["sticky"] = {"cookie": {"name": "_TRAEFIK_BACKEND"}}
    if (check := backend.inner("healthCheck")) and check.text("path"):
        found = check.taken("path", "scheme", "hostname", "interval")
        if port := check.number("port"):
            found["port"] = port
        if headers := check.pairs("headers"):
            found["headers"] = headers
        balancer["healthCheck"] = found
    if (forwarding := backend.inner("responseForwarding")) and (interval := forwarding.text("flushInterval")):
        balancer["responseForwarding"] = {"flushInterval": interval}
    return balancer


def _servers(backend: Section) -> Iterable[object]:
    for server in backend.each("servers").values():
        if not (url := server.text("url")):
            continue
        weight = server.number("weight")
        yield {"url": url} if weight in (None, 1) else {"url": url, "weight": weight}


def _name(name: str) -> str:
    """A name without what separates it from that of its provider."""
    return name.replace("@", "-")


def located(value: object) -> LocatedMap:
    """The same, for documents: nothing has a line."""
    result = LocatedMap(0)
    for key, inner in value.items() if isinstance(value, Mapping) else ():
        result.put(key, _inner(inner), 0)
    return result


def _inner(value: object) -> object:
    if isinstance(value, Mapping):
        return located(value)
    if isinstance(value, list):
        result = LocatedList(0)
        result.extend(map(_inner, value))
        result.lines = [0] * len(result)
        return result
    return value
