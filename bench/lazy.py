"""What a sidecar holds whose workload calls three services of 20, and of 20,000; and what an eager one holds."""

from __future__ import annotations

import http.client
import json
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

from bench import mesh, servers
from bench.load import PROXY_CORE, resident_megabytes
from bench.servers import free_port
from bench.table import Budget, Figure, Result, Row, median

SIZES = (20, 20_000)
EAGER_SIZES = (20, 5_000)
"""An eager Envoy with 20,000 clusters takes a gigabyte, and longer to start than a benchmark should."""
CALLED = 3


def measure() -> Result:
    """Memory, clusters and routes held, and the latency of first calls."""
    with tempfile.TemporaryDirectory(prefix="tulle-bench-") as folder:
        directory = Path(folder)
        with servers.upstream(directory) as upstream:
            idle = _eager(directory, upstream, 0)
            found = {size: _lazy(directory / str(size), upstream, size) for size in SIZES}
            eager = {size: _eager(directory, upstream, size) for size in EAGER_SIZES}
    rows = [Row(f"{size:,} services, {CALLED} called", found[size]) for size in SIZES]
    rows += [Row(f"{size:,} services, eager Envoy", {"MB": memory}) for size, memory in eager.items()]
    rows.append(Row("an Envoy with nothing", {"MB": idle}))
    most = found[SIZES[-1]]["MB"]
    assert isinstance(most, float)
    budgets = [Budget(f"sidecar at {SIZES[-1]:,} services, above an idle Envoy", most - idle, 5.0, "MB")]
    return Result("lazy", "What a sidecar holds", rows, budgets, (NOTE,))


NOTE = (
    "Resident memory after the calls. A first call makes the sidecar ask for the service, a second one does not. The "
    "eager sidecar is an Envoy with a cluster and a virtual host for every service, written by hand."
)


def _lazy(directory: Path, upstream: int, size: int) -> dict[str, Figure]:
    """Figures of the sidecar of a workload that calls three services of so many."""
    directory.mkdir()
    services = "\n".join(f'  s{number}: {{port: 80, addresses: "127.0.0.1:{upstream}"}}' for number in range(size))
    text = f"""
services:
  client: {{port: 8000, command: exec {sys.executable} -m bench.application}}
{services}
"""
    began = time.perf_counter()
    with mesh.up(directory, text) as running:
        ready = time.perf_counter() - began
        outbound = running.outbound("client")
        called = [f"s{number * size // CALLED}" for number in range(CALLED)]
        first = [_call(outbound, name) for name in called]
        second = [_call(outbound, name) for name in called]
        admin = next(one["admin"] for one in running.status()["proxies"] if one["id"].startswith("client-"))
        held = _held(admin)
        memory = resident_megabytes(running.proxy("client-"))
    figures: dict[str, Figure] = {"MB": memory, **held}
    return {**figures, "first call, ms": median(first), "second call, ms": median(second), "up to ready, s": ready}


def _call(outbound: str, name: str) -> float:
    """Milliseconds of one call through the sidecar."""
    where = urlsplit(outbound)
    began = time.perf_counter()
    connection = http.client.HTTPConnection(where.hostname or "", where.port, timeout=10)
    connection.request("GET", "/", headers={"Host": name})
    status = connection.getresponse().status
    connection.close()
    if status != 200:
        raise RuntimeError(f"{name} answered {status}")
    return (time.perf_counter() - began) * 1000


def _held(admin: str) -> dict[str, Figure]:
    """Clusters and virtual hosts that came over xDS."""
    connection = servers.AdminConnection(admin.removeprefix("unix:"))
    connection.request("GET", "/config_dump")
    dump: Mapping[str, list[Mapping[str, object]]] = json.loads(connection.getresponse().read())
    clusters = virtual_hosts = 0
    for part in dump["configs"]:
        found = part.get("dynamic_active_clusters")
        clusters += len(found) if isinstance(found, list) else 0
        routes = part.get("dynamic_route_configs")
        for route in routes if isinstance(routes, list) else []:
            virtual_hosts += len(route["route_config"].get("virtual_hosts", []))
    return {"clusters": float(clusters), "virtual hosts": float(virtual_hosts)}


def _eager(directory: Path, upstream: int, size: int) -> float:
    """Megabytes of an Envoy that holds everything."""
    port = free_port()
    names = [f"s{number}" for number in range(size)]
    virtual_hosts = [
        {
            "name": name,
            "domains": [name, f"{name}.default", f"{name}.default.svc.cluster.local"],
            "routes": [{"match": {"prefix": "/"}, "route": {"cluster": name}}],
        }
        for name in names
    ]
    manager = {
        "stat_prefix": "outbound",
        "route_config": {"virtual_hosts": virtual_hosts},
        "http_filters": [servers.ROUTER],
    }
    config = {
        "static_resources": {
            "listeners": [servers.listener("outbound", port, manager)],
            "clusters": [servers.cluster(name, upstream) for name in names],
        }
    }
    with servers.envoy(config, port, directory, core=PROXY_CORE) as process:
        return resident_megabytes(process)
