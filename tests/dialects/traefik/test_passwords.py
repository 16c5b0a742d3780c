from __future__ import annotations

from tests.dialects.traefik.reading import broken, middleware
from tulle.model.steps import Passwords


def test_users() -> None:
    (step,) = middleware("basicAuth: {users: 'a:hash, b:other', usersFile: users, realm: shop, removeHeader: true}")
    assert step == Passwords(
        users=(("a", "hash"), ("b", "other")), file="/etc/traefik/users", realm="shop", hides_proof=True
    )
    (step,) = middleware("digestAuth: {users: ['a:realm:hash'], headerField: X-User}")
    assert step == Passwords(users=(("a:realm", "hash"),), is_digest=True, name_header="X-User")


def test_mistakes() -> None:
    assert broken("basicAuth: {}") == '"basicAuth" has no users; write users or usersFile'
    assert broken("basicAuth: {users: [a]}") == '"basicAuth.users[0]" must be name:hash, not "a"'
    assert broken("digestAuth: {users: ['a:b']}") == '"digestAuth.users[0]" must be name:realm:hash, not "a:b"'
