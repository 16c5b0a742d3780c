"""Documents of Gateway API with everything that they need, put together as the control plane does it."""

from __future__ import annotations

import datetime
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tulle.dialects import registry
from tulle.flow.attachment import Attached, attach
from tulle.flow.backend_tls import TlsPolicies, tls_policies
from tulle.flow.gateways import Arrangement, arrange
from tulle.flow.listener_references import Inventory
from tulle.flow.statuses import RouteStatuses, gateway_statuses, policy_statuses
from tulle.flow.surroundings import Surroundings
from tulle.kit.located_yaml import parse, pieces
from tulle.model.documents import BUILT_IN, Anchor, Document, Key, Origin
from tulle.model.findings import Finding
from tulle.model.listeners import Listener
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.objects import (
    BackendTls,
    ConfigMap,
    Gateway,
    GatewayClass,
    Grant,
    ListenerSet,
    Namespace,
    Secret,
)
from tulle.model.routes import RouteSet
from tulle.model.services import Port, Protocol, Service
from tulle.model.statuses import ObjectKey, Status


@cache
def certificate(host: str = "a.example") -> tuple[bytes, bytes]:
    """A certificate and its key, in PEM."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
    begin = datetime.datetime(2024, 1, 1, tzinfo=datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(begin)
        .not_valid_after(begin + datetime.timedelta(days=36500))
        .sign(key, hashes.SHA256())
    )
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return made.public_bytes(Encoding.PEM), pem


def secret(name: Name, **data: bytes) -> Secret:
    chain, key = certificate()
    found = {each.replace("_", "."): value for each, value in data.items()} or {"tls.crt": chain, "tls.key": key}
    return Secret(name=name, origin=BUILT_IN, data=tuple(found.items()))


def authorities(name: Name, text: str | None = None) -> ConfigMap:
    data = certificate()[0].decode() if text is None else text
    return ConfigMap(name=name, origin=BUILT_IN, data=(("ca.crt", data),))


def service(name: Name, *ports: Port) -> Service:
    return Service(name=name, origin=BUILT_IN, ports=ports or (Port(name="http", number=80),), account=name.name)


UDP = Port(name="udp", number=53, protocol=Protocol.UDP)


def fragments(text: str, file: str = "in.yaml") -> list[Fragment]:
    """What documents say."""
    found = []
    for index, piece in enumerate(pieces(text)):
        data = parse(piece.text)
        assert isinstance(data, dict)
        origin = Origin("file", file, Anchor(piece.line + 1))
        document = Document(origin, Key("file", Name("", f"{file}#{index}")), data, "/folder")
        parts, findings = registry.split(document)
        assert not findings, findings
        found += [registry.read(part) for part in parts]
    return found


@dataclass
class GatewayWorld:
    """Everything that some documents say, and what becomes of it."""

    text: str
    services: Iterable[Service] = ()
    secrets: Iterable[Secret] = ()
    config_maps: Iterable[ConfigMap] = ()
    listeners: tuple[Listener, ...] = ()
    """More of them, of other languages."""
    read: list[Finding] = field(default_factory=list)

    def __post_init__(self) -> None:
        found = fragments(self.text)
        self.read = [finding for each in found for finding in each.findings]
        objects = [each for fragment in found for each in fragment.objects]
        declared = [each for fragment in found for each in fragment.services]
        services = {each.name: each for each in (*self.services, *declared)}
        config_maps = {each.name: each for each in self.config_maps}
        grants: dict[str, tuple[Grant, ...]] = {}
        for each in objects:
            if isinstance(each, Grant):
                grants[each.name.namespace] = (*grants.get(each.name.namespace, ()), each)
        self.tls = [each for each in objects if isinstance(each, BackendTls)]
        self.policies: TlsPolicies = tls_policies(self.tls, services, config_maps)
        around = Surroundings(
            gateways={each.name: each for each in objects if isinstance(each, Gateway)},
            sets={each.key: each for each in objects if isinstance(each, ListenerSet)},
            namespaces={each.name: each for each in objects if isinstance(each, Namespace)},
            grants=grants,
            services=services,
            untrusted=self.policies.untrusted,
        )
        self.inventory = Inventory(
            listeners=(*(each for fragment in found for each in fragment.listeners), *self.listeners),
            around=around,
            classes={each.name: each for each in objects if isinstance(each, GatewayClass)},
            secrets={each.name: each for each in self.secrets},
            config_maps=config_maps,
        )
        self.arrangement: Arrangement = arrange(self.inventory)
        self.around = self.arrangement.surroundings(around)
        self.routes: list[RouteSet] = [each for fragment in found for each in fragment.routes]
        self.attached: dict[RouteSet, Attached] = {route: attach(route, self.around) for route in self.routes}

    @property
    def findings(self) -> list[str]:
        found = [*self.read, *self.arrangement.findings, *self.policies.findings]
        found += [finding for each in self.attached.values() for finding in each.findings]
        return [f"{each.origin.line} {each.severity}: {each.message}" for each in found]

    @property
    def placed(self) -> dict[str, str]:
        """Where the listeners that count are, by their ids."""
        return {each.id: f"{each.address}:{each.port}" for each in self.arrangement.usable.values()}

    @property
    def statuses(self) -> dict[ObjectKey, Status]:
        routes = RouteStatuses()
        for route, attached in self.attached.items():
            routes.put(route, None, attached)
        found = gateway_statuses(self.inventory, self.arrangement, routes.counts)
        found |= policy_statuses(self.tls, self.policies.conditions, routes)
        return found | routes.statuses

    def conditions(self, kind: str, name: Name, section: str = "") -> dict[str, str]:
        """`Accepted: True Accepted` and so on, of a gateway, a listener, or of a route at its first parent."""
        status = self.statuses[kind, name]
        found = status.parents[0].conditions if status.parents else status.conditions
        if section:
            found = next(each.conditions for each in status.sections if each.name == section)
        return {each.type: f"{each.status} {each.reason}" for each in found}
