"""The application behind a sidecar: becomes an Envoy that answers by itself on `PORT`. Run by the mesh, not by hand."""

from __future__ import annotations

import json
import os

from bench.load import LOAD_CORE
from bench.servers import envoy_binary, upstream_config


def main() -> None:
    """Replace this process by the server."""
    os.sched_setaffinity(0, {LOAD_CORE})
    config = json.dumps(upstream_config(int(os.environ["PORT"])))
    options = ["--config-yaml", config, "--concurrency", "1", "--disable-hot-restart", "-l", "error"]
    os.execv(envoy_binary(), ["envoy", *options])


if __name__ == "__main__":
    main()
