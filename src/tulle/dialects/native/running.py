"""How a service, or a version of it, is run or where it already is: command, environment, readiness, addresses."""

from __future__ import annotations

import os.path
import re
from functools import lru_cache
from ipaddress import ip_address
from typing import Annotated, Self, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from tulle.dialects.fields import (
    HOST,
    LONGEST_SOCKET,
    Duration,
    File,
    Label,
    Path,
    PositiveDuration,
    PositiveWeight,
    Several,
    Spec,
    Text,
    Texts,
    refuse,
    shown,
)
from tulle.dialects.objects import SUBDOMAIN
from tulle.dialects.written import Step, Written
from tulle.model.findings import did_you_mean
from tulle.model.policies import Locality
from tulle.model.services import Endpoint, Port
from tulle.model.workloads import Probe

MOST_REPLICAS = 1000
HIGHEST_PORT = 65535
_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]*")
_OCTET = "(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
_IPV4 = re.compile(rf"({_OCTET}(?:\.{_OCTET}){{3}})(?::([0-9]{{1,5}}))?")
"""An address as `ip_address` would write it, found ten times faster; nearly all are."""
LABEL_KEY = re.compile(r"(?:[a-z0-9](?:[-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9](?:[-_.A-Za-z0-9]{0,61}[A-Za-z0-9])?")
_LOCALITY = re.compile(r"[^/\s]+(?:/[^/\s]+){0,2}|(?:/[^/\s]+){1,2}")
"""The region may be unknown: Kubernetes tells the zone of an endpoint without it."""
_DIGITS = re.compile(r"[0-9.]+")
_ADDRESS = re.compile(r"\[([0-9a-fA-F:.]+)\](?::([0-9]{1,5}))?|([^:\[\]]+)(?::([0-9]{1,5}))?")


@lru_cache(256)
def split_address(text: str) -> tuple[str, int]:
    """Host and port of an address (port 0: none was written; host `/path`: a Unix socket).

    Raises:
        ValueError: it is no address.
    """
    plain = _IPV4.fullmatch(text)
    if plain and int(plain[2] or 0) <= HIGHEST_PORT:
        return plain[1], int(plain[2] or 0)
    if text.startswith("unix:"):
        if not text[5:].startswith("/") or len(text.encode()) > 5 + LONGEST_SOCKET:
            raise ValueError(text)
        return text[5:], 0
    match = _ADDRESS.fullmatch(text)
    if match is None:
        raise ValueError(text)
    host, port = match[1] or match[3], int(match[2] or match[4] or 0)
    if match[1] or _DIGITS.fullmatch(host):
        host = str(ip_address(host))
    elif not HOST.fullmatch(host.lower()) or "*" in host:
        raise ValueError(text)
    if port > HIGHEST_PORT:
        raise ValueError(text)
    return host, port


def _address(value: object) -> object:
    try:
        split_address(value if isinstance(value, str) else "")
    except ValueError:
        refuse(
            f"must be an address such as 10.0.0.5:8080, [::1]:80, db.example.org:5432 or unix:/path, not {shown(value)}"
        )
    return value


def _command(value: object) -> object:
    if isinstance(value, str) and value.strip():
        return (value,)
    if isinstance(value, list) and value and all(isinstance(item, str) for item in value) and value[0]:
        return ("", *value)
    refuse("must be a line for the shell, or a list with a program and its arguments (all of them text)")


def _variables(value: dict[str, str]) -> dict[str, str]:
    for name, text in value.items():
        if not _VARIABLE.fullmatch(name):
            refuse(f"has {shown(name)}, which is no name of a variable")
        if "\0" in text:
            refuse(f"has a zero byte in {name}")
    return value


T = TypeVar("T")


def _label_names(value: dict[str, T]) -> dict[str, T]:
    for name in value:
        if not LABEL_KEY.fullmatch(name):
            refuse(f"has {shown(name)}, which is no name of a label such as app or example.org/team")
    return value


def _locality(value: object) -> object:
    if not isinstance(value, str) or not _LOCALITY.fullmatch(value):
        refuse(f"must be region, region/zone or region/zone/subzone, not {shown(value)}")
    return value


def _secret(value: object) -> object:
    if not isinstance(value, str) or not SUBDOMAIN.fullmatch(value):
        refuse(f"must name a secret such as shop-tls or shop-tls.web, not {shown(value)}")
    return value


SecretName = Annotated[str, BeforeValidator(_secret)]
"""A Secret (or ConfigMap), with its namespace where it is another one."""
LabelMap = Annotated[dict[str, Text], AfterValidator(_label_names)]
LabelsOfSeveral = Annotated[dict[str, Texts], AfterValidator(_label_names)]
"""Labels, each with one value or several."""
Address = Annotated[str, BeforeValidator(_address)]
Command = Annotated[tuple[str, ...], BeforeValidator(_command, json_schema_input_type=str | list[str])]
"""A shell line as a tuple of one; a program and its arguments after an empty first item."""
Environment = Annotated[dict[str, Text], AfterValidator(_variables)]


