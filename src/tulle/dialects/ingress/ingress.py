"""`Ingress`: hosts and paths of the gateway that all Ingresses share, whatever their class.

Of the rules for one host the longest path wins, an exact one before a prefix; a default backend comes after all of
them. Hosts with certificates are served with TLS as well as without.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from tulle.dialects.fields import HOST, PortNumber, refuse, shown
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, Refused, validated
from tulle.dialects.written import Step, Written
from tulle.model.listeners import Certificate
from tulle.model.mesh import Fragment
from tulle.model.names import INGRESS, Name
from tulle.model.objects import SharedCertificates
from tulle.model.routes import (
    AttachKind,
    Backend,
    Forward,
    Match,
    Parent,
    PathKind,
    PathMatch,
    RouteRule,
    RouteSet,
    ValueKind,
    ValueMatch,
)

CLASS = "kubernetes.io/ingress.class"
CONTROLLERS = re.compile(
    r"(?:.*\.)?(?:ingress\.kubernetes\.io|nginx\.org|nginx\.com|haproxy\.org|haproxy-ingress\.github\.io|konghq\.com"
    r"|projectcontour\.io|getambassador\.io|cert-manager\.io|networking\.gke\.io)/.*|kubernetes\.io/(?:ingress|tls)[.-].*"
)
"""Annotations that mean something to a controller."""
PATTERN = re.compile(r"[()|$^*\\\[\]]")
"""What is in a regular expression rather than in a path."""
MARKS = {PathKind.EXACT: "=", PathKind.PREFIX: "", PathKind.TEXT_PREFIX: "~"}
"""By which names of rules tell paths apart."""
EVERYTHING = Match()


def _host(value: object) -> object:
    host = value.lower() if isinstance(value, str) else "*"
    if host == "*" or (host and not HOST.fullmatch(host)):
        refuse(f"must be a host name such as shop.example.org or *.example.org, not {shown(value)}")
    return host


IngressHost = Annotated[str, BeforeValidator(_host)]


class ServicePort(ObjectSpec):
    """A port of a service; exactly one of the two."""

    number: PortNumber | None = Field(None, description="Its number.")
    name: str | None = Field(None, description="Its name.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.number is None) == (not self.name):
            refuse("takes exactly one of number, name")
        return self


class BackendService(ObjectSpec):
    """A service of the same namespace."""

    name: str = Field(min_length=1, description="Its name.")
    port: ServicePort = Field(description="Its port.")


class BackendResource(ObjectSpec):
    """An object that is no service."""

    api_group: str | None = Field(None, description="Its group.")
    kind: str = Field(description="Its kind.")
    name: str = Field(description="Its name.")


class IngressBackend(ObjectSpec):
    """Who gets the requests."""

    service: BackendService | None = Field(None, description="A service.")
    resource: Annotated[
        BackendResource | None, Refused("cannot be called: only services can; write service", is_error=True)
    ] = Field(None, description="Something else.")


class IngressPath(ObjectSpec):
    """Requests for a path."""

    path: str = Field("", description="The path; every one if not given (with ImplementationSpecific).")
    path_type: Annotated[
        Literal["Exact", "Prefix", "ImplementationSpecific"],
        Differs(
            "ImplementationSpecific is like Prefix, with or without `/*` at the end; with `.*` it is what begins so."
            " No path is taken as a regular expression."
        ),
    ] = Field(description="Exact, or Prefix by whole segments.")
    backend: IngressBackend = Field(description="Who gets them.")

    @model_validator(mode="after")
    def _absolute(self) -> Self:
        if not self.path.startswith("/") and (self.path or self.path_type != "ImplementationSpecific"):
            refuse(f"needs a path that begins with /, not {shown(self.path)}")
        return self


class HttpRule(ObjectSpec):
    """Requests by their paths."""

    paths: Items[IngressPath] = Field(description="The paths.")


class IngressRule(ObjectSpec):
    """Requests for a host."""

    host: Annotated[
        IngressHost,
        Differs("A host with fewer or more labels than *.example.org says gets the default backend, or 404."),
    ] = Field("", description="The host; * stands for exactly one label. Every host that no rule names if not given.")
    http: HttpRule | None = Field(None, description="The paths; all go to the default backend if not given.")


class IngressTls(ObjectSpec):
    """A certificate."""

    hosts: Items[IngressHost] = Field((), description="Server names that it is for; every one if not given.")
    secret_name: str | None = Field(None, description="The secret with tls.crt and tls.key, in the same namespace.")


class IngressSpec(ObjectSpec):
    """Which requests go where."""

    ingress_class_name: Annotated[str | None, Differs("Every class is served here.")] = Field(
        None, description="Who serves it; older documents have the annotation kubernetes.io/ingress.class."
    )
    default_backend: IngressBackend | None = Field(
        None, description="Who gets the requests that no rule matches, for every host."
    )
    rules: Items[IngressRule] = Field((), description="Rules by host.")
    tls: Annotated[
        Items[IngressTls], Differs("Requests without TLS are answered as well; they are not redirected.")
    ] = Field((), description="Certificates.")


class IngressObject(Object):
    """Hosts and paths of the gateway, and who answers for them."""

    spec: IngressSpec = Field(description="Which requests go where.")


def read(part: Written) -> Fragment:
    """One Ingress."""
    found = validated(part, IngressObject)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    reading = _Reading(part, found)
    routes = tuple(reading.routes())
    certificates = tuple(reading.certificates())
    reading.check_annotations()
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    name = part.document.key.name
    shared = SharedCertificates(name=name, origin=part.origin, gateway=INGRESS, certificates=certificates)
    return Fragment(routes=routes, objects=(shared,) if certificates else (), findings=tuple(part.findings))


class _Reading:
    """One Ingress while it is read."""

    def __init__(self, part: Written, found: IngressObject) -> None:
        self.part = part
        self.spec = found.spec
        self.annotations = found.metadata.annotations
        self.name = part.document.key.name
        self.created = str(found.metadata.creation_timestamp or "")

    def routes(self) -> Iterator[RouteSet]:
        """One set of rules for each host."""
        spec = self.spec
        if spec.default_backend is None and not spec.rules:
            self.part.error(("spec",), "needs rules or defaultBackend")
        by_host: dict[str, list[RouteRule]] = {}
        origins: dict[str, tuple[Step, ...]] = {}
        for index, rule in enumerate(spec.rules):
            host, path = rule.host or "*", ("spec", "rules", index)
            rules = by_host.setdefault(host, [])
            origins.setdefault(host, path)
            rules += self.rules(path, rule, host)
            if rule.http is None and spec.default_backend is None:
                self.part.warning(path, "says nothing: it has no http, and there is no defaultBackend")
        if (default := self.default()) is not None:
            origins.setdefault("*", ("spec", "defaultBackend"))
            by_host.setdefault("*", [])
            for rules in by_host.values():
                rules.append(default)
        for host, rules in by_host.items():
            if rules:
                yield self.route(host, origins[host], rules)

    def route(self, host: str, path: tuple[Step, ...], rules: list[RouteRule]) -> RouteSet:
        """The rules of a host."""
        origin = self.part.at(*path)
        return RouteSet(
            name=Name(self.name.namespace, f"ingress/{self.name.name}/{host}"),
            origin=origin,
            hosts=(host,),
            rules=tuple(rules),
            parents=(Parent(kind=AttachKind.GATEWAY, name=INGRESS, origin=origin),),
            created=self.created,
        )

    def rules(self, path: tuple[Step, ...], rule: IngressRule, host: str) -> Iterator[RouteRule]:
        """The rules for the paths of a host."""
        seen: set[PathMatch] = set()
        for index, item in enumerate(rule.http.paths if rule.http is not None else ()):
            here = (*path, "http", "paths", index)
            if any(character in item.path for character in "?#"):
                self.part.warning((*here, "path"), "has ? or #, which no path of a request has: it is left out")
                continue
            match = _path(item)
            if PATTERN.search(match.value):
                self.part.warning((*here, "path"), "looks like a regular expression; it is compared as text")
            if match in seen:
                self.part.error((*here, "path"), f"is written twice for this host: {item.path or '/'}")
            seen.add(match)
            backend = self.backend((*here, "backend"), item.backend)
            if backend is not None:
                yield self.rule(
                    f"{MARKS[match.kind]}{match.value}", here, Match(path=match, headers=_one_label(host)), backend
                )

    def default(self) -> RouteRule | None:
        """The rule for everything that no other one matches."""
        given, path = self.spec.default_backend, ("spec", "defaultBackend")
        backend = self.backend(path, given) if given is not None else None
        return self.rule("", path, EVERYTHING, backend) if backend is not None else None

    def rule(self, suffix: str, path: tuple[Step, ...], match: Match, backend: Backend) -> RouteRule:
        """What `match` matches goes to `backend`."""
        return RouteRule(
            name=f"{self.name.name}{suffix}",
            origin=self.part.at(*path),
            matches=(match,),
            action=Forward(backends=(backend,)),
            is_default=match is EVERYTHING,
        )

    def backend(self, path: tuple[Step, ...], given: IngressBackend) -> Backend | None:
        """A service of the same namespace."""
        service = given.service
        if service is None:
            self.part.error(path, "needs service")
            return None
        return Backend(
            service=Name(self.name.namespace, service.name),
            port=service.port.number,
            port_name=service.port.name or "",
            origin=self.part.at(*path),
        )

    def certificates(self) -> Iterator[Certificate]:
        """Those of its secrets."""
        for index, tls in enumerate(self.spec.tls):
            path = ("spec", "tls", index)
            if not tls.secret_name:
                self.part.warning(path, "has no secretName, so these hosts have no TLS")
                continue
            secret = Name(self.name.namespace, tls.secret_name)
            hosts = tuple(dict.fromkeys(host for host in tls.hosts if host))
            yield Certificate(secret=secret, hosts=hosts, origin=self.part.at(*path))

    def check_annotations(self) -> None:
        """Note those that only other controllers understand."""
        for key in self.annotations:
            if key == CLASS:
                if self.spec.ingress_class_name is not None:
                    self.part.warning(("metadata", "annotations", key), "stands beside spec.ingressClassName")
            elif CONTROLLERS.fullmatch(key):
                path = ("metadata", "annotations", key)
                self.part.warning(path, "has no effect: annotations of other controllers mean nothing here")


def _path(item: IngressPath) -> PathMatch:
    """What a path means. Stars at the end are those of Istio and of the load balancers of clouds."""
    if item.path_type == "Exact":
        return PathMatch(PathKind.EXACT, item.path)
    if item.path_type == "ImplementationSpecific":
        if item.path.endswith(".*"):
            return PathMatch(PathKind.TEXT_PREFIX, item.path.removesuffix(".*"))
        return PathMatch(PathKind.PREFIX, item.path.removesuffix("/*").rstrip("/") or "/")
    return PathMatch(PathKind.PREFIX, item.path.rstrip("/") or "/")


def _one_label(host: str) -> tuple[ValueMatch, ...]:
    """Of a host with a wildcard: that it stands for one label, not for several."""
    if not host.startswith("*."):
        return ()
    return (ValueMatch(":authority", ValueKind.REGEX, rf"(?i:[^.]+{re.escape(host[1:])}(?::[0-9]+)?)"),)


KIND = ObjectKind(
    group="networking.k8s.io",
    versions=("v1",),
    kind="Ingress",
    schema=IngressObject,
    read=read,
    documentation="https://kubernetes.io/docs/reference/kubernetes-api/service-resources/ingress-v1/",
)
