"""Client assertions (RFC 7523): a client proves itself with a JWT that its private key signed."""

from __future__ import annotations

import json
import threading
from collections import OrderedDict
from collections.abc import Collection
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet, OKPKey, RSAKey

from shared.clock import Clock
from shared.security.clients import Client
from shared.security.tokens import SKEW_S

ASSERTION_TYPE = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"
ALGORITHMS = ("Ed25519", "EdDSA", "ES256", "ES384", "RS256", "PS256")
"""Asymmetric only: with HS256 the public key could be used as a secret."""

MAX_LIFETIME_S = 600
_REMEMBERED = 10_000
_MAX_CHARS = 8_192
_MAX_JTI_CHARS = 256
_PUBLIC_ALONE = "give the public keys alone; private ones never leave their owner"


class AssertionRefused(ValueError):
    """The assertion does not prove what it should; the message says why."""


class KeysRefused(ValueError):
    """What was given are no public keys with which a client can prove itself; says why."""


def public_keys(content: bytes) -> dict[str, Any]:
    """A client's public keys out of a JWK set (RFC 7517): what is registered for it.

    Raises:
        KeysRefused: no JWK set, or a private or symmetric key in it.
    """
    try:
        document = json.loads(content)
        keys = KeySet.import_key_set({"keys": list(document["keys"])}).keys
    except (JoseError, ValueError, TypeError, KeyError, AttributeError):
        raise KeysRefused(
            'this is no JWK set with a key in it: {"keys": [{"kty": "OKP", …}]}'
        ) from None
    for key in keys:
        if not isinstance(key, OKPKey | ECKey | RSAKey):
            raise KeysRefused(f"a key of kind {key.key_type} is a shared secret: {_PUBLIC_ALONE}")
        if key.is_private:
            raise KeysRefused(f"a private key is in it: {_PUBLIC_ALONE}")
    return {"keys": [key.as_dict(private=False) for key in keys]}


class AssertionChecker:
    """Checks assertions and remembers their ids until they expire."""

    def __init__(self, clock: Clock, audiences: Collection[str]) -> None:
        self._clock = clock
        self._audiences = frozenset(audiences)
        self._seen: OrderedDict[tuple[str, str], float] = OrderedDict()
        self._lock = threading.Lock()

    def check(self, client: Client, assertion: str, audience: str) -> None:
        """Let pass an assertion that ``client`` signed for us, once.

        Args:
            client: whose keys must have signed it.
            assertion: the JWT as sent.
            audience: the token endpoint's own address; the configured audiences count too.

        Raises:
            AssertionRefused: wrong key, client, audience or time, or sent a second time.
        """
        claims = self._claims(client, assertion)
        if claims.get("iss") != client.client_id or claims.get("sub") != client.client_id:
            raise AssertionRefused("iss and sub must both be the client_id")
        named = claims.get("aud")
        named = {named} if isinstance(named, str) else set(named or ())
        if not named & (self._audiences | {audience}):
            raise AssertionRefused("aud must be the address of the token endpoint")
        now_s = self._clock.now().timestamp()
        expires_at_s, not_before_s = claims.get("exp"), claims.get("nbf", claims.get("iat", 0))
        if not isinstance(expires_at_s, int | float) or not isinstance(not_before_s, int | float):
            raise AssertionRefused("exp must be a time in seconds")
        if not now_s < expires_at_s + SKEW_S:
            raise AssertionRefused("the assertion has expired")
        if expires_at_s > now_s + MAX_LIFETIME_S + SKEW_S:
            raise AssertionRefused(f"exp may be at most {MAX_LIFETIME_S} s ahead")
        if not_before_s > now_s + SKEW_S:
            raise AssertionRefused("the assertion is from the future; check the clock")
        jti = claims.get("jti")
        if not isinstance(jti, str) or not 0 < len(jti) <= _MAX_JTI_CHARS:
            raise AssertionRefused("jti must be a text that is new each time")
        self._remember((client.client_id, jti), float(expires_at_s) + SKEW_S, now_s)

    def _claims(self, client: Client, assertion: str) -> dict[str, Any]:
        if client.jwks is None or len(assertion) > _MAX_CHARS or not assertion.isascii():
            raise AssertionRefused("no key of this client signed the assertion")
        try:
            keys = KeySet.import_key_set({"keys": list(client.jwks.get("keys", ()))})
            claims = jwt.decode(assertion, keys, algorithms=list(ALGORITHMS)).claims
        except (JoseError, ValueError, TypeError, KeyError, AttributeError):
            raise AssertionRefused("no key of this client signed the assertion") from None
        return dict(claims)

    def _remember(self, mark: tuple[str, str], until_s: float, now_s: float) -> None:
        with self._lock:
            while self._seen:
                oldest = next(iter(self._seen))
                if self._seen[oldest] >= now_s:
                    break
                del self._seen[oldest]
            if mark in self._seen and self._seen[mark] >= now_s:
                raise AssertionRefused("the assertion was used before; make a new one")
            if len(self._seen) >= _REMEMBERED:
                # Forgetting one that is still valid would let it be sent again: rather refuse.
                self._seen = OrderedDict(
                    (each, end) for each, end in self._seen.items() if end >= now_s
                )
                if len(self._seen) >= _REMEMBERED:
                    raise AssertionRefused("too many assertions at once; try again in a minute")
            self._seen[mark] = until_s
            self._seen.move_to_end(mark)
