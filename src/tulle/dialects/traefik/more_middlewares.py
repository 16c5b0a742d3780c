"""Middlewares that Traefik's open edition does not have, as steps."""

from __future__ import annotations

import base64
import binascii
import json

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from tulle.dialects.fields import shown
from tulle.dialects.traefik.more_specs import JwtSpec, PluginSpec, TimeoutsSpec
from tulle.dialects.traefik.sign_in import sign_in
from tulle.dialects.written import Written
from tulle.kit.web_keys import SHARED, key_set
from tulle.model.security import TokenRule
from tulle.model.steps import LimitTime, SignIn, VerifyToken

USUAL = "is code that only Traefik runs; a WasmPlugin of Istio, or an EnvoyFilter with Lua, can do it"
ALTERNATIVES = {
    "oauthintrospection": "is not done here; let a server that asks for tokens decide with forwardAuth",
    "ldap": "is not done here; let a server that asks the directory decide with forwardAuth",
    "httpcache": "is not done here; put a cache between the service and this",
    "opa": "is not done here; let the Open Policy Agent decide with forwardAuth",
}
"""Of what Traefik Hub has built in."""
REFERENCE = "urn:k8s:"


def plugin(part: Written, spec: PluginSpec) -> tuple[VerifyToken | SignIn, ...]:
    """The only ones that are done here."""
    for name in spec.model_extra or {}:
        part.error(("plugin", name), ALTERNATIVES.get(name.lower(), USUAL))
    if spec.jwt is not None:
        return jwt(part, spec.jwt, "plugin", "jwt")
    if spec.oidc is not None:
        return sign_in(part, spec.oidc, "plugin", "oidc")
    if not spec.model_extra:
        part.error(("plugin",), "names nothing")
    return ()


def timeouts(part: Written, spec: TimeoutsSpec) -> tuple[LimitTime, ...]:
    """The step; without any limit it would say nothing."""
    if spec.request is None and spec.idle is None:
        part.error(("timeouts",), "names no limit; write request, idle, or both")
    return (LimitTime(request=spec.request, idle=spec.idle),)


def jwt(part: Written, spec: JwtSpec, *path: str) -> tuple[VerifyToken, ...]:
    """The step, if it says by which keys tokens are verified."""
    given = [name for name in ("signing_secret", "public_key", "jwks_file", "jwks_url") if getattr(spec, name)]
    if len(given) != 1:
        names = "signingSecret, publicKey, jwksFile, jwksUrl"
        part.error(path, f"needs exactly one of {names}, by which tokens are verified, and has {len(given) or 'none'}")
        return ()
    if spec.jwks_url and not spec.jwks_url.startswith(("http://", "https://")):
        part.error((*path, "jwksUrl"), f"must be a URL such as https://id.example.org/keys, not {shown(spec.jwks_url)}")
    rule = TokenRule(
        origin=part.at(*path),
        issuer=spec.issuer,
        audiences=spec.audiences,
        jwks=_keys(part, spec, path),
        jwks_uri=spec.jwks_url,
        headers=(("Authorization", "Bearer "),),
        parameters=(spec.token_key,) if spec.token_key else (),
        claim_headers=tuple(spec.forward_headers.items()),
        forwards_token=spec.forward_authorization,
    )
    return (VerifyToken(rule=rule),)


def _keys(part: Written, spec: JwtSpec, path: tuple[str, ...]) -> str:
    """The keys that are written, as a set in its one form."""
    if spec.signing_secret:
        return _shared(part, spec, (*path, "signingSecret"))
    if spec.public_key:
        return _public(part, spec.public_key, (*path, "publicKey"))
    return _set(part, spec.jwks_file, (*path, "jwksFile")) if spec.jwks_file else ""


def _shared(part: Written, spec: JwtSpec, path: tuple[str, ...]) -> str:
    secret = spec.signing_secret.encode()
    if spec.signing_secret.startswith(REFERENCE):
        part.error(path, "refers to a secret of Kubernetes, which is not looked up; write the secret itself")
    if spec.signing_secret_base64_encoded:
        try:
            secret = base64.b64decode(secret, validate=True)
        except binascii.Error:
            part.error(path, "is no base64")
    found, _ = key_set([{"kty": "oct", "alg": name, "k": _text(secret)} for name in SHARED])
    return found


def _public(part: Written, pem: str, path: tuple[str, ...]) -> str:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        part.error(path, "is no public key as PEM")
        return ""
    found, problems = key_set([_web_key(key)])
    for each in problems:
        part.error(path, each.replace("a key (1)", "one"))
    return found


def _web_key(key: object) -> dict[str, str]:
    match key:
        case rsa.RSAPublicKey():
            numbers = key.public_numbers()
            return {"kty": "RSA", "n": _number(numbers.n), "e": _number(numbers.e)}
        case ec.EllipticCurvePublicKey():
            point, size = key.public_numbers(), (key.curve.key_size + 7) // 8
            names = {256: "P-256", 384: "P-384", 521: "P-521"}
            curve = names.get(key.curve.key_size, key.curve.name)
            return {"kty": "EC", "crv": curve, "x": _number(point.x, size), "y": _number(point.y, size)}
        case ed25519.Ed25519PublicKey():
            return {"kty": "OKP", "crv": "Ed25519", "x": _text(key.public_bytes_raw())}
        case _:
            return {}


def _set(part: Written, text: str, path: tuple[str, ...]) -> str:
    try:
        written = json.loads(text)
    except (ValueError, RecursionError):
        part.error(path, "is no set of keys as JSON; write the set itself, or jwksUrl")
        return ""
    keys = written.get("keys") if isinstance(written, dict) else None
    found, problems = key_set(keys) if isinstance(keys, list) else ("", ())
    for each in problems:
        (part.warning if found else part.error)(path, f"{each}{'; it is left out' if found else ''}")
    if not found and not problems:
        part.error(path, "has no key in it")
    return found


def _number(value: int, size: int = 0) -> str:
    return _text(value.to_bytes(max(size, (value.bit_length() + 7) // 8)))


def _text(value: bytes) -> str:
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()
