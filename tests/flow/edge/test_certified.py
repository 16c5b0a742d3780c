from __future__ import annotations

from pathlib import Path

from tests.envoy.pki import Pki
from tulle.flow.edge.certified import names
from tulle.model.documents import BUILT_IN
from tulle.model.names import Name
from tulle.model.objects import Secret
from tulle.model.routers import KeyPair


def pair(text: str, *, namespace: str = "@file", is_default: bool = False) -> KeyPair:
    return KeyPair(name=Name(namespace, "p"), origin=BUILT_IN, certificate=text, key="-----", is_default=is_default)


def test_names_of_all_certificates(tmp_path: Path) -> None:
    pki = Pki()
    text, stored, made = (pki.issue(name)[0] for name in ("A.test", "*.b.test", "c.test"))
    path = tmp_path / "b.pem"
    path.write_bytes(stored)
    issued = Secret(name=Name("n", "s"), origin=BUILT_IN, data=(("tls.crt", made),))
    pairs = [pair(text.decode()), pair(str(path)), pair("-----BEGIN nothing")]
    assert names(pairs, [issued, issued]) == ("a.test", "*.b.test", "c.test")


def test_certificates_that_are_for_everybody_are_for_no_name(tmp_path: Path) -> None:
    chain = Pki().issue("a.test")[0].decode()
    assert names([pair(chain, is_default=True), pair(chain, namespace="@internal")], []) == ()


def test_files_that_are_elsewhere() -> None:
    assert names([pair("/nowhere/a.pem")], []) is None
    assert names([pair("\0")], []) is None
