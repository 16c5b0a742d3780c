from __future__ import annotations

import asyncio
import errno
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tulle.kit import processes
from tulle.kit.processes import CannotSpawn, Spawned

SLEEP = ("sleep", "60")
STUBBORN = "trap '' TERM; echo on; while :; do sleep 0.05; done"


@pytest.fixture
def spawned() -> Iterator[list[Spawned]]:
    """Processes to end with the test."""
    everybody: list[Spawned] = []
    yield everybody
    for process in everybody:
        processes.signal_group(process, signal.SIGKILL)


async def seen(path: Path, text: str) -> None:
    """Wait until a file holds a text."""
    async with asyncio.timeout(10):
        while not path.exists() or text not in path.read_text():
            await asyncio.sleep(0.01)


async def test_program_gets_environment_directory_and_output(tmp_path: Path) -> None:
    output = tmp_path / "log"
    output.write_text("before\n")
    process = processes.spawn(
        ("/bin/sh", "-c", "echo $COLOUR; pwd; echo oops >&2"),
        output=output,
        environment={"COLOUR": "mauve"},
        directory=tmp_path,
    )
    assert await processes.wait(process) == 0
    assert output.read_text() == f"before\nmauve\n{tmp_path.resolve()}\noops\n"


async def test_program_is_its_own_session_and_group(spawned: list[Spawned]) -> None:
    process = processes.spawn(SLEEP)
    spawned.append(process)
    assert (os.getsid(process.pid), os.getpgid(process.pid)) == (process.pid, process.pid)


@pytest.mark.parametrize(("command", "status"), [("exit 3", 3), ("kill -9 $$", -9)])
async def test_exit_status_of_a_child_is_known(command: str, status: int) -> None:
    assert await processes.wait(processes.spawn(("/bin/sh", "-c", command))) == status


async def test_ended_process_is_not_alive_although_nobody_waited(tmp_path: Path) -> None:
    process = processes.spawn(("/bin/sh", "-c", "exit 0"))
    async with asyncio.timeout(10):
        while processes.is_alive(process):
            await asyncio.sleep(0.01)
    assert os.path.exists(f"/proc/{process.pid}")
    assert await processes.wait(process) == 0
    assert not os.path.exists(f"/proc/{process.pid}")


async def test_process_with_the_same_number_is_another_one(spawned: list[Spawned]) -> None:
    process = processes.spawn(SLEEP)
    spawned.append(process)
    earlier = Spawned(process.pid, "00000000.1")
    assert processes.is_alive(process) and not processes.is_alive(earlier)
    assert await processes.wait(earlier) is None
    assert not processes.signal_group(earlier, signal.SIGKILL)
    assert await processes.terminate(earlier, 0) is None
    assert processes.is_alive(process)


async def test_record_is_readable_again(spawned: list[Spawned]) -> None:
    process = processes.spawn(SLEEP)
    spawned.append(process)
    assert Spawned.parse(str(process)) == process


async def test_end_of_a_stranger_is_noticed_without_its_status(tmp_path: Path) -> None:
    output = tmp_path / "pid"
    starter = processes.spawn(("/bin/sh", "-c", "sleep 60 & echo $!"), output=output)
    assert await processes.wait(starter) == 0
    pid = int(output.read_text())
    stranger = Spawned(pid, processes._start_of(processes._stat(pid) or []))
    async with asyncio.timeout(10), asyncio.TaskGroup() as tasks:
        waiting = tasks.create_task(processes.wait(stranger))
        await asyncio.sleep(0)
        os.kill(pid, signal.SIGKILL)
    assert waiting.result() is None


async def test_polite_process_ends_within_its_grace() -> None:
    process = processes.spawn(SLEEP)
    assert await processes.terminate(process, 30) == -signal.SIGTERM


async def test_stubborn_group_is_killed_after_its_grace(tmp_path: Path) -> None:
    process = processes.spawn(("/bin/sh", "-c", STUBBORN), output=tmp_path / "log")
    await seen(tmp_path / "log", "on")
    assert await processes.terminate(process, 0.1) == -signal.SIGKILL
    assert list(processes._members(process)) == []


