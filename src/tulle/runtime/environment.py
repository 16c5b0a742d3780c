"""The environment of an instance: how an application learns where to listen and how it reaches others. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from string import Template

from tulle.model.workloads import Assignment, Binding, Forward, Instance

_PROXIES = ("HTTP_PROXY", "http_proxy", "HTTPS_PROXY", "https_proxy", "grpc_proxy")
_NO_PROXY = "localhost,127.0.0.1"
_OURS = re.compile(r"TULLE_\w*|PORT|PORT_\w*|HOST|SOCKET|LISTEN_\w+|NOTIFY_SOCKET|\w+_proxy", re.IGNORECASE)
"""Variables that would mean something else to the application than to us; never passed on."""


def environment(instance: Instance, assignment: Assignment, inherited: Mapping[str, str]) -> dict[str, str]:
    """All variables of one instance, complete.

    What the workload itself sets wins over everything else. `inherited` is that of the agent: passed on, but for what
    belongs to the agent itself.
    """
    return {
        "PYTHONUNBUFFERED": "1",  # What is printed is to be seen in the log now, and not lost in a crash.
        **dict(_kept(inherited)),
        "TULLE_INSTANCE": instance.id,
        "TULLE_SERVICE": instance.service.name,
        "TULLE_NAMESPACE": instance.service.namespace,
        "TULLE_VERSION": instance.version,
        **dict(_listening(instance.bindings)),
        **dict(_calling(instance)),
        **dict(assignment.environment),
    }


def substitute(argument: str, variables: Mapping[str, str]) -> str:
    """Replace `${NAME}` (and `$NAME`) in one argument; unknown names stay as they are, `$$` is a dollar sign."""
    return Template(argument).safe_substitute(variables)


def command_line(command: str | tuple[str, ...], variables: Mapping[str, str]) -> tuple[str, ...]:
    """What is executed: a string by the shell, which has the variables; a list directly, with `${NAME}` replaced."""
    if isinstance(command, str):
        return ("/bin/sh", "-c", command)
    return tuple(substitute(argument, variables) for argument in command)


def variable(name: str) -> str:
    """A name as a part of a variable's name: `user-data` → `USER_DATA`."""
    return re.sub(r"\W", "_", name, flags=re.ASCII).upper()


def _kept(inherited: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    return ((name, value) for name, value in inherited.items() if not _OURS.fullmatch(name))


def _listening(bindings: tuple[Binding, ...]) -> Iterator[tuple[str, str]]:
    """PORT is that of the first port; with a Unix socket, SOCKET stands in for it."""
    yield "HOST", "127.0.0.1"
    for index, binding in enumerate(bindings):
        if binding.application.startswith("/"):
            yield "SOCKET", binding.application
            continue
        host, _, port = binding.application.rpartition(":")
        yield f"PORT_{variable(binding.name)}", port
        if index == 0:
            yield "HOST", host
            yield "PORT", port


def _calling(instance: Instance) -> Iterator[tuple[str, str]]:
    if instance.outbound:
        for name in _PROXIES:
            yield name, f"http://{instance.outbound}"
        yield "NO_PROXY", _NO_PROXY
        yield "no_proxy", _NO_PROXY
    # The later wins: services of other namespaces first, and of several ports of one service the first port last.
    namespace = instance.service.namespace
    for forward in sorted(reversed(instance.forwards), key=lambda forward: forward.service.namespace == namespace):
        if forward.address:
            yield from _reaching(forward)


def _reaching(forward: Forward) -> Iterator[tuple[str, str]]:
    name, namespace = variable(forward.service.name), variable(forward.service.namespace)
    for prefix in (name, f"{name}_{namespace}"):
        yield f"TULLE_{prefix}_ADDR", forward.address
        yield f"TULLE_{prefix}_{forward.port}_ADDR", forward.address
