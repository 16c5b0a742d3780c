from __future__ import annotations

from tulle.dialects.traefik.sign_in_specs import OidcSpec


def test_names_are_those_of_traefik_hub() -> None:
    found = OidcSpec.model_validate({"clientID": "a", "authParams": {"hd": "x"}, "session": {"sameSite": "none"}})
    assert (found.client_id, found.auth_params, found.pkce) == ("a", {"hd": "x"}, True)
    assert found.session is not None and (found.session.same_site, found.session.expiry) == ("none", 86400)
