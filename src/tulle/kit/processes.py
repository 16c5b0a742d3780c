"""Processes that outlive who started them: started in sessions of their own, found again later, watched by pidfd.

Not a supervisor: nothing here restarts anything. Linux only, as Envoy's wheel is.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import resource
import signal
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

log = logging.getLogger(__name__)

_STATE, _GROUP, _START_TIME = 0, 2, 19
"""Positions in /proc/<pid>/stat after the name in parentheses (proc(5): fields 3, 5 and 22)."""


class CannotSpawn(Exception):
    """The process could not be started; the message says why, in a sentence."""


@dataclass(frozen=True, slots=True)
class Spawned:
    """A process that was started: the leader of a session and of a group that have its number."""

    pid: int
    started: str
    """Boot and clock tick of its start: a later process with the same number has another one."""

    def __str__(self) -> str:
        return f"{self.pid}@{self.started}"

    @classmethod
    def parse(cls, text: str) -> Spawned:
        """Read what `str` wrote.

        Raises:
            ValueError: it is something else.
        """
        pid, _, started = text.partition("@")
        return cls(int(pid), started)


def allow_many_files(limit: int = 65_536) -> None:
    """Raise the limit of open files for this process and all that it starts, as far as that is allowed.

    The usual 1024 is for programs that use `select`; a proxy needs two for each request under way.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def spawn(
    command: Sequence[str],
    *,
    output: Path | None = None,
    environment: Mapping[str, str] | None = None,
    directory: str | Path | None = None,
    inherit: Sequence[int] = (),
) -> Spawned:
    """Start a program in a session of its own, so that neither our death nor our terminal's ends it.

    `output` is appended to, by standard output and error. If it cannot be opened, both are lost. On a full disk each
    write of the program itself fails: one that ignores that loses lines, one that checks its writes may fail or end.
    `environment` is the complete one (ours if None); `inherit` are file descriptors that stay open in the program.

    Raises:
        CannotSpawn: no such program or directory, or it may not be used.
    """
    with contextlib.ExitStack() as stack:
        sink = _open_output(output)
        stack.callback(os.close, sink)
        try:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=sink,
                cwd=directory,
                env=environment,
                pass_fds=tuple(inherit),
                start_new_session=True,
            )
        except (OSError, ValueError) as error:
            raise CannotSpawn(_reason(error, command, directory)) from error
    # We reap it ourselves, by pidfd; without a status, Popen would warn and then reap behind our back.
    process.returncode = 0
    started = _started(process.pid)
    assert started is not None, "a child that nobody has waited for is always in /proc"
    return Spawned(process.pid, started)


def myself() -> Spawned:
    """The process that asks."""
    started = _started(os.getpid())
    assert started is not None
    return Spawned(os.getpid(), started)


def is_alive(process: Spawned) -> bool:
    """Whether that very process still runs; a zombie does not, and its number may belong to another by now."""
    stat = _stat(process.pid)
    return stat is not None and stat[_STATE] not in "ZX" and _start_of(stat) == process.started


async def wait(process: Spawned) -> int | None:
    """Wait until the process has ended, whoever its parent is.

    Returns its exit status (negative: the signal that ended it); None if only its parent or another waiter knows.
    """
    await _gone(process)
    return _reap(process)


def signal_group(process: Spawned, number: int) -> bool:
    """Send a signal to the process and all that it started in its group; False if nobody is left there."""
    stat = _stat(process.pid)
    if stat is not None and _start_of(stat) != process.started:
        return False  # The number was given away, which happens only after the last member of the group is gone.
    try:
        os.killpg(process.pid, number)
    except (ProcessLookupError, PermissionError):
        return False
    return True


async def terminate(process: Spawned, grace: float) -> int | None:
    """End the process and its whole group: SIGTERM, up to `grace` seconds to finish, then SIGKILL.

    It does not matter which of them ends first: a shell that is gone at once leaves its server all of the grace.
    Returns the exit status as `wait` does. A grace of 0 kills at once.
    """
    status: int | None = None
    with contextlib.suppress(TimeoutError):
        if grace > 0 and signal_group(process, signal.SIGTERM):
            async with asyncio.timeout(grace):
                status = await wait(process)
                await _group_gone(process)
    signal_group(process, signal.SIGKILL)
    ended = await wait(process)
    await _group_gone(process)
    return ended if status is None else status


