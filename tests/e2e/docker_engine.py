"""A real Docker engine of its own, of which nothing is left. Needs root, and rights that not every sandbox has."""

from __future__ import annotations

import asyncio
import os
import shutil
import tarfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import pytest

IMAGE, NETWORK, SUBNET = "tulle-web:1", "tulle-front", "172.31.254.0/27"
STARTING = 30.0
_WEB = "#!/bin/sh\nhostname > /index.html\nexec /bin/busybox httpd -f -p 80 -h /\n"


@dataclass
class DockerEngine:
    folder: Path
    """Its path must be short: an engine makes sockets far below it."""
    process: asyncio.subprocess.Process | None = None

    @property
    def endpoint(self) -> str:
        return f"unix://{self.folder}/d.sock"

    async def start(self) -> None:
        """Start it, or skip the test if it cannot be."""
        options = ["--bridge=none", "--iptables=false", "--ip6tables=false", "--storage-driver=vfs"]
        where = [f"--data-root={self.folder}/data", f"--exec-root={self.folder}/exec", f"--pidfile={self.folder}/pid"]
        with (self.folder / "dockerd.log").open("a") as log:
            self.process = await asyncio.create_subprocess_exec(
                "dockerd", "-H", self.endpoint, *options, *where, stdout=log, stderr=log
            )
        for _ in range(int(STARTING / 0.1)):
            if self.process.returncode is not None:
                pytest.skip(f"Docker cannot run here: {(self.folder / 'dockerd.log').read_text()[-500:]}")
            if (await self.tried("version"))[0] == 0:
                return
            await asyncio.sleep(0.1)
        raise TimeoutError("Docker does not start")

    async def stop(self) -> None:
        """Stop it; containers end, and stay known."""
        assert self.process is not None
        self.process.terminate()
        await asyncio.wait_for(self.process.wait(), 30)

    async def tried(self, *command: str, given: bytes | None = None) -> tuple[int, str]:
        """A command of the client: how it ended, and what it said."""
        client = await asyncio.create_subprocess_exec(
            "docker", "-H", self.endpoint, *command,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        )  # fmt: skip
        said, _ = await client.communicate(given)
        assert client.returncode is not None
        return client.returncode, said.decode()

    async def do(self, *command: str, given: bytes | None = None) -> str:
        """A command that must succeed."""
        status, said = await self.tried(*command, given=given)
        assert status == 0, f"docker {' '.join(command)}: {said}"
        return said.strip()

    async def run(self, name: str, *options: str, **labels: str) -> None:
        """A container with a web server."""
        shown = [f"--label={key.replace('__', '.')}={value}" for key, value in labels.items()]
        await self.do("run", "-d", "--name", name, "--network", NETWORK, *shown, *options, IMAGE)


@asynccontextmanager
async def docker_engine(folder: Path) -> AsyncIterator[DockerEngine]:
    """An engine with a network, and an image with a web server that says who it is."""
    if os.geteuid() != 0 or not shutil.which("dockerd") or not shutil.which("docker"):
        pytest.skip("needs root and a Docker engine (docker.io)")
    engine = DockerEngine(folder)
    await engine.start()
    try:
        await engine.do("import", "-c", "EXPOSE 80", "-c", 'CMD ["/bin/sh", "/web"]', "-", IMAGE, given=_image())
        status, said = await engine.tried("network", "create", "--subnet", SUBNET, NETWORK)
        if status != 0:
            pytest.skip(f"Docker can make no network here: {said}")
        yield engine
    finally:
        await _cleaned(engine)


async def _cleaned(engine: DockerEngine) -> None:
    assert engine.process is not None
    if engine.process.returncode is not None:
        await engine.start()  # Networks are left behind otherwise.
    _, services = await engine.tried("service", "ls", "-q")
    if "not a swarm manager" not in services and services.split():
        await engine.tried("service", "rm", *services.split())
    _, known = await engine.tried("ps", "-aq")
    if known.split():
        await engine.tried("rm", "-f", *known.split())
    await engine.tried("network", "prune", "-f")
    await engine.tried("swarm", "leave", "--force")
    await engine.tried("network", "rm", "docker_gwbridge")  # Swarms make it.
    await engine.stop()
    # Networks of a Swarm stay as long as their name spaces are mounted, and keep the next one from working.
    for line in Path("/proc/self/mounts").read_text().splitlines():
        if (where := line.split()[1]).startswith(f"{engine.folder}/"):
            await (await asyncio.create_subprocess_exec("umount", "-l", where)).wait()


def _image() -> bytes:
    found = BytesIO()
    busybox = Path(shutil.which("busybox") or "/bin/busybox").read_bytes()
    with tarfile.open(fileobj=found, mode="w") as archive:
        for name, content in (("bin/busybox", busybox), ("web", _WEB.encode())):
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(content), 0o755
            archive.addfile(entry, BytesIO(content))
        for name in ("sh", "hostname"):
            entry = tarfile.TarInfo(f"bin/{name}")
            entry.type, entry.linkname = tarfile.SYMTYPE, "busybox"
            archive.addfile(entry)
    return found.getvalue()
