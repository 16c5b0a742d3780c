"""Users and the hashes of their passwords."""

from __future__ import annotations

from collections.abc import Sequence

from tulle.dialects.fields import shown
from tulle.dialects.traefik.files import file_or_text
from tulle.dialects.traefik.middleware_specs import BasicAuthSpec, DigestAuthSpec
from tulle.dialects.written import Written
from tulle.model.steps import Passwords

USUAL_REALM = "traefik"


def basic(part: Written, spec: BasicAuthSpec) -> Passwords | None:
    """Names and hashes as `htpasswd` writes them."""
    users = _users(part, spec.users, "basicAuth", 2, "name:hash")
    return _step(part, spec, "basicAuth", users, is_digest=False)


def digest(part: Written, spec: DigestAuthSpec) -> Passwords | None:
    """Names, realms and hashes as `htdigest` writes them."""
    users = _users(part, spec.users, "digestAuth", 3, "name:realm:hash")
    return _step(part, spec, "digestAuth", users, is_digest=True)


def _users(part: Written, texts: Sequence[str], field: str, count: int, form: str) -> tuple[tuple[str, str], ...]:
    found = []
    for index, text in enumerate(texts):
        pieces = text.strip().split(":")
        if len(pieces) != count or not all(pieces):
            part.error((field, "users", index), f"must be {form}, not {shown(text)}")
        else:
            found.append((":".join(pieces[:-1]), pieces[-1]))
    return tuple(found)


def _step(
    part: Written,
    spec: BasicAuthSpec | DigestAuthSpec,
    field: str,
    users: tuple[tuple[str, str], ...],
    *,
    is_digest: bool,
) -> Passwords | None:
    if not spec.users and not spec.users_file:
        part.error((field,), "has no users; write users or usersFile")
    if part.has_errors:
        return None
    return Passwords(
        users=users,
        file=file_or_text(part, spec.users_file) if spec.users_file else "",
        realm=spec.realm or USUAL_REALM,
        is_digest=is_digest,
        hides_proof=spec.remove_header,
        name_header=spec.header_field,
    )
