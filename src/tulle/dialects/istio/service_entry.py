"""`ServiceEntry`: a service that nobody here runs, or that runs elsewhere too."""

from __future__ import annotations

from ipaddress import ip_network
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field

from tulle.dialects.fields import PortNumber, refuse, shown
from tulle.dialects.istio.hosts import HostName, service_name
from tulle.dialects.istio.protocols import PROTOCOLS, known, spoken
from tulle.dialects.istio.values import GROUP, VERSIONS, LabelSelection, exports
from tulle.dialects.istio.workloads import UNIX, WorkloadSpec, check_address
from tulle.dialects.objects import Differs, Items, Object, ObjectKind, ObjectSpec, labels_of, validated
from tulle.dialects.written import Written
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.services import Endpoint, Port, Resolution, Service

_RESOLUTION = {
    "NONE": Resolution.NONE,
    "STATIC": Resolution.ENDPOINTS,
    "DNS": Resolution.DNS,
    "DNS_ROUND_ROBIN": Resolution.DNS_ROUND_ROBIN,
    "DYNAMIC_DNS": Resolution.DYNAMIC_DNS,
}
_BY_NAME = ("DNS", "DNS_ROUND_ROBIN")
_NOBODY = "~"


def _address(value: object) -> object:
    try:
        ip_network(value if isinstance(value, str) else "", strict=False)
    except ValueError:
        refuse(f"must be an IP address or a subnet such as 10.1.0.0/16, not {shown(value)}")
    return value


def _export(value: object) -> object:
    if not isinstance(value, str) or not value:
        refuse(f"must be a namespace, . for its own, * for all or ~ for nobody, not {shown(value)}")
    return value


class ServicePort(ObjectSpec):
    """A port of the service."""

    number: PortNumber = Field(description="The number that callers use.")
    protocol: Annotated[str, BeforeValidator(known)] = Field(
        "", description=f"{', '.join(PROTOCOLS)}; by the name of the port if not given, or else TCP."
    )
    name: str = Field("", description="What it is called.")
    target_port: PortNumber | None = Field(None, description="The port of the endpoints, if it is another one.")


class ServiceEntrySpec(ObjectSpec):
    """A service that nobody here runs, or that runs elsewhere too."""

    hosts: Annotated[Items[HostName], Field(min_length=1)] = Field(description="Hosts by which it is called.")
    addresses: Annotated[
        Items[Annotated[str, BeforeValidator(_address)]],
        Differs("counts for callers that ask for the address; without capture nobody else is sent here"),
    ] = Field((), description="Addresses by which it is called, beside its hosts.")
    ports: Items[ServicePort] = Field((), description="Its ports.")
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] = Field(
        "MESH_EXTERNAL", description="Whether it is a part of the mesh: mutual TLS, identities."
    )
    resolution: Annotated[
        Literal["NONE", "STATIC", "DNS", "DNS_ROUND_ROBIN", "DYNAMIC_DNS"],
        Differs("without capture, NONE calls the host that was asked for, and DYNAMIC_DNS the port of the request"),
    ] = Field("NONE", description="How callers find its places.")
    endpoints: Items[WorkloadSpec] = Field((), description="Its places.")
    workload_selector: LabelSelection | None = Field(None, description="Its places, by labels of what runs there.")
    export_to: Items[Annotated[str, BeforeValidator(_export)]] = Field(
        (), description="Namespaces that see it; all if not given."
    )
    subject_alt_names: Items[str] = Field((), description="Identities that its workloads show.")


class ServiceEntry(Object):
    """A service that nobody here runs, or that runs elsewhere too."""

    spec: ServiceEntrySpec = Field(description="The service.")


def read(part: Written) -> Fragment:
    """One ServiceEntry: a service for each of its hosts."""
    found = validated(part, ServiceEntry)
    if found is None:
        return Fragment(findings=tuple(part.findings))
    _check(part, found.spec)
    if any(finding.is_error for finding in part.findings):
        return Fragment(findings=tuple(part.findings))
    hosts = dict.fromkeys(found.spec.hosts)
    services = tuple(_service(part, found.spec, host) for host in hosts)
    return Fragment(declared=services, findings=tuple(part.findings))


