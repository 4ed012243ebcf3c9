"""The card's code: a compact JWS that any window verifies with the public key alone."""

from __future__ import annotations

import json
from typing import Any

from joserfc.jwk import OKPKey

from services.identity.cards.domain import CardClaims, CodeMalformed
from shared.security import signing
from shared.security.signing import NotSigned, SignatureWrong

__all__ = ["MAX_CODE_CHARS", "PURPOSE", "TYPE", "SignatureWrong", "read", "sign"]

TYPE = "card+jwt"
PURPOSE = "card"
MAX_CODE_CHARS = 1_024


def sign(claims: CardClaims, key: OKPKey) -> str:
    """The code of a card; the same card always has the same code."""
    content = json.dumps(claims.to_json(), separators=(",", ":")).encode()
    return signing.sign(content, key, kind=TYPE)


def kid_of(code: str) -> str | None:
    """The id of the key that a code, once read, was signed with."""
    return signing.kid_of(code)


def read(code: str, keys: list[dict[str, Any]]) -> CardClaims:
    """What a code says, its signature checked.

    Raises:
        CodeMalformed: it is no code of a card.
        SignatureWrong: no key of ours signed it.
    """
    if len(code) > MAX_CODE_CHARS:
        raise CodeMalformed
    try:
        claims = json.loads(signing.verify(code, keys, kind=TYPE))
    except SignatureWrong:
        raise
    except (NotSigned, ValueError):
        raise CodeMalformed from None
    if not isinstance(claims, dict):
        raise CodeMalformed
    return CardClaims.from_json(claims)
