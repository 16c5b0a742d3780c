"""Where the state of one machine lives: `TULLE_HOME`. Two homes, two meshes side by side."""

from __future__ import annotations

import os
import tempfile
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path

LONGEST_SOCKET_PATH = 90
"""Linux allows 107 bytes (sockaddr_un.sun_path); the rest is for our file names."""


@dataclass(frozen=True, slots=True)
class Home:
    """The directories of one home. Everything below is readable by its owner only."""

    root: Path

    @classmethod
    def from_environment(cls) -> Home:
        """`TULLE_HOME`, or `~/.local/state/tulle`."""
        given = os.environ.get("TULLE_HOME")
        return cls(Path(given).expanduser().absolute() if given else Path.home() / ".local/state/tulle")

    @property
    def plane(self) -> Path:
        """State of the control plane: store, authority, what its agents last reported."""
        return self.root / "plane"

    @property
    def agent(self) -> Path:
        """State of the agent: its identity, what it started, the last good state of its proxies."""
        return self.root / "agent"

    @property
    def logs(self) -> Path:
        """Output of everything that was started: `plane.log`, `agent.log`, `<instance>.log`, `envoy-<proxy>.log`."""
        return self.root / "logs"

    @property
    def sockets(self) -> Path:
        """Unix sockets. A short path in the temporary directory when the home is too deep for `sun_path`."""
        inside = self.root / "run"
        if len(os.fsencode(inside)) + 1 + 20 <= LONGEST_SOCKET_PATH:
            return inside
        digest = blake2b(os.fsencode(self.root), digest_size=6).hexdigest()
        return Path(tempfile.gettempdir()) / f"tulle-{os.getuid()}-{digest}"

    @property
    def consultant_socket(self) -> Path:
        """Where the gateway of this host asks what it cannot decide itself."""
        return self.sockets / "consultant.sock"

    @property
    def routers_socket(self) -> Path:
        """Where the control plane answers questions about routers."""
        return self.sockets / "routers.sock"

    def create(self) -> None:
        """Make the directories, for the owner only.

        Raises:
            PermissionError: a directory belongs to somebody else.
        """
        for directory in (self.root, self.plane, self.agent, self.logs, self.sockets):
            directory.mkdir(parents=True, exist_ok=True, mode=0o700)
            if directory.stat().st_uid != os.getuid():
                raise PermissionError(f"{directory} belongs to another user; set TULLE_HOME to a directory of yours")