class ReadySpec(Spec):
    """How to find out that an instance is ready; it accepts connections, if nothing is given."""

    http: Path | None = Field(None, description="A GET of this path answers 200 to 399.")
    tcp: bool = Field(False, description="The port accepts connections.")
    command: str | None = Field(None, min_length=1, description="This command, run by the shell, succeeds.")
    port: Label | None = Field(None, description="The name of the port; the first one if not given.")
    interval: PositiveDuration = Field(0.1, description="Between checks while it starts.")
    timeout: PositiveDuration = Field(1.0, description="For one check.")
    deadline: PositiveDuration = Field(60.0, description="After which it is reported and started anew.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if sum((self.http is not None, self.tcp, self.command is not None)) > 1:
            refuse("takes only one of http, tcp, command")
        return self

    def model(self) -> Probe:
        """As the model has it."""
        return Probe(
            path=self.http or "",
            command=self.command or "",
            port=self.port or "",
            interval=self.interval,
            timeout=self.timeout,
            deadline=self.deadline,
        )


def _ready(value: object) -> object:
    if isinstance(value, str):
        return {"http": value}
    if not isinstance(value, dict):
        refuse(f"must be a path such as /healthz, or a mapping with http, tcp or command, not {shown(value)}")
    return value


Ready = Annotated[ReadySpec, BeforeValidator(_ready, json_schema_input_type=str | ReadySpec)]


class CommandSpec(Spec):
    """How it is run."""

    command: Command | None = Field(None, description="What to run: a shell line, or a list of program and arguments.")
    directory: File | None = Field(None, description="Where it runs; the folder of this file if not given.")
    env: Environment = Field(default_factory=dict, description="Its environment, beside PORT and what tulle adds.")
    replicas: Annotated[int, Field(ge=0, le=MOST_REPLICAS)] = Field(1, description="How many of it run.")
    ready: Ready | None = Field(None, description="How to know that it is ready: a path, or http, tcp, command.")
    drain: Duration = Field(5.0, description="What it may take to finish its requests when it is stopped.")
    unix_socket: bool = Field(False, description="Whether it listens on the Unix socket SOCKET instead of PORT.")
    labels: LabelMap = Field(default_factory=dict, description="More labels, by which selectors find it.")
    locality: Annotated[str, BeforeValidator(_locality)] | None = Field(
        None, description="Where it is: region, region/zone or region/zone/subzone."
    )


class AddressSpec(Spec):
    """A place where a service already runs, and what is known of it."""

    address: Address = Field(description="Where it is: 10.0.0.5:8080.")
    port: Label | None = Field(None, description="The name of the port that it serves; by its number if not given.")
    labels: LabelMap = Field(default_factory=dict, description="Labels, by which versions select it.")
    weight: PositiveWeight = Field(1, description="Its share of the calls, relative to the others.")
    locality: Annotated[str, BeforeValidator(_locality)] | None = Field(
        None, description="Where it is: region, region/zone or region/zone/subzone."
    )
    network: Text = Field("", description="The network that it is in.")
    account: Label | None = Field(None, description="The service account of what answers there.")
    sidecar: bool = Field(False, description="Whether a sidecar of this mesh stands there.")
    ready: bool = Field(True, description="Whether it may be called.")
    draining: bool = Field(False, description="Whether it only finishes what it has.")


def _place(value: object) -> object:
    return value if isinstance(value, dict) else {"address": _address(value)}


Place = Annotated[AddressSpec, BeforeValidator(_place, json_schema_input_type=str | AddressSpec)]


class RunSpec(CommandSpec):
    """How it is run, or where it already is."""

    addresses: Annotated[tuple[Place, ...], Several()] | None = Field(
        None, description="Where it already runs, if tulle does not run it: 10.0.0.5:8080; [] for nowhere yet."
    )

    @property
    def is_placed(self) -> bool:
        """Whether it says itself how it is run, or where it is."""
        return self.command is not None or self.addresses is not None


def check_probe(part: Written, path: tuple[Step, ...], ready: ReadySpec | None, ports: tuple[Port, ...]) -> None:
    """Note a check of a port that does not exist."""
    names = [port.name for port in ports]
    if ready is None:
        return
    if ready.port is not None and ready.port not in names:
        hint = did_you_mean(ready.port, names)
        part.error((*path, "port"), f'names port "{ready.port}", which does not exist{hint}')
    if (ready.http is not None or ready.tcp) and not ports:
        part.error(path, "needs a port; write port, or ready with command")


def absolute(folder: str, path: str | None) -> str:
    """A path of the file, as an absolute one."""
    return os.path.normpath(os.path.join(folder, os.path.expanduser(path or "")))


def command_of(command: Command) -> str | tuple[str, ...]:
    """As the model has it."""
    return command[1:] if command[0] == "" else command[0]


def endpoints(
    addresses: tuple[AddressSpec, ...],
    ports: tuple[Port, ...],
    labels: tuple[tuple[str, str], ...],
    locality: Locality | None = None,
) -> tuple[Endpoint, ...]:
    """The places that addresses mean. One without a port serves every port of the service, at its number."""
    found = []
    for spec in addresses:
        host, number = split_address(spec.address)
        if number or host.startswith("/"):
            places = [(number, spec.port or _served(number, ports))]
        else:
            places = [(port.number, port.name) for port in ports if spec.port in {None, port.name}]
        own = Locality.parse(spec.locality) if spec.locality is not None else locality
        known = tuple({**dict(labels), **spec.labels}.items()) if spec.labels else labels
        found += [_endpoint(spec, host, number, name, known, own) for number, name in places]
    return tuple(found)


def _endpoint(
    spec: AddressSpec, host: str, number: int, name: str, labels: tuple[tuple[str, str], ...], locality: Locality | None
) -> Endpoint:
    return Endpoint(
        address=host,
        port=number,
        port_name=name,
        labels=labels,
        weight=spec.weight,
        is_meshed=spec.sidecar,
        locality=locality,
        network=spec.network,
        account=spec.account or "",
        is_ready=spec.ready,
        is_draining=spec.draining,
    )


def _served(number: int, ports: tuple[Port, ...]) -> str:
    """The name of the port that an address with this number serves; empty for all of them."""
    if len(ports) <= 1:
        return ""
    return next((port.name for port in ports if port.number == number), ports[0].name)
