"""Services, and what runs for them or by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from tulle.dialects.native.writing import policies, rules
from tulle.dialects.native.writing.content import Offer
from tulle.dialects.native.writing.plain import Data, changed, duration, file, kept, named, several, yes
from tulle.model.names import GATEWAY
from tulle.model.policies import Locality
from tulle.model.security import Rule
from tulle.model.services import Endpoint, Entry, Port, Protocol, Resolution, Service, Subset
from tulle.model.workloads import Probe, Workload

_USUAL_PROBE = Probe()


def service(offer: Offer, folder: str) -> Data:
    """One service; what it does not say is as usual."""
    given, namespace = offer.service, offer.service.name.namespace
    common = _common(offer, folder)
    return {
        **ports(given.ports),
        **kept(
            select=dict(given.selector),
            hosts=several(given.hosts),
            location=_location(given, offer.workloads),
            resolution=_resolution(given, offer.workloads),
            alias=given.alias,
            called=several(given.virtual_addresses),
            headless=yes(given.is_headless),
            account=_account(offer),
            identities=several(given.identities),
        ),
        **({"visible_to": several(given.exports) or []} if given.exports != ("*",) else {}),
        **common,
        **kept(
            addresses=several([address(each, given.ports) for each in _merged(given.addresses, given.ports)]),
            versions=_versions(offer, common, folder),
        ),
        **({"addresses": []} if _is_nowhere(offer) else {}),
        **policies.policy(given.policy, policies.USUAL, folder, namespace),
        **kept(port_policies=policies.by_port(offer.port_policies, given.policy, folder, namespace)),
        **kept(allow=_allow(given.allow, namespace) if given.allow else None),
        **({"allow": []} if given.allow == () else {}),
        **kept(
            routes=several([rules.conditional(each, namespace, given.name) for each in offer.rules]),
            streams=several([rules.stream(each, namespace) for each in offer.streams]),
        ),
    }


def _is_nowhere(offer: Offer) -> bool:
    """Whether nobody says where it is, and that is meant."""
    given = offer.service
    is_somewhere = given.selector or given.addresses or given.hosts or given.alias or offer.workloads
    return offer.is_declared and not is_somewhere


def ports(given: Sequence[Port]) -> Data:
    """One port by its number, several by name."""
    if len(given) == 1 and given[0].name in {str(given[0].protocol), ""}:
        port = given[0]
        return kept(port=port.number, protocol=changed(str(port.protocol), str(Protocol.HTTP)), target=_target(port))
    return kept(ports={each.name: _port(each) for each in given})


def _port(port: Port) -> object:
    usual = port.name if port.name in set(map(str, Protocol)) else str(Protocol.HTTP)
    rest = kept(protocol=changed(str(port.protocol), usual), target=_target(port))
    return {"port": port.number, **rest} if rest else port.number


def _target(port: Port) -> int | str | None:
    return None if port.target == port.number else port.target


def _location(given: Service, workloads: Sequence[Workload]) -> str | None:
    if not given.hosts:
        return None
    usual = not workloads
    return None if given.is_outside == usual else "outside" if given.is_outside else "inside"


def _resolution(given: Service, workloads: Sequence[Workload]) -> str | None:
    if not given.hosts:
        return None
    usual = Resolution.ENDPOINTS
    if not given.addresses and not workloads and not given.selector:
        is_wild = any("*" in host for host in given.hosts)
        usual = Resolution.DYNAMIC_DNS if is_wild else Resolution.DNS
    return None if given.resolution is usual else str(given.resolution)


def _account(offer: Offer) -> str | None:
    given = offer.service
    is_own = bool(offer.workloads) or not (given.selector or given.hosts or given.alias or _is_nowhere(offer))
    usual = given.name.name if is_own else ""
    return (given.account or None) if given.account != usual else None


def _versions(offer: Offer, common: Data, folder: str) -> Data:
    return {each.name: _version(each, offer, common, folder) for each in offer.service.subsets}


def _version(given: Subset, offer: Offer, common: Data, folder: str) -> Data:
    """What only a version says."""
    service_, namespace = offer.service, offer.service.name.namespace
    workload_ = next((each for each in offer.workloads if each.version == given.name), None)
    # Without labels of its own it would be run, or be, where the service says.
    is_elsewhere = bool(service_.selector or service_.hosts or service_.alias) or not offer.is_declared
    is_plain = workload_ is not None or (is_elsewhere and "command" not in common and not service_.addresses)
    has_usual = given.labels == (("version", given.name),)
    base = given.policy or service_.policy
    own = run(workload_, folder) if workload_ is not None else {}
    return {
        **kept(select=None if has_usual and is_plain else dict(given.labels)),
        **{key: value for key, value in own.items() if common.get(key) != value},
        **policies.policy(base, service_.policy, folder, namespace),
        **kept(port_policies=policies.by_port(given.port_policies, base, folder, namespace)),
    }


def _common(offer: Offer, folder: str) -> Data:
    """What is said about everything that runs for it."""
    workloads = offer.workloads
    if not workloads:
        return {}
    first, *others = (run(each, folder) for each in workloads)
    common = {key: value for key, value in first.items() if all(each.get(key) == value for each in others)}
    is_partly = len(workloads) < len(offer.service.subsets)
    if is_partly and all(each.version for each in workloads):
        common.pop("command", None)
    same = all(each.calls == workloads[0].calls for each in workloads)
    return {**common, **(_calls(workloads[0]) if same else {})}


def _calls(workload: Workload) -> Data:
    if workload.calls is None:
        return {}
    return {"calls": several([named(each, workload.name.namespace) for each in workload.calls]) or []}


def run(workload: Workload, folder: str) -> Data:
    """How something is run."""
    command = workload.command
    known = {("app", workload.service.name), ("version", workload.version)}
    labels = {key: value for key, value in workload.own_labels if workload.is_bare or (key, value) not in known}
    return {
        "command": command if isinstance(command, str) else list(command),
        **kept(
            directory=changed(file(workload.directory, folder), "."),
            env=dict(workload.environment),
            replicas=changed(workload.replicas, 1),
            ready=_ready(workload.probe),
            drain=changed(duration(workload.drain), "5s"),
            unix_socket=yes(workload.unix_socket),
            labels=labels,
            locality=_locality(workload.locality),
        ),
    }


def _ready(given: Probe) -> object:
    usual = _USUAL_PROBE
    if given == usual:
        return None
    rest = kept(
        command=given.command,
        port=given.port,
        interval=changed(duration(given.interval), duration(usual.interval)),
        timeout=changed(duration(given.timeout), duration(usual.timeout)),
        deadline=changed(duration(given.deadline), duration(usual.deadline)),
    )
    if given.path and not rest:
        return given.path
    return {**kept(http=given.path), **rest}


def _locality(given: Locality | None) -> str | None:
    return str(given) if given is not None else None


def workload(given: Workload, folder: str) -> Data:
    """Something that runs and has no service of its own."""
    account = kept(account=changed(given.account, "default"))
    return {**ports(given.ports), **account, **run(given, folder), **_calls(given)}


def entry(given: Entry) -> Data:
    """A workload that somebody else runs."""
    numbers = [Port(name=name, number=number) for name, number in given.ports]
    return {
        "address": f"unix:{given.address}" if given.address.startswith("/") else given.address,
        **({"ports": {each.name: each.number for each in numbers}} if numbers else {}),
        **kept(
            labels=dict(given.labels),
            account=given.account,
            weight=changed(given.weight, 1),
            network=given.network,
            locality=_locality(given.locality),
            sidecar=yes(given.is_meshed),
        ),
    }


def _merged(given: Sequence[Endpoint], known: Sequence[Port]) -> list[Endpoint]:
    """Places that serve every port at its number are one place without a port."""
    found: list[Endpoint] = []
    rest = list(given)
    while rest:
        first = rest.pop(0)
        bare = _bare(first)
        everywhere = [(port.number, port.name) for port in known]
        same = [first, *rest[: len(known) - 1]]
        if (
            len(known) > 1
            and [(each.port, each.port_name) for each in same] == everywhere
            and all(_bare(each) == bare for each in same)
        ):
            del rest[: len(known) - 1]
            first = bare
        found.append(first)
    return found


def _bare(given: Endpoint) -> Endpoint:
    return replace(given, port=0, port_name="")


def address(given: Endpoint, known: Sequence[Port]) -> object:
    """Text, if nothing else is said."""
    host = f"[{given.address}]" if ":" in given.address else given.address
    text = f"unix:{given.address}" if given.address.startswith("/") else f"{host}:{given.port}" if given.port else host
    served = next((port.name for port in known if port.number == given.port), known[0].name if known else "")
    usual = "" if len(known) <= 1 else served
    rest = kept(
        port=given.port_name if given.port_name != usual and given.port else None,
        labels=dict(given.labels),
        weight=changed(given.weight, 1),
        locality=_locality(given.locality),
        network=given.network,
        account=given.account,
        sidecar=yes(given.is_meshed),
        ready=None if given.is_ready else False,
        draining=yes(given.is_draining),
    )
    return {"address": text, **rest} if rest else text


def _allow(given: Sequence[Rule] | None, namespace: str) -> object:
    return several([_permission(each, namespace) for each in given or ()])


def _permission(given: Rule, namespace: str) -> object:
    callers = ["gateway" if each == GATEWAY else named(each, namespace) for each in given.callers]
    rest = kept(
        namespace=several(given.namespaces),
        methods=several(given.methods),
        paths=several(given.paths),
        ports=several(given.ports),
    )
    if len(callers) == 1 and not rest:
        return callers[0]
    return {**kept(**{"from": several(callers)}), **rest}
