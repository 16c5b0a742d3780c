from __future__ import annotations

from envoy.extensions.transport_sockets.tls.v3 import tls_pb2

from tests.envoy.kitchen import HERE
from tests.envoy.pki import Pki, secret
from tulle.envoy import mesh_secrets, naming, secrets
from tulle.envoy.mesh_secrets import secrets_for
from tulle.model.mesh import Mesh
from tulle.model.names import Name
from tulle.model.objects import ConfigMap, Secret
from tulle.xds.snapshot import encode

PKI, OTHER = Pki(), Pki("other")
GOOD = PKI.secret("good", "a.example")
REVOKED = PKI.revoked(GOOD.get("tls.crt"))
CLIENTS = secret("clients", ("cacert", PKI.ca), ("ca.crl", REVOKED))
BROKEN = secret("broken", ("tls.crt", b"x"), ("tls.key", b"x"), ("ca.crt", b"x"))
BUNDLE = ConfigMap(name=Name("default", "bundle"), origin=HERE, data=(("ca.crt", OTHER.ca.decode()),))


def mesh(*more: Secret) -> Mesh:
    found = (GOOD, CLIENTS, BROKEN, *more)
    return Mesh(secrets={each.name: each for each in found}, config_maps={BUNDLE.name: BUNDLE})


def test_only_what_exists_and_can_be_used_is_served() -> None:
    names = [naming.secret(Name("default", name)) for name in ("good", "broken", "gone")]
    names += [naming.secret_ca(Name("default", name)) for name in ("clients", "broken", "gone")]
    names += [naming.config_map_ca(Name("default", name)) for name in ("bundle", "gone")]
    found = secrets_for(mesh(), names)
    assert list(found) == ["config-map-ca|default/bundle", "secret-ca|default/clients", "secret|default/good"]
    assert GOOD.get("tls.key") in found["secret|default/good"].body
    assert REVOKED.strip() in found["secret-ca|default/clients"].body
    assert secrets_for(mesh(), names)["secret|default/good"] is found["secret|default/good"]


def test_authorities_are_joined_as_far_as_they_are_good() -> None:
    parts = ("secret-ca|default/clients", "config-map-ca|default/bundle", "secret-ca|default/gone")
    name = naming.joined_ca(parts)
    (resource,) = secrets_for(mesh(), [name]).values()
    assert resource.name == name
    assert PKI.ca.strip() in resource.body
    assert OTHER.ca.strip() in resource.body
    assert mesh_secrets.parts([name]) == set(parts)


def test_problems_are_said_in_a_sentence() -> None:
    assert mesh_secrets.problem(GOOD) == ""
    assert mesh_secrets.problem(BROKEN) == "the certificate is not PEM that can be read"
    assert mesh_secrets.authority_problem(CLIENTS) == ""
    assert mesh_secrets.authority_problem(GOOD) == "there is no certificate of an authority in it"
    bad_list = secret("x", ("ca.crt", PKI.ca), ("ca.crl", b"x"))
    assert mesh_secrets.authority_problem(bad_list) == "the list of revoked certificates is not PEM that can be read"


def test_what_a_resource_needs_is_found_in_it() -> None:
    context = tls_pb2.UpstreamTlsContext()
    common = context.common_tls_context
    names = ("secret|default/good", "secret-ca|a/b.c+config-map-ca|d/e")
    common.tls_certificate_sds_secret_configs.append(secrets.reference(names[0]))
    common.validation_context_sds_secret_config.CopyFrom(secrets.reference(names[1]))
    resource = encode("c", secrets.tls_socket(context))
    assert mesh_secrets.needed([resource, encode("d", tls_pb2.UpstreamTlsContext(sni="x"))]) == set(names)


def test_private_keys_stay_in_their_namespace() -> None:
    names = ("secret|shop/tls", "secret|other/tls", "secret-ca|other/tls", "config-map-ca|other/ca", "system-ca")
    assert mesh_secrets.shown_to("shop", names) == frozenset(names) - {"secret|other/tls"}


def test_secrets_of_those_who_let_people_sign_in() -> None:
    both = secret("both", ("client-secret", b"told"), ("seal", b"kept"))
    names = [make(Name("default", name)) for name in ("both", "good", "gone") for make in (naming.sign_in, naming.seal)]
    found = secrets_for(mesh(both), names)
    assert list(found) == ["secret-seal|default/both", "secret-sign-in|default/both"]
    assert [b"kept" in each.body for each in found.values()] == [True, False]
    assert [b"told" in each.body for each in found.values()] == [False, True]
