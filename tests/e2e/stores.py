"""Real key-value stores, each in a folder and on a port of its own, and a Traefik that reads them."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import urllib.request
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from kazoo.client import KazooClient
from kazoo.security import make_digest_acl

from tests.e2e.machine import eventually
from tulle.kit.ports import Ports
from tulle.model.providers import (
    ConsulSettings,
    EtcdSettings,
    RedisSettings,
    RemoteSettings,
    ZooKeeperSettings,
)

JARS = ("zookeeper", "zookeeper-jute", "slf4j-api", "slf4j-simple", "netty-all", "netty-common", "netty-handler")
MORE_JARS = ("netty-transport", "netty-buffer", "snappy-java", "metrics-core")


class Store:
    """A server that can be stopped and started again, with what it holds."""

    name = ""
    settings: RemoteSettings

    def __init__(self, folder: Path) -> None:
        self.folder = folder / self.name
        self.folder.mkdir()
        self.ports = Ports()
        self.port = self.ports.choose()
        self.ports.release(self.port)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def endpoint(self) -> str:
        return f"127.0.0.1:{self.port}"

    def command(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self._process = subprocess.Popen(self.command(), stdout=log, stderr=log, cwd=self.folder)
        eventually(self.is_ready, what=f"{self.name} starts: {(self.folder / 'log').read_text()[-2000:]}")

    def stop(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            process.send_signal(signal.SIGTERM)
            try:
                process.wait(10)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()

    def is_ready(self) -> bool:
        raise NotImplementedError

    def put(self, pairs: Mapping[str, bytes | str]) -> None:
        raise NotImplementedError

    def delete(self, key: str) -> None:
        """A key and all below it."""
        raise NotImplementedError


class Etcd(Store):
    name = "etcd"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.peers = self.ports.choose()
        self.ports.release(self.peers)
        self.settings = EtcdSettings(endpoints=(self.endpoint,))

    def command(self) -> list[str]:
        here, peers = f"http://{self.endpoint}", f"http://127.0.0.1:{self.peers}"
        return [
            *("etcd", "--name=one", f"--data-dir={self.folder}/data", "--unsafe-no-fsync"),
            *(f"--listen-client-urls={here}", f"--advertise-client-urls={here}"),
            *(f"--listen-peer-urls={peers}", f"--initial-advertise-peer-urls={peers}"),
            f"--initial-cluster=one={peers}",
        ]

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"http://{self.endpoint}/health", timeout=1) as answer:
            return bool(json.load(answer)["health"] == "true")

    def ask(self, path: str, body: object) -> Any:
        request = urllib.request.Request(f"http://{self.endpoint}/v3/{path}", json.dumps(body).encode())
        with urllib.request.urlopen(request, timeout=5) as answer:
            return json.load(answer)

    def put(self, pairs: Mapping[str, bytes | str]) -> None:
        for key, value in pairs.items():
            self.ask("kv/put", {"key": _base64(key), "value": _base64(value)})

    def delete(self, key: str) -> None:
        self.ask("kv/deleterange", {"key": _base64(key), "range_end": _base64(f"{key}0")})


class SecretEtcd(Etcd):
    """With TLS, by `server.pem` in the folder above, and with users once it is protected."""

    token = ""

    def command(self) -> list[str]:
        words = [
            word.replace(f"urls=http://{self.endpoint}", f"urls=https://{self.endpoint}") for word in super().command()
        ]
        return [*words, "--cert-file=../server.pem", "--key-file=../server.pem"]

    def is_ready(self) -> bool:
        return bool(self.ask("maintenance/status", {})["header"])

    def ask(self, path: str, body: object) -> Any:
        address = f"https://{self.endpoint}/v3/{path}"
        headers = {"authorization": self.token} if self.token else {}
        request = urllib.request.Request(address, json.dumps(body).encode(), headers)
        with urllib.request.urlopen(request, timeout=5, context=ssl._create_unverified_context()) as answer:
            return json.load(answer)

    def protect(self, user: str, password: str) -> None:
        who = {"name": user, "password": password}
        self.ask("auth/user/add", who)
        self.ask("auth/role/add", {"name": "root"})
        self.ask("auth/user/grant", {"user": user, "role": "root"})
        self.ask("auth/enable", {})
        self.token = self.ask("auth/authenticate", who)["token"]


class Redis(Store):
    name = "redis"

    def __init__(self, folder: Path, *options: str) -> None:
        super().__init__(folder)
        self.settings = RedisSettings(endpoints=(self.endpoint,))
        self._options = options

    def command(self) -> list[str]:
        usual = ("--bind", "127.0.0.1", "--save", "3600 1", "--dir", ".")
        return ["redis-server", "--port", str(self.port), *usual, *self._options]

    def is_ready(self) -> bool:
        return self.ask("PING") == b"+PONG"

    def ask(self, *words: bytes | str, lines: int = 1) -> bytes:
        """The last of the first lines of the answer."""
        said = b"*%d\r\n" % len(words)
        for word in map(_bytes, words):
            said += b"$%d\r\n%s\r\n" % (len(word), word)
        with closing(socket.create_connection(("127.0.0.1", self.port), 5)) as connection:
            connection.sendall(said)
            answer = connection.makefile("rb")
            return [answer.readline().strip() for _ in range(lines)][-1]

    def put(self, pairs: Mapping[str, bytes | str]) -> None:
        for key, value in pairs.items():
            assert self.ask("SET", key, value) == b"+OK"

    def delete(self, key: str) -> None:
        script = "for _, k in ipairs(redis.call('KEYS', ARGV[1])) do redis.call('DEL', k) end"
        self.ask("EVAL", script, "0", f"{key}/*")


class ZooKeeper(Store):
    name = "zookeeper"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = ZooKeeperSettings(endpoints=(self.endpoint,))
        (self.folder / "zoo.cfg").write_text(
            f"tickTime=500\ndataDir={self.folder}/data\nclientPort={self.port}\nclientPortAddress=127.0.0.1\n"
            "admin.enableServer=false\n4lw.commands.whitelist=*\n"
        )

    def command(self) -> list[str]:
        path = ":".join(f"/usr/share/java/{jar}.jar" for jar in (*JARS, *MORE_JARS))
        main = "org.apache.zookeeper.server.ZooKeeperServerMain"
        return [
            *("java", "-Xmx64m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Dzookeeper.jmx.log4j.disable=true"),
            *("-Dzookeeper.forceSync=no", "-cp", path, main, "zoo.cfg"),
        ]

    def is_ready(self) -> bool:
        with closing(socket.create_connection(("127.0.0.1", self.port), 1)) as connection:
            connection.sendall(b"ruok")
            return connection.recv(10) == b"imok"

    @contextmanager
    def _client(self) -> Iterator[Any]:
        client = KazooClient(self.endpoint)
        client.start(5)
        try:
            yield client
        finally:
            client.stop()
            client.close()

    def put(self, pairs: Mapping[str, bytes | str]) -> None:
        with self._client() as client:
            for key, value in pairs.items():
                client.ensure_path(key)
                client.set(key, _bytes(value))

    def delete(self, key: str) -> None:
        with self._client() as client:
            client.delete(key, recursive=True)

    def protect(self, key: str, user: str, password: str) -> None:
        with self._client() as client:
            client.set_acls(key, [make_digest_acl(user, password, all=True)])


class Consul(Store):
    """The key-value part of Consul's HTTP API: Debian has no Consul. The real Traefik takes it for one, too."""

    name = "consul"

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.settings = ConsulSettings(endpoints=(self.endpoint,))

    def command(self) -> list[str]:
        return [sys.executable, str(Path(__file__).with_name("consul_double.py")), str(self.port), "data"]

    def is_ready(self) -> bool:
        with urllib.request.urlopen(f"http://{self.endpoint}/v1/status/leader", timeout=1) as answer:
            return bool(answer.status == 200)

    def ask(self, method: str, path: str, body: bytes | None = None) -> None:
        request = urllib.request.Request(f"http://{self.endpoint}/v1/kv/{path}", body, method=method)
        with urllib.request.urlopen(request, timeout=5) as answer:
            assert answer.read() == b"true"

    def put(self, pairs: Mapping[str, bytes | str]) -> None:
        for key, value in pairs.items():
            self.ask("PUT", key, _bytes(value))

    def delete(self, key: str) -> None:
        self.ask("DELETE", f"{key}/?recurse=true")


