"""The card's code: a compact JWS that any window verifies with the public key alone.

``alg`` is ``EdDSA`` (RFC 8037): the name that every JOSE library in the field knows. The newer
``Ed25519`` (RFC 9864) names the same signature.
"""

from __future__ import annotations

import json
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from services.identity.cards.domain import CardClaims, CodeMalformed
from shared.security.crypto import Vault

ALGORITHM = "EdDSA"
TYPE = "card+jwt"
PRIVATE_COLUMN = "card_keys.private"
MAX_CODE_CHARS = 1_024
_KID_CHARS = 8


class SignatureWrong(ValueError):
    """No key of ours signed the code."""


class _Registry(jws.JWSRegistry):
    """The one algorithm of a code, and no warning that its name has a younger sister."""

    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise SignatureWrong
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=[ALGORITHM])


def new_key() -> OKPKey:
    """A key pair with a short id: it travels in every code."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    parameters: dict[str, Any] = {
        "use": "sig",
        "alg": ALGORITHM,
        "kid": f"card-{str(key.kid)[:_KID_CHARS]}",
    }
    return OKPKey.import_key({**key.as_dict(private=True), **parameters})


def sealed(key: OKPKey, vault: Vault) -> bytes:
    """The private half as it is stored."""
    return vault.encrypt(json.dumps(key.as_dict(private=True)), column=PRIVATE_COLUMN)


def opened(blob: bytes, vault: Vault) -> OKPKey:
    return OKPKey.import_key(json.loads(vault.decrypt(blob, column=PRIVATE_COLUMN)))


def public(key: OKPKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def sign(claims: CardClaims, key: OKPKey) -> str:
    """The code of a card. Ed25519 knows no chance: the same card always has the same code."""
    header = {"alg": ALGORITHM, "typ": TYPE, "kid": str(key.kid)}
    content = json.dumps(claims.to_json(), separators=(",", ":")).encode()
    return str(jws.serialize_compact(header, content, key, registry=_REGISTRY))


def read(code: str, keys: list[dict[str, Any]]) -> CardClaims:
    """What a code says, its signature checked.

    Raises:
        CodeMalformed: it is no code of a card.
        SignatureWrong: no key of ours signed it.
    """
    if len(code) > MAX_CODE_CHARS or not code.isascii():
        raise CodeMalformed
    try:
        header = jws.extract_compact(code.encode()).headers()
    except (JoseError, ValueError, TypeError):
        raise CodeMalformed from None
    if header.get("typ") != TYPE:
        raise CodeMalformed
    named = [each for each in keys if each.get("kid") == header.get("kid")]
    if not named:
        raise SignatureWrong
    try:
        key_set = KeySet.import_key_set({"keys": named})
        content = jws.deserialize_compact(code, key_set, registry=_REGISTRY).payload
    except (JoseError, ValueError, TypeError, KeyError):
        raise SignatureWrong from None
    try:
        claims = json.loads(content)
    except ValueError:
        raise CodeMalformed from None
    if not isinstance(claims, dict):
        raise CodeMalformed
    return CardClaims.from_json(claims)
