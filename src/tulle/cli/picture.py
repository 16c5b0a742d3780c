"""What a running mesh looks like on a terminal: the same lines for `status` and for the live view of `up`. Pure."""

from __future__ import annotations

from typing import Any

from tulle.cli.findings import rendered
from tulle.cli.output import count, paint, plain, table

Status = dict[str, Any]
"""The document of `GET /v1/status`."""


def picture(status: Status, *, most: int = 1000) -> list[str]:
    """Services, proxies, addresses and findings; of long lists the first `most` lines."""
    lines = _section(services(status), most)
    lines += _section(proxies(status), most)
    lines += [f"gateway   {paint(url, 'cyan')}" for url in urls(status)]
    found = status.get("findings") or []
    if found:
        lines += ["", *_cut([line for finding in found for line in rendered(finding)], most)]
    return lines


def headline(status: Status) -> str:
    """One line: ready or not, and how much of it."""
    if status.get("ready"):
        return paint("● ready", "bold green")
    instances = [i for i in status.get("instances") or [] if i.get("state") not in {"ready", "draining"}]
    waiting = sorted({_short(i["service"]) for i in instances})
    unsynced = sum(not proxy.get("synced") for proxy in status.get("proxies") or [])
    reasons = [f"waiting for {', '.join(waiting)}"] if waiting else []
    reasons += (
        [f"{count(unsynced, 'proxy') if unsynced == 1 else f'{unsynced} proxies'} not synced"] if unsynced else []
    )
    return paint("○ not ready", "bold yellow") + (f" ({'; '.join(reasons)})" if reasons else "")


def services(status: Status) -> list[str]:
    """The table of services."""
    rows = []
    for service in status.get("services") or []:
        healthy, endpoints = int(service.get("healthy") or 0), int(service.get("endpoints") or 0)
        desired = service.get("replicas")
        target = endpoints if desired is None else int(desired)
        style = "green" if healthy >= target else "yellow" if healthy else "red"
        if not target and not endpoints:
            style = "dim"
        where = "elsewhere" if desired is None else ""
        message = plain(_why(status, service)) if healthy < target else where
        rows.append((plain(_short(_qualified(service))), paint(f"{healthy}/{target}", style), str(endpoints), message))
    return table(("SERVICE", "READY", "ENDPOINTS", ""), rows) if rows else []


def proxies(status: Status) -> list[str]:
    """The table of proxies."""
    rows = []
    for proxy in status.get("proxies") or []:
        synced = paint("synced", "green") if proxy.get("synced") else paint("not synced", "yellow")
        rows.append((plain(proxy["id"]), proxy["role"], plain(_short(proxy["service"])), plain(proxy["host"]), synced))
    return table(("PROXY", "ROLE", "SERVICE", "HOST", "CONFIGURATION"), rows) if rows else []


def urls(status: Status) -> list[str]:
    """Where the gateway answers, each place once: several listeners may share one."""
    found = (plain(str(entry["url"] if isinstance(entry, dict) else entry)) for entry in status.get("gateway") or [])
    return list(dict.fromkeys(found))


def _section(lines: list[str], most: int) -> list[str]:
    return [*_cut(lines, most), ""] if lines else []


def _cut(lines: list[str], most: int) -> list[str]:
    if len(lines) <= most:
        return lines
    return [*lines[: most - 1], paint(f"… and {len(lines) - most + 1} more lines; `tulle status` shows all", "dim")]


def _qualified(service: dict[str, Any]) -> str:
    name, namespace = str(service["name"]), service.get("namespace")
    return f"{name}.{namespace}" if namespace and not name.endswith(f".{namespace}") else name


def _short(name: str) -> str:
    """Names as people write them: without the default namespace."""
    return name.removesuffix(".default")


def _why(status: Status, service: dict[str, Any]) -> str:
    """Why replicas of the service are missing, as its agent said it last."""
    mine = [i for i in status.get("instances") or [] if _short(i["service"]) == _short(_qualified(service))]
    messages = [str(i.get("message") or i["state"]) for i in mine if i.get("state") != "ready"]
    return messages[0].splitlines()[0] if messages else "starting"
