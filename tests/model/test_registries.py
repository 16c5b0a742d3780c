from __future__ import annotations

from tulle.model.registries import DockerSettings, EngineSettings, LabelSettings, MarathonSettings


def test_passwords_are_not_shown() -> None:
    shown = repr((EngineSettings(password="secret"), MarathonSettings(password="secret", dcos_token="secret")))
    assert "secret" not in shown


def test_equal_settings_are_the_same() -> None:
    assert DockerSettings() == DockerSettings(EngineSettings(), LabelSettings())