STORES: tuple[type[Store], ...] = (Etcd, Redis, ZooKeeper, Consul)


@contextmanager
def traefik(folder: Path, *options: str) -> Iterator[int]:
    """A real Traefik with these providers; the port of its API."""
    ports = Ports()
    api, web = ports.choose(), ports.choose()
    ports.close()
    command = [
        str(Path(sys.executable).with_name("traefik")),
        *("--global.checkNewVersion=false", "--global.sendAnonymousUsage=false", "--api.insecure=true"),
        *(f"--entryPoints.traefik.address=127.0.0.1:{api}", f"--entryPoints.web.address=127.0.0.1:{web}"),
        *("--providers.providersThrottleDuration=0", *options),
    ]
    with (folder / "traefik.log").open("w") as log:
        process = subprocess.Popen(command, stdout=log, stderr=log, cwd=folder)
    try:
        yield api
    finally:
        process.kill()
        process.wait()


def raw_data(api: int) -> dict[str, Any]:
    """What that Traefik knows."""
    with urllib.request.urlopen(f"http://127.0.0.1:{api}/api/rawdata", timeout=5) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def is_installed(store: type[Store]) -> bool:
    """Whether its server is here."""
    needed = {"etcd": "etcd", "redis": "redis-server", "zookeeper": "java"}.get(store.name)
    is_there = needed is None or shutil.which(needed) is not None
    return is_there and (store.name != "zookeeper" or Path(f"/usr/share/java/{JARS[0]}.jar").exists())


def _bytes(value: bytes | str) -> bytes:
    return value if isinstance(value, bytes) else value.encode()


def _base64(value: bytes | str) -> str:
    return b64encode(_bytes(value)).decode()