async def test_server_behind_a_shell_gets_all_of_the_grace(tmp_path: Path) -> None:
    output = tmp_path / "log"
    server = tmp_path / "server.py"
    server.write_text(
        "import signal, sys, time\n"
        "def finish(*_):\n    time.sleep(0.3); print('finished', flush=True); sys.exit()\n"
        "signal.signal(signal.SIGTERM, finish); print('serving', flush=True)\nsignal.pause()\n"
    )
    process = processes.spawn(("/bin/sh", "-c", f"{sys.executable} {server}; true"), output=output)
    await seen(output, "serving")
    assert await processes.terminate(process, 30) == -signal.SIGTERM
    await seen(output, "finished")
    assert list(processes._members(process)) == []


@pytest.mark.parametrize(("program", "status"), [("echo lost; exit 0", 0), ("set -e; echo lost; exit 0", 1)])
async def test_on_a_full_disk_it_is_up_to_the_program_whether_lost_output_ends_it(program: str, status: int) -> None:
    process = processes.spawn(("/bin/sh", "-c", program), output=Path("/dev/full"))
    assert await processes.wait(process) == status


async def test_missing_program_is_named() -> None:
    with pytest.raises(CannotSpawn, match='the program "no-such-program" was not found'):
        processes.spawn(("no-such-program",))


async def test_missing_directory_is_named(tmp_path: Path) -> None:
    with pytest.raises(CannotSpawn, match=f"the directory {tmp_path}/gone does not exist"):
        processes.spawn(SLEEP, directory=tmp_path / "gone")


async def test_file_instead_of_a_directory_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(CannotSpawn, match=f"the directory {tmp_path}/file cannot be used: Not a directory"):
        processes.spawn(SLEEP, directory=tmp_path / "file")


async def test_directory_that_may_not_be_entered_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", "/root/secret")  # Root may enter everything.

    monkeypatch.setattr(subprocess, "Popen", refuse)
    with pytest.raises(CannotSpawn, match="the directory /root/secret may not be entered by this user"):
        processes.spawn(SLEEP, directory="/root/secret")


async def test_full_disk_is_the_business_of_the_program_alone() -> None:
    process = processes.spawn(("/bin/sh", "-c", "echo lost; exit 5"), output=Path("/dev/full"))
    assert await processes.wait(process) == 5


async def test_file_that_is_no_program_is_named(tmp_path: Path) -> None:
    file = tmp_path / "data"
    file.touch(mode=0o600)
    with pytest.raises(CannotSpawn, match=r'data" may not be executed; permission was denied'):
        processes.spawn((str(file),))
    file.chmod(0o700)
    file.write_bytes(b"\x7fELF rubbish")
    with pytest.raises(CannotSpawn, match=r'data" cannot be run: Exec format error'):
        processes.spawn((str(file),))


async def test_impossible_argument_is_refused() -> None:
    with pytest.raises(CannotSpawn, match='the command "echo" cannot be run'):
        processes.spawn(("echo", "a\0b"))


async def test_output_that_cannot_be_written_is_not_fatal(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    process = processes.spawn(("echo", "hello"), output=tmp_path / "no" / "such" / "log")
    assert await processes.wait(process) == 0
    assert "is lost" in caplog.text


async def test_processes_are_found_by_their_environment(spawned: list[Spawned]) -> None:
    name = f"test-{os.getpid()}"
    process = processes.spawn(SLEEP, environment={"PATH": os.environ["PATH"], "TULLE_TEST_NAME": name})
    spawned.append(process)
    # A process is there a moment before its environment is.
    for _ in range(1000):
        if found := processes.find("TULLE_TEST_NAME", frozenset({name, "other"})):
            break
        await asyncio.sleep(0.01)
    assert found == {name: process}
    assert processes.find_all("TULLE_TEST_NAME", name) == [process]
    await processes.terminate(process, 0)
    assert processes.find("TULLE_TEST_NAME", frozenset({name})) == {}


def test_limit_of_open_files_is_raised_and_never_lowered() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(256, hard), hard))
        processes.allow_many_files(300)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
        processes.allow_many_files(200)
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (300, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_we_are_alive() -> None:
    assert processes.is_alive(processes.myself())