def find(variable: str, values: frozenset[str]) -> dict[str, Spawned]:
    """Session leaders of ours that were started with `variable` set to one of the values, by value."""
    return {value: process for value, process in _leaders(variable) if value in values}


def find_all(variable: str, value: str) -> list[Spawned]:
    """All session leaders of ours that were started with `variable` set to this value."""
    return [process for found, process in _leaders(variable) if found == value]


def _leaders(variable: str) -> Iterator[tuple[str, Spawned]]:
    """Living session leaders with `variable` in the environment of their start, and its value."""
    prefix = f"{variable}=".encode()
    for pid in _pids():
        with contextlib.suppress(OSError):
            if os.getsid(pid) != pid:
                continue
            entries = Path(f"/proc/{pid}/environ").read_bytes().split(b"\0")
            value = next((os.fsdecode(e.removeprefix(prefix)) for e in entries if e.startswith(prefix)), None)
            started = _started(pid)
            if value is not None and started is not None and is_alive(Spawned(pid, started)):
                yield value, Spawned(pid, started)


async def _gone(process: Spawned) -> None:
    """Wait for the end by pidfd, which works for children and strangers alike and costs nothing meanwhile."""
    try:
        descriptor = os.pidfd_open(process.pid)
    except ProcessLookupError:
        return
    loop = asyncio.get_running_loop()
    try:
        if _started(process.pid) != process.started:
            return
        ended = asyncio.Event()
        loop.add_reader(descriptor, ended.set)
        try:
            await ended.wait()
        finally:
            loop.remove_reader(descriptor)
    finally:
        os.close(descriptor)


async def _group_gone(process: Spawned) -> None:
    while member := next(_members(process), None):
        await _gone(member)


def _reap(process: Spawned) -> int | None:
    if _started(process.pid) != process.started:
        return None
    try:
        pid, status = os.waitpid(process.pid, os.WNOHANG)
    except ChildProcessError:
        return None
    return os.waitstatus_to_exitcode(status) if pid else None


def _members(process: Spawned) -> Iterator[Spawned]:
    """Who is alive in the group of the process, itself included."""
    if not signal_group(process, 0):
        return
    for pid in _pids():
        stat = _stat(pid)
        if stat is not None and int(stat[_GROUP]) == process.pid and stat[_STATE] not in "ZX":
            yield Spawned(pid, _start_of(stat))


def _pids() -> list[int]:
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def _stat(pid: int) -> list[str] | None:
    try:
        text = Path(f"/proc/{pid}/stat").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return None
    # The name may hold spaces and parentheses; the last one ends it.
    return text[text.rindex(b")") + 2 :].decode().split()


def _started(pid: int) -> str | None:
    stat = _stat(pid)
    return None if stat is None else _start_of(stat)


def _start_of(stat: Sequence[str]) -> str:
    boot = Path("/proc/sys/kernel/random/boot_id").read_text()[:8]
    return f"{boot}.{stat[_START_TIME]}"


def _open_output(output: Path | None) -> int:
    try:
        return os.open(output or os.devnull, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
    except OSError as error:
        log.warning("output to %s is lost: %s", output, error.strerror)
        return os.open(os.devnull, os.O_WRONLY | os.O_CLOEXEC)


def _reason(error: OSError | ValueError, command: Sequence[str], directory: str | Path | None) -> str:
    """Which of program and directory is wrong, and what to do."""
    program = command[0]
    if not isinstance(error, OSError):
        return f'the command "{program}" cannot be run: {error}'
    if directory is not None and error.filename == directory:
        what = f"the directory {directory}"
        if isinstance(error, FileNotFoundError):
            return f"{what} does not exist"
        if isinstance(error, PermissionError):
            return f"{what} may not be entered by this user; permission was denied"
        return f"{what} cannot be used: {error.strerror}"
    if isinstance(error, FileNotFoundError):
        return f'the program "{program}" was not found; is it installed, and in PATH?'
    if isinstance(error, PermissionError):
        return f'the program "{program}" may not be executed; permission was denied'
    return f'the program "{program}" cannot be run: {error.strerror}'
