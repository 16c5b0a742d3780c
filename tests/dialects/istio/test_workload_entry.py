from __future__ import annotations

from collections.abc import Callable

from tests.dialects.istio.networking import document, findings
from tulle.model.mesh import Fragment
from tulle.model.names import Name
from tulle.model.policies import Locality
from tulle.model.services import Entry

Read = Callable[[str], Fragment]


def test_all_of_it(read: Read) -> None:
    spec = """
    address: 10.0.0.1
    ports: {http: 8080, db: 5432}
    labels: {app: a, z: y}
    serviceAccount: acc
    network: n
    locality: r/z
    weight: 3
    """
    fragment = read(document("WorkloadEntry", spec, metadata=", labels: {app: b, x: y}"))
    assert findings(fragment) == []
    (entry,) = fragment.objects
    assert isinstance(entry, Entry)
    assert (entry.name, entry.address, entry.ports) == (Name("shop", "it"), "10.0.0.1", (("db", 5432), ("http", 8080)))
    assert entry.labels == (("app", "a"), ("x", "y"), ("z", "y"))
    assert (entry.account, entry.network, entry.weight, entry.is_meshed) == ("acc", "n", 3, True)
    assert entry.locality == Locality(region="r", zone="z")


def test_defaults(read: Read) -> None:
    (entry,) = read(document("WorkloadEntry", "address: a.example")).objects
    assert isinstance(entry, Entry)
    assert (entry.weight, entry.is_meshed, entry.locality) == (1, False, None)


def test_mistakes(read: Read) -> None:
    assert findings(read(document("WorkloadEntry", "adress: a"))) == [
        '5 error: unknown field "adress" in "spec"; did you mean "address"?'
    ]
