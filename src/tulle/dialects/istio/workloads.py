"""Places that something runs at: the fields of Istio's `WorkloadEntry`, which several kinds share."""

from __future__ import annotations

from pydantic import Field

from tulle.dialects.fields import LONGEST_SOCKET, PortNumber, Weight
from tulle.dialects.istio.hosts import is_host
from tulle.dialects.objects import ObjectSpec, Strings
from tulle.dialects.written import Step, Written
from tulle.model.hostnames import is_address
from tulle.model.policies import Locality

UNIX = "unix://"
_TLS_MODE = "security.istio.io/tlsMode"
"""Label by which Istio's documents say that a sidecar stands somewhere."""


class WorkloadSpec(ObjectSpec):
    """A place that something runs at."""

    address: str = Field("", description="IP address, host name, or unix:///path.")
    ports: dict[str, PortNumber] = Field(
        default_factory=dict, description="Its ports, by the names of the service's ports, where they are others."
    )
    labels: Strings = Field(description="What selectors and subsets find it by.")
    network: str = Field("", description="The network that it is in, if not everybody's.")
    locality: str = Field("", description="region/zone/subzone.")
    weight: Weight = Field(0, description="Its share, relative to the others; as if 1 if not given.")
    service_account: str = Field("", description="Service account of what runs there, behind a sidecar.")

    @property
    def place(self) -> Locality | None:
        """Where it is, if it says so."""
        return Locality.parse(self.locality) if self.locality else None

    @property
    def is_meshed(self) -> bool:
        """Whether a sidecar stands there: a label says so, or else that there is an account."""
        mode = self.labels.get(_TLS_MODE)
        return mode == "istio" if mode is not None else bool(self.service_account)

    @property
    def where(self) -> str:
        """The address; of a Unix socket its path."""
        return self.address.removeprefix(UNIX)


def check_address(part: Written, path: tuple[Step, ...], spec: WorkloadSpec, *, only_addresses: bool = False) -> None:
    """Note an address that cannot be called."""
    address, place = spec.address, (*path, "address")
    if not address:
        part.error(path if path else ("address",), "has no address; write an IP address, a host name or unix:///path")
    elif address.startswith(UNIX):
        if not spec.where.startswith("/") or len(spec.where.encode()) > LONGEST_SOCKET:
            part.error(
                place, f'must be an absolute path of at most {LONGEST_SOCKET} bytes after {UNIX}, not "{address}"'
            )
        if spec.ports:
            part.error((*path, "ports"), "cannot stand beside a Unix socket, which has no ports")
    elif only_addresses and not is_address(address):
        part.error(place, f'is "{address}", which is no IP address; write resolution: DNS for host names')
    elif not is_host(address):
        part.error(place, f'must be an IP address, a host name or unix:///path, not "{address}"')
