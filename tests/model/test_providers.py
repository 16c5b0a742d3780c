from __future__ import annotations

from tulle.model.providers import ConsulSettings, EtcdSettings, HttpSettings, RedisSettings, SentinelSettings


def test_secrets_are_not_shown() -> None:
    settings = (
        EtcdSettings(password="secret"),
        ConsulSettings(token="secret"),
        RedisSettings(password="secret", sentinel=SentinelSettings("m", password="secret")),
        HttpSettings("http://a", headers=(("authorization", "secret"),)),
    )
    assert "secret" not in str(settings)
    assert all(hash(each) for each in settings)