def _check(part: Written, spec: ServiceEntrySpec) -> None:
    _check_ports(part, spec)
    if spec.endpoints and spec.workload_selector is not None:
        part.error(("spec", "workloadSelector"), "cannot stand beside endpoints; write one of them")
    if spec.endpoints and spec.resolution in {"NONE", "DYNAMIC_DNS"}:
        part.error(("spec", "endpoints"), f"cannot be used with resolution {spec.resolution}; write STATIC or DNS")
    if spec.resolution == "STATIC" and not spec.endpoints and spec.workload_selector is None:
        part.warning(("spec", "resolution"), "is STATIC, but there are neither endpoints nor a workloadSelector")
    for index, endpoint in enumerate(spec.endpoints):
        path = ("spec", "endpoints", index)
        check_address(part, path, endpoint, only_addresses=spec.resolution == "STATIC")
        for name in endpoint.ports:
            if name not in {port.name for port in spec.ports}:
                part.error((*path, "ports", name), "is the name of no port of the service")
    for index, host in enumerate(spec.hosts):
        if not host.startswith("*"):
            continue
        if spec.resolution in _BY_NAME and not spec.endpoints and spec.workload_selector is None:
            part.error(
                ("spec", "hosts", index),
                f"is {host}, which DNS cannot be asked for; write endpoints, or resolution: DYNAMIC_DNS",
            )


def _check_ports(part: Written, spec: ServiceEntrySpec) -> None:
    if not spec.ports:
        part.error(("spec", "ports"), "is empty; name at least one")
    numbers: set[int] = set()
    names: set[str] = set()
    for index, port in enumerate(spec.ports):
        path = ("spec", "ports", index)
        if port.number in numbers:
            part.error((*path, "number"), f"is {port.number}, which another port has")
        if port.name and port.name in names:
            part.error((*path, "name"), f'is "{port.name}", which another port has')
        numbers.add(port.number)
        names.add(port.name)


def _service(part: Written, spec: ServiceEntrySpec, host: str) -> Service:
    qualified = service_name(host)
    selector = labels_of(spec.workload_selector.labels) if spec.workload_selector is not None else ()
    return Service(
        name=qualified or Name(part.document.key.name.namespace, host),
        origin=part.origin,
        ports=tuple(
            Port(
                name=port.name or str(port.number),
                number=port.number,
                protocol=spoken(port.protocol, port.name),
                target=port.target_port,
            )
            for port in spec.ports
        ),
        # Nobody knows the account of what nobody here runs; endpoints and `identities` may say it.
        account="",
        addresses=_addresses(spec, host),
        selector=selector,
        selector_origin=part.at("spec", "workloadSelector"),
        host_origin=part.at("spec", "hosts", spec.hosts.index(host)),
        hosts=(host,),
        virtual_addresses=spec.addresses,
        resolution=_RESOLUTION[spec.resolution],
        is_outside=spec.location == "MESH_EXTERNAL",
        exports=() if _NOBODY in spec.export_to else exports(spec.export_to),
        identities=spec.subject_alt_names,
        runs_here=bool(selector) or qualified is not None,
    )


def _addresses(spec: ServiceEntrySpec, host: str) -> tuple[Endpoint, ...]:
    """A place for each endpoint and port; without endpoints, DNS is asked for the host itself."""
    endpoints = spec.endpoints
    if not endpoints and spec.workload_selector is None and spec.resolution in _BY_NAME:
        endpoints = (WorkloadSpec.model_validate({"address": host}),)
    return tuple(_endpoint(endpoint, port) for endpoint in endpoints for port in spec.ports)


def _endpoint(spec: WorkloadSpec, port: ServicePort) -> Endpoint:
    number = spec.ports.get(port.name, port.target_port or port.number)
    return Endpoint(
        address=spec.where,
        port=0 if spec.address.startswith(UNIX) else number,
        port_name=port.name or str(port.number),
        labels=labels_of(spec.labels),
        weight=spec.weight or 1,
        is_meshed=spec.is_meshed,
        locality=spec.place,
        network=spec.network,
        account=spec.service_account,
    )


KIND = ObjectKind(
    group=GROUP,
    versions=VERSIONS,
    kind="ServiceEntry",
    schema=ServiceEntry,
    read=read,
    documentation="https://istio.io/latest/docs/reference/config/networking/service-entry/",
)
