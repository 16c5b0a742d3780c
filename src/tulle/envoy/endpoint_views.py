"""Views: which endpoints of a service a cluster chooses from, and in which order. A view and its name say the same.

The name of a load assignment is the name of its view. So an assignment is compiled from its name and the endpoints
alone, and clusters that select the same endpoints share it, however their policies differ.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from urllib.parse import quote, unquote

from tulle.envoy import naming
from tulle.kit.quick import quick
from tulle.model.names import Name
from tulle.model.policies import Locality

Pairs = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Preference:
    """Which endpoints come first, for callers in one place. One of `shares`, `near` and `labels` is set."""

    shares: tuple[tuple[str, int], ...] = ()
    """Localities of endpoints (`region/zone/*`) and their percentages; endpoints elsewhere are not called."""
    near: Locality | None = None
    """Where the caller is: endpoints are the worse the farther away."""
    refuge: str = ""
    """With `near`: the only region that is better than the others once that of the caller has failed."""
    labels: Pairs = ()
    """Labels in order of their weight, each with the value of a good endpoint."""

    def __str__(self) -> str:
        if self.shares:
            return "shares;" + ";".join(f"{_quoted(place)}={share}" for place, share in self.shares)
        if self.near is not None:
            return f"near;{_quoted(str(self.near))};{_quoted(self.refuge)}"
        return "labels;" + _joined(self.labels)

    @classmethod
    def parse(cls, text: str) -> Preference | None:
        """What a name says; None for what no preference is called."""
        kind, _, rest = text.partition(";")
        match kind:
            case "shares":
                shares = tuple((place, int(share)) for place, share in _split(rest) if share.isdecimal())
                return cls(shares=shares)
            case "near":
                place, _, refuge = rest.partition(";")
                return cls(near=Locality.parse(unquote(place)), refuge=unquote(refuge))
            case "labels":
                return cls(labels=_split(rest))
            case _:
                return None


@quick
@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """Endpoints of one port of a service: those with all of these labels, perhaps in order of a preference."""

    service: Name
    port: int
    labels: Pairs = ()
    preference: Preference | None = None
    is_udp: bool = False

    @property
    def name(self) -> str:
        """Name of its load assignment: without labels and preference the same as that of the cluster."""
        name = naming.cluster(self.service, self.port, _joined(tuple(sorted(self.labels))), is_udp=self.is_udp)
        return f"{name}|{self.preference}" if self.preference else name


NOTHING = View(service=Name("", ""), port=0)
"""What any other name says: no service is called so."""


@lru_cache(1024)
def parse(name: str) -> View:
    """The view of a load assignment by its name; `NOTHING` for any other name, whoever made it up."""
    parts = name.split("|")
    number = parts[1].removesuffix(naming.UDP) if len(parts) in {4, 5} else ""
    if parts[0] != "outbound" or not (number.isascii() and number.isdecimal()):
        return NOTHING
    return View(
        service=Name.written(parts[3]),
        port=int(number),
        labels=_split(parts[2]),
        preference=Preference.parse(parts[4]) if len(parts) == 5 else None,
        is_udp=number != parts[1],
    )


def _joined(pairs: Pairs) -> str:
    return ";".join(f"{_quoted(key)}={_quoted(value)}" for key, value in pairs)


def _split(text: str) -> Pairs:
    pairs = (each.partition("=") for each in text.split(";") if each)
    return tuple((unquote(key), unquote(value)) for key, _, value in pairs)


def _quoted(text: str) -> str:
    return quote(text, safe="/*")
