"""The whole of it: one YAML document for each namespace, every part with a comment that says where it came from."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tulle.dialects.native.route import identify
from tulle.dialects.native.writing import edge, exchange, listeners, matching, rules, security, services
from tulle.dialects.native.writing.content import Content, Entrance, Key, Offer, Placed
from tulle.dialects.native.writing.plain import Data, changed, duration, kept, several, yes
from tulle.kit.yaml_writing import Commented, rendered
from tulle.model.documents import Document, Origin
from tulle.model.extensions import LogProvider
from tulle.model.mesh import Settings
from tulle.model.names import DEFAULT_NAMESPACE, Name
from tulle.model.routes import RouteRule
from tulle.model.security import PeerAuthentication, RequestAuthentication, TokenRule
from tulle.model.services import Port
from tulle.model.workloads import Template

SECTIONS = ("namespace", "mesh", "gateway", "routes", "services", "workloads", "access", "tokens", "mtls", "scopes")
"""In the order in which people read them; others follow."""
_USUAL = Settings()
NOWHERE: Key = ("", Name("", ""))
"""Of what has no part in the file."""
Notes = Mapping[Key, tuple[str, ...]]
"""More lines of comment, by the part that they are about."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """How it is written."""

    folder: str = ""
    """Where the file will be: paths in it are relative to that."""
    notes: Notes = field(default_factory=dict)
    edge: tuple[Document, ...] = ()
    """Entry points, routers and all that they are made of."""

    def lines(self, key: Key, origins: Iterable[Origin]) -> tuple[str, ...]:
        """The comment above a part."""
        return (*dict.fromkeys(filter(None, map(self.came_from, origins))), *self.notes.get(key, ()))

    def came_from(self, origin: Origin) -> str:
        """`VirtualService reviews (reviews.yaml:3)`; nothing for what was native before."""
        if not is_foreign(origin):
            return ""
        return f"{origin.subject} ({str(origin).removeprefix('./')})"


def is_foreign(origin: Origin) -> bool:
    """Whether something came from another language: the kinds of Kubernetes begin with a capital letter."""
    return bool(origin.file) and origin.subject[:1].isupper()


def text(content: Content, frame: Frame) -> str:
    """The file."""
    written = "---\n".join(rendered(data, block=2) for data in documents(content, frame)) or "{}\n"
    return written + "".join(f"# {line}".rstrip() + "\n" for line in _only_comments(content, frame))


def _only_comments(content: Content, frame: Frame) -> Iterator[str]:
    """What would be there, if more were said."""
    if rest := frame.notes.get(NOWHERE):
        yield "What is not in this file:"
        yield from rest
    if content.unusable:
        yield "Listeners that cannot be used as they are:"
        spoiled = {"gateway": _gateway(content.unusable, frame, DEFAULT_NAMESPACE)}
        yield from rendered(spoiled, block=2).splitlines()
    if content.unattached:
        yield "Routes that nothing takes, as no listener of these files is what they ask for:"
    for namespace in sorted({each.namespace for each in content.unattached}):
        routes = [_route(each, frame) for each in content.unattached if each.namespace == namespace]
        yield from _commented(namespace, {"routes": routes})
    unknown = sorted((each for each in content.offers if not each.is_declared), key=_name_of)
    if unknown:
        yield "Services of which these files do not say where they are:"
    for namespace in dict.fromkeys(_name_of(each).namespace for each in unknown):
        spoken = {
            _name_of(each).name: _offer(each, content, frame)
            for each in unknown
            if _name_of(each).namespace == namespace
        }
        yield from _commented(namespace, {"services": spoken})
    if content.templates:
        yield "Workloads of which these files do not say how they are run here:"
    for namespace in sorted({each.name.namespace for each in content.templates}):
        found = {it.name.name: _template(it, frame) for it in content.templates if it.name.namespace == namespace}
        yield from _commented(namespace, {"workloads": found})


def _commented(namespace: str, data: Data) -> list[str]:
    return rendered(kept(namespace=changed(namespace, DEFAULT_NAMESPACE)) | data, block=2).splitlines()


def _name_of(offer: Offer) -> Name:
    return offer.service.name


def _template(given: Template, frame: Frame) -> object:
    data = kept(
        **services.ports([Port(name=name, number=number) for name, number in given.ports]),
        account=given.account,
        labels=dict(given.labels),
        replicas=changed(given.replicas, 1),
    )
    return _noted({"command": "...", **data}, frame.lines(("", given.name), (given.origin,)))


def documents(content: Content, frame: Frame) -> list[Data]:
    """Its documents: that of the namespace with the gateway first, then by namespace."""
    spaces = _spaces(content)
    found = [_document(content, frame, namespace, is_first=index == 0) for index, namespace in enumerate(spaces)]
    return [each for each in found if each.keys() - {"namespace"}]


def _spaces(content: Content) -> list[str]:
    """The default namespace first, if there is anything in it."""
    named = (content.workloads, content.entries, content.access, content.tokens, content.scopes, content.logging)
    found = {_name_of(each).namespace for each in content.offers if each.is_declared}
    found |= {each.namespace for each in content.routes}
    found |= {each.name.namespace for group in named for each in group}
    found |= {each.name.namespace for each in content.peers if not _is_within(each, content)}
    ordered = sorted(found, key=lambda each: (each != DEFAULT_NAMESPACE, each))
    return ordered or [DEFAULT_NAMESPACE]


def _document(content: Content, frame: Frame, namespace: str, *, is_first: bool) -> Data:
    found: Data = {}
    if namespace != DEFAULT_NAMESPACE:
        found["namespace"] = namespace
    if is_first:
        found |= kept(mesh=_mesh(content, namespace), gateway=_gateway(content.entrances, frame, namespace))
        found |= kept(edge=edge.section(frame.edge, frame.folder, frame.notes))
    return found | kept(
        routes=[_route(each, frame) for each in content.routes if each.namespace == namespace],
        services={
            each.service.name.name: _offer(each, content, frame)
            for each in sorted(content.offers, key=_name_of)
            if each.is_declared and _name_of(each).namespace == namespace
        },
        workloads=_workloads(content, frame, namespace),
        access=_section(frame, "native/access", namespace, ((it, security.access(it)) for it in content.access)),
        tokens=_tokens(content, frame, namespace),
        mtls=_section(
            frame,
            "native/mtls",
            namespace,
            ((each, security.peers(each)) for each in content.peers if not _is_within(each, content)),
        ),
        scopes=_section(frame, "native/scope", namespace, ((it, security.scope(it)) for it in content.scopes)),
        logging=_section(frame, "native/logging", namespace, ((it, security.logging(it)) for it in content.logging)),
    )


def _section(frame: Frame, kind: str, namespace: str, parts: Iterable[tuple[object, Data]]) -> Data:
    """The parts of one namespace, by name."""
    found: Data = {}
    for thing, data in parts:
        name: Name = thing.name  # type: ignore[attr-defined]
        if name.namespace == namespace:
            origin: Origin = thing.origin  # type: ignore[attr-defined]
            found[name.name] = _noted(data, frame.lines((kind, name), (origin,)))
    return dict(sorted(found.items()))


def _noted(data: object, lines: tuple[str, ...]) -> object:
    return Commented(data, lines) if lines else data


def _mesh(content: Content, namespace: str) -> Data:
    given, usual = content.settings, _USUAL
    mode = next((each.mode for each in content.peers if _is_of_mesh(each, content)), None)
    return kept(
        trust_domain=changed(given.trust_domain, usual.trust_domain),
        trust_domain_aliases=several(given.trust_domain_aliases),
        outside=None if given.allow_outside else "known",
        certificate_lifetime=changed(duration(given.certificate_lifetime), duration(usual.certificate_lifetime)),
        gateway_threads=changed(given.gateway_concurrency, usual.gateway_concurrency),
        sidecar_threads=changed(given.sidecar_concurrency, usual.sidecar_concurrency),
        access_log=yes(given.access_log),
        logger=_logger(given.logger) if given.logger is not None else None,
        loggers={each.name: _logger(each) for each in sorted(given.loggers, key=lambda it: it.name)},
        default_loggers=several(given.default_loggers),
        trusted_proxies=given.trusted_proxies or None,
        path_normalization=changed(str(given.path_normalization), str(usual.path_normalization)),
        root_namespace=changed(given.root_namespace, usual.root_namespace),
        gateway_labels=changed(_gateway_labels(given), _gateway_labels(usual)),
        mtls=str(mode) if mode is not None else None,
        authorizers={
            each.name: exchange.check(each.check, namespace)
            for each in sorted(content.authorizers, key=lambda it: it.name)
        },
    )


def _gateway_labels(given: Settings) -> Data:
    """Those of one name together."""
    found: dict[str, list[str]] = {}
    for name, value in given.gateway_labels:
        found.setdefault(name, []).append(value)
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _logger(given: LogProvider) -> Data:
    labels = {"labels": json.loads(given.labels)} if given.labels else {}
    return {
        "file": given.file,
        **kept(text=given.text, omit_empty=yes(given.omits_empty)),
        **labels,
    }


def _is_of_mesh(given: PeerAuthentication, content: Content) -> bool:
    """Whether the settings say it."""
    is_bare = not given.selector and not given.port_modes and given.mode is not None
    if not is_bare or given.name.namespace != content.settings.root_namespace:
        return False
    first = next(each for each in content.peers if each.name.namespace == given.name.namespace and not each.selector)
    return first is given


def _is_within(given: PeerAuthentication, content: Content) -> bool:
    """Whether another part says it: the settings, or a service."""
    return _is_of_mesh(given, content) or given.name.name.startswith("service/")


def _gateway(entrances: Iterable[Entrance], frame: Frame, namespace: str) -> Data | None:
    found: Data = {}
    for each in sorted(entrances, key=lambda it: (it.listener.port, it.listener.name)):
        name = each.listener.name
        origins = (each.listener.origin, *each.origins, *(it.origin for it in each.streams))
        lines = frame.lines(("native/listener", name), origins)
        # Always a line for each: even without a comment they are what people look for.
        found[name.name] = Commented(listeners.listener(each, frame.folder, namespace), lines)
    return {"listeners": found} if found else None


def _route(given: Placed, frame: Frame) -> object:
    data = route(given, frame)
    origins = [*(each.origin for each in given.rules), *(each.origin for each in given.streams)]
    # Where several documents speak, each rule says from which one it is.
    common = origins[:1] if len(set(map(_document_of, origins))) == 1 else ()
    return _noted(data, frame.lines(route_key(given), common))


def route_key(given: Placed) -> Key:
    """By what the part will be known."""
    data = route(given, Frame())
    return "native/route", Name(given.namespace, identify(data))


def _document_of(origin: Origin) -> tuple[str, str]:
    return origin.file, origin.subject


def route(given: Placed, frame: Frame) -> Data:
    """One route of the gateway, or rules for calls of workloads."""
    head = kept(
        host=given.hosts[0] if len(given.hosts) == 1 and given.hosts != ("*",) else None,
        hosts=list(given.hosts) if len(given.hosts) > 1 else None,
        listeners=several(given.listeners),
        mesh=yes(given.is_mesh),
    )
    if given.is_free:
        (only,) = given.rules
        return {**head, **matching.request(only.matches[0]), **rules.rule(only, given.namespace)}
    return {
        **head,
        **kept(
            rules=_ordered(given.rules, given.namespace, frame),
            streams=several([rules.stream(each, given.namespace) for each in given.streams]),
        ),
    }


def _ordered(given: tuple[RouteRule, ...], namespace: str, frame: Frame) -> list[object]:
    """Rules in order; where they came from several documents, each says from which."""
    is_shared = len({_document_of(each.origin) for each in given}) > 1
    written = []
    for each in given:
        where = frame.came_from(each.origin) if is_shared else ""
        written.append(_noted(rules.conditional(each, namespace), (where,) if where else ()))
    return written


def _offer(given: Offer, content: Content, frame: Frame) -> object:
    name = given.service.name
    data = services.service(given, frame.folder)
    mode = next(
        (each.mode for each in content.peers if each.name == Name(name.namespace, f"service/{name.name}")), None
    )
    origins = (*([given.service.origin] if given.is_declared else []), *given.origins)
    return _noted({**data, **kept(mtls=mode and str(mode))}, frame.lines(("native/service", name), origins))


def _workloads(content: Content, frame: Frame, namespace: str) -> Data:
    ran = ((each, services.workload(each, frame.folder)) for each in content.workloads)
    others = ((each, services.entry(each)) for each in content.entries)
    return _section(frame, "native/workload", namespace, (*ran, *others))


def _tokens(content: Content, frame: Frame, namespace: str) -> Data:
    """Each issuer is a part of its own."""
    found: Data = {}
    for each in content.tokens:
        if each.name.namespace != namespace:
            continue
        for name, rule in issuers(each):
            lines = frame.lines(("native/token", name), (each.origin,))
            found[name.name] = _noted(security.token(rule, each.selector, each.targets), lines)
    return dict(sorted(found.items()))


def issuers(given: RequestAuthentication) -> list[tuple[Name, TokenRule]]:
    """The parts that a policy is written as."""
    if len(given.rules) == 1:
        return [(given.name, given.rules[0])]
    space, name = given.name.namespace, given.name.name
    return [(Name(space, f"{name}-{index + 1}"), rule) for index, rule in enumerate(given.rules)]
