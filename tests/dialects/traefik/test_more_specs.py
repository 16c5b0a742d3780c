from __future__ import annotations

from tulle.dialects.traefik.more_specs import JwtSpec, PluginSpec


def test_what_nobody_knows_is_kept_to_be_told_about() -> None:
    assert PluginSpec.model_validate({"demo": {"a": 1}}).model_extra == {"demo": {"a": 1}}


def test_names_are_those_of_traefik_hub() -> None:
    found = JwtSpec.model_validate({"signingSecret": "x", "signingSecretBase64Encoded": "true", "jwksUrl": ""})
    assert found.signing_secret_base64_encoded
