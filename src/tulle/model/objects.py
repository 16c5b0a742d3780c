"""What other objects refer to and that is no traffic itself: namespaces, secrets, grants, classes."""

from __future__ import annotations

from dataclasses import dataclass, field

from tulle.model.documents import Origin
from tulle.model.listeners import Admission, Certificate
from tulle.model.names import Name


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Namespace:
    """A namespace that was written, for its labels; every other one exists without any."""

    name: str
    origin: Origin
    labels: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Secret:
    """Certificates and keys by the names that Kubernetes gives them: `tls.crt`, `tls.key`, `ca.crt`."""

    name: Name
    origin: Origin
    data: tuple[tuple[str, bytes], ...] = field(default=(), repr=False)

    def get(self, *keys: str) -> bytes:
        """The first of these entries that is there; empty if none is."""
        found = dict(self.data)
        return next((found[key] for key in keys if key in found), b"")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class ConfigMap:
    """Texts by name, for authorities of certificates: `ca.crt`."""

    name: Name
    origin: Origin
    data: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantFrom:
    """Objects that may refer to something."""

    group: str
    kind: str
    namespace: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantTo:
    """Objects that may be referred to."""

    group: str
    kind: str
    name: str = ""
    """Empty: all of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Grant:
    """Consent of a namespace to references from others (Gateway API ReferenceGrant)."""

    name: Name
    origin: Origin
    sources: tuple[GrantFrom, ...]
    targets: tuple[GrantTo, ...]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class Gateway:
    """A gateway as an object with a status; its listeners are `Listener`s that name it."""

    name: Name
    origin: Origin
    class_name: str
    created: str = ""
    problems: tuple[tuple[str, str, str], ...] = ()
    """What is wrong with it by itself: condition, reason, sentence."""
    sets_from: Admission | None = None
    """Whose ListenerSets may add listeners to it; None: nobody's."""
    client_certificate: Certificate | None = None
    """What it shows to backends that it calls with TLS."""
    client_certificate_problem: str = ""
    """Why what was written cannot be that."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class ListenerSet:
    """Listeners that another document adds to a gateway; they name the set, by its `key`, as `Listener.gateway`."""

    name: Name
    origin: Origin
    parent: Name
    created: str = ""
    parent_origin: Origin | None = None
    """Where the parent was written, if not where the set begins."""
    kind: str = "ListenerSet"
    """As its document has it: experimental sets are called `XListenerSet`."""

    @property
    def key(self) -> Name:
        """What its listeners and the parents of routes name it by."""
        return listener_set_key(self.name)


def listener_set_key(name: Name) -> Name:
    """How a set of listeners is named where gateways are named too, of which one may have the same name."""
    return Name(name.namespace, f"ListenerSet/{name.name}")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class GatewayClass:
    """A class of gateways, or of ingresses."""

    name: str
    origin: Origin
    controller: str
    is_default: bool = False
    kind: str = "GatewayClass"
    parameters_problem: str = ""
    """Why its parameters cannot be used; empty if it has none."""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class BackendTls:
    """TLS towards some services, said by a document of its own (Gateway API BackendTLSPolicy)."""

    name: Name
    origin: Origin
    targets: tuple[tuple[str, str, str], ...]
    """Kind, name (in its own namespace), name of the port (empty: all)."""
    server_name: str
    ca_maps: tuple[Name, ...] = ()
    uses_system_ca: bool = False
    subject_alt_names: tuple[str, ...] = ()
    created: str = ""
    problems: tuple[tuple[str, str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True, eq=False, weakref_slot=True)
class SharedCertificates:
    """Certificates that a document brings to a gateway which it shares with others (Ingress `tls`)."""

    name: Name
    origin: Origin
    gateway: Name
    certificates: tuple[Certificate, ...]
