"""What became of gateways, routes and policies, in the conditions that Gateway API specifies. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tulle.flow.attachment import Attached, kinds_of
from tulle.flow.gateways import FATAL, Arrangement
from tulle.flow.listener_references import Fault, Inventory
from tulle.flow.placement import family
from tulle.kit.groups import Groups
from tulle.kit.tables import replaced
from tulle.model.hostnames import common
from tulle.model.listeners import ClientCertificates, Listener
from tulle.model.names import SYSTEM_NAMESPACE, Name
from tulle.model.objects import BackendTls, Gateway, GatewayClass, ListenerSet
from tulle.model.routes import RouteSet
from tulle.model.statuses import Condition, ObjectKey, ParentStatus, SectionStatus, Status

FEATURES = (
    "BackendTLSPolicy", "BackendTLSPolicySANValidation", "GRPCRoute", "GRPCRouteNamedRouteRule", "Gateway",
    "GatewayAddressEmpty", "GatewayBackendClientCertificate", "GatewayFrontendClientCertificateValidation",
    "GatewayFrontendClientCertificateValidationInsecureFallback", "GatewayHTTPListenerIsolation",
    "GatewayHTTPSListenerDetectMisdirectedRequests", "GatewayPort8080", "GatewayStaticAddresses", "HTTPRoute",
    "HTTPRoute303RedirectStatusCode", "HTTPRoute307RedirectStatusCode", "HTTPRoute308RedirectStatusCode",
    "HTTPRouteBackendProtocolH2C", "HTTPRouteBackendProtocolWebSocket", "HTTPRouteBackendRequestHeaderModification",
    "HTTPRouteBackendTimeout", "HTTPRouteCORS", "HTTPRouteDestinationPortMatching", "HTTPRouteHostRewrite",
    "HTTPRouteMethodMatching", "HTTPRouteNamedRouteRule", "HTTPRouteParentRefPort", "HTTPRoutePathRedirect",
    "HTTPRoutePathRewrite", "HTTPRoutePortRedirect", "HTTPRouteQueryParamMatching", "HTTPRouteRequestMirror",
    "HTTPRouteRequestMultipleMirrors", "HTTPRouteRequestPercentageMirror", "HTTPRouteRequestTimeout",
    "HTTPRouteResponseHeaderModification", "HTTPRouteRetry", "HTTPRouteRetryBackendTimeout",
    "HTTPRouteRetryConnectionError", "HTTPRouteSchemeRedirect", "ListenerSet", "Mesh", "MeshConsumerRoute",
    "MeshHTTPRouteBackendRequestHeaderModification", "MeshHTTPRouteNamedRouteRule", "MeshHTTPRouteQueryParamMatching",
    "MeshHTTPRouteRedirectPath", "MeshHTTPRouteRedirectPort", "MeshHTTPRouteRewritePath",
    "MeshHTTPRouteSchemeRedirect", "ReferenceGrant", "TCPRoute", "TLSRoute", "TLSRouteModeMixed",
    "TLSRouteModeTerminate", "UDPRoute",
)  # fmt: skip
"""What is supported, in the words and the order of the specification."""


GROUP = "gateway.networking.k8s.io"
MOST = 16
"""Ancestors that the status of a policy may name."""


class RouteStatuses:
    """What became of every route, and how many routes each listener has; kept up to date route by route."""

    def __init__(self) -> None:
        self._statuses: dict[ObjectKey, Status] = {}
        self._new: dict[ObjectKey, Status | None] = {}
        """What is not in the table yet."""
        self.counts: Counter[tuple[Name, str]] = Counter()
        """By gateway (or set) and name of the listener."""
        self._gateways: Groups[Name, tuple[Name, RouteSet]] = Groups()
        """By service: the gateways whose routes send something to it, with each of these routes."""

    @property
    def statuses(self) -> dict[ObjectKey, Status]:
        """By object; the same table until one of them says something else."""
        if self._new:
            self._statuses = replaced(self._statuses, same(self._statuses, self._new))
            self._new = {}
        return self._statuses

    def put(self, route: RouteSet, before: Attached | None, after: Attached | None) -> None:
        """A route was attached, or attached differently (`before`), or is gone (no `after`)."""
        key = status_key(route)
        if before is not None:
            self._count(route, before, -1)
            self._new[key] = None
        if after is not None:
            self._count(route, after, 1)
            if route.name.name == f"{key[0]}/{key[1].name}":  # Of Gateway API; no other specification demands any.
                self._new[key] = Status(parents=after.parents)

    def gateways_of(self, service: Name) -> tuple[Name, ...]:
        """The gateways whose routes send something to a service, by name."""
        return tuple(sorted({gateway for gateway, _ in self._gateways.get(service)}))

    def _count(self, route: RouteSet, attached: Attached, step: int) -> None:
        for section in attached.sections:
            self.counts[section] += step
            if not self.counts[section]:
                del self.counts[section]
        change = self._gateways.add if step > 0 else self._gateways.remove
        for gateway in {gateway for gateway, _ in attached.sections}:
            for service in attached.services:
                change(service, (gateway, route))


def same(
    known: Mapping[ObjectKey, Status], statuses: Mapping[ObjectKey, Status | None]
) -> Iterator[tuple[ObjectKey, Status | None]]:
    """Statuses, as the objects that are known already where they say the same."""
    for key, status in statuses.items():
        before = known.get(key)
        yield key, before if before == status else status


def status_key(route: RouteSet) -> ObjectKey:
    """What the object that a route comes from is called."""
    return str(route.kind), Name(route.name.namespace, route.name.name.rpartition("/")[2])


def gateway_statuses(
    inventory: Inventory, arrangement: Arrangement, counts: Mapping[tuple[Name, str], int]
) -> dict[ObjectKey, Status]:
    """What became of classes, gateways and listener sets."""
    found: dict[ObjectKey, Status] = {}
    for each in inventory.classes.values():
        if each.kind == "GatewayClass":
            found["GatewayClass", Name(SYSTEM_NAMESPACE, each.name)] = class_status(each)
    added: Counter[Name] = Counter()
    for listener_set in inventory.around.sets.values():
        status = _set_status(listener_set, arrangement, counts)
        added[listener_set.parent] += _holds(status, "Accepted")
        found[listener_set.kind, listener_set.name] = status
    for gateway in inventory.around.gateways.values():
        found["Gateway", gateway.name] = _gateway_status(gateway, arrangement, counts, added[gateway.name])
    return found


def class_status(gateway_class: GatewayClass) -> Status:
    """Every class is accepted whose parameters are not unknown: nobody else is here who would serve its gateways."""
    problem = gateway_class.parameters_problem
    message = problem or f"gateways of controller {gateway_class.controller} are served here"
    reason = "InvalidParameters" if problem else "Accepted"
    return Status(
        conditions=(
            Condition(type="Accepted", status=not problem, reason=reason, message=message),
            Condition(type="SupportedVersion", status=True, reason="SupportedVersion"),
        ),
        features=FEATURES,
    )


def policy_statuses(
    policies: Iterable[BackendTls], conditions: Mapping[Name, tuple[Condition, ...]], routes: RouteStatuses
) -> dict[ObjectKey, Status]:
    """What became of policies for backends: the same at each gateway whose routes use them, of which 16 are named."""
    found: dict[ObjectKey, Status] = {}
    for policy in policies:
        targets = {Name(policy.name.namespace, name) for kind, name, _ in policy.targets if kind == "Service"}
        gateways = sorted({gateway for target in targets for gateway in routes.gateways_of(target)})
        parents = tuple(
            ParentStatus(reference=_reference(each), conditions=conditions[policy.name]) for each in gateways[:MOST]
        )
        found["BackendTLSPolicy", policy.name] = Status(parents=parents)
    return found


def _reference(gateway: Name) -> tuple[tuple[str, str], ...]:
    """A gateway, or a set of listeners by its key."""
    kind, _, name = gateway.name.rpartition("/")
    return (("group", GROUP), ("kind", kind or "Gateway"), ("namespace", gateway.namespace), ("name", name))


def _gateway_status(
    gateway: Gateway, arrangement: Arrangement, counts: Mapping[tuple[Name, str], int], sets: int
) -> Status:
    listeners = arrangement.sections.get(gateway.name, ())
    sections = _sections(gateway.name, listeners, arrangement, counts)
    bad = [each.name for each in sections if not _holds(each, "Accepted")]
    accepted = _summary(sections, bad, gateway.problems)
    programmed = _programmed(sections)
    addresses = dict.fromkeys(each.address for each in listeners if each.name in arrangement.usable)
    return Status(
        conditions=(
            accepted,
            programmed,
            *_further(arrangement.client_faults.get(gateway.name), sections, listeners),
        ),
        sections=sections,
        addresses=tuple(("IPAddress", address) for address in addresses),
        attached_sets=sets,
    )


def _further(
    fault: Fault | None, sections: Sequence[SectionStatus], listeners: Sequence[Listener]
) -> Iterator[Condition]:
    """Whether everything that a gateway names is there, and a warning if it lets clients in without verifying them."""
    unresolved = fault[1:] if fault is not None else None
    bad = [each.name for each in sections if not _holds(each, "ResolvedRefs")]
    if unresolved is None and bad:
        unresolved = "ListenersNotResolved", f"not resolved: {', '.join(bad)}"
    reason, message = unresolved or ("ResolvedRefs", "")
    yield Condition(type="ResolvedRefs", status=unresolved is None, reason=reason, message=message)
    trusts = [each.client_trust for each in listeners if each.client_trust is not None]
    if any(each.handling is ClientCertificates.UNVERIFIED for each in trusts):
        text = "clients are let in without a certificate that could be verified (AllowInsecureFallback)"
        yield Condition(type="InsecureFrontendValidationMode", status=True, reason="ConfigurationChanged", message=text)


def _set_status(listener_set: ListenerSet, arrangement: Arrangement, counts: Mapping[tuple[Name, str], int]) -> Status:
    key = listener_set.key
    sections = _sections(key, arrangement.sections.get(key, ()), arrangement, counts)
    fault = arrangement.set_faults.get(key)
    bad = [each.name for each in sections if not _holds(each, "Accepted") or not _holds(each, "Programmed")]
    accepted = _summary(sections, bad, (fault,) if fault is not None else ())
    programmed = _programmed(sections)
    if not accepted.status:
        programmed = replace(accepted, type="Programmed")
    return Status(conditions=(accepted, programmed), sections=sections)


def _summary(sections: Sequence[SectionStatus], bad: Sequence[str], problems: Sequence[Fault]) -> Condition:
    """Whether something is accepted: not without any listener that is good."""
    if problems:
        _, reason, message = problems[0]
        return Condition(type="Accepted", status=False, reason=reason, message=message)
    if not bad and sections:
        return Condition(type="Accepted", status=True, reason="Accepted")
    message = f"not valid: {', '.join(bad)}" if bad else "there are no listeners"
    return Condition(type="Accepted", status=len(bad) < len(sections), reason="ListenersNotValid", message=message)


def _programmed(sections: Sequence[SectionStatus]) -> Condition:
    if any(_holds(each, "Programmed") for each in sections):
        return Condition(type="Programmed", status=True, reason="Programmed")
    return Condition(type="Programmed", status=False, reason="Invalid", message="no listener can be used")


def _holds(thing: SectionStatus | Status, type_: str) -> bool:
    return any(each.type == type_ and each.status for each in thing.conditions)


def _sections(
    key: Name, listeners: Sequence[Listener], arrangement: Arrangement, counts: Mapping[tuple[Name, str], int]
) -> tuple[SectionStatus, ...]:
    """Each listener once, wherever it listens."""
    overlapping = _overlapping(listeners)
    best: dict[str, Listener] = {}
    for listener in listeners:
        known = best.get(listener.section)
        if known is None or (known.name in arrangement.unusable and listener.name not in arrangement.unusable):
            best[listener.section] = listener
    return tuple(
        SectionStatus(
            name=section,
            attached_routes=counts.get((key, section), 0),
            kinds=tuple(map(str, kinds_of(listener))),
            conditions=_listener_conditions(arrangement.faults.get(listener.name, ()), overlapping.get(section, "")),
        )
        for section, listener in best.items()
    )


def _listener_conditions(faults: Sequence[Fault], overlap: str) -> tuple[Condition, ...]:
    first = {condition: (reason, message) for condition, reason, message in reversed(faults)}
    found = []
    for type_ in ("Accepted", "ResolvedRefs"):
        reason, message = first.get(type_, (type_, ""))
        found.append(Condition(type=type_, status=type_ not in first, reason=reason, message=message))
    reason, message = first.get("Conflicted", ("NoConflicts", ""))
    found.append(Condition(type="Conflicted", status="Conflicted" in first, reason=reason, message=message))
    fatal = next((message for condition, _, message in faults if condition in FATAL), None)
    reason, message = "Programmed", ""
    if fatal is not None:
        reason, message = first.get("Programmed", ("Invalid", fatal))
    found.append(Condition(type="Programmed", status=fatal is None, reason=reason, message=message))
    if overlap:
        found.append(
            Condition(type="OverlappingTLSConfig", status=True, reason="OverlappingHostnames", message=overlap)
        )
    return tuple(found)


def _overlapping(listeners: Sequence[Listener]) -> dict[str, str]:
    """Listeners with TLS whose hosts overlap with those of another one on the same port."""
    secure: dict[tuple[str, int], list[Listener]] = {}
    for listener in listeners:
        if family(listener.protocol) == "tls":
            secure.setdefault((listener.address, listener.port), []).append(listener)
    found: dict[str, str] = {}
    for rivals in secure.values():
        for each in rivals:
            others = [other.section for other in rivals if other is not each and _overlap(each, other)]
            if others:
                found[each.section] = f"hosts overlap with those of {', '.join(others)}"
    return found


def _overlap(one: Listener, other: Listener) -> bool:
    return any(common(a.host, b.host) for a in one.hosts for b in other.hosts)
