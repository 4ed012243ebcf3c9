"""Access tokens: short-lived JWTs signed with Ed25519 (RFC 8037, alg name of RFC 9864).

The token endpoint signs; every service verifies with the public keys alone.
"""

from __future__ import annotations

import hashlib
import json
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey

from shared.clock import Clock, SystemClock
from shared.http.problem import Unauthorized
from shared.ids import new_id
from shared.security.files import read_secret_file, write_secret_file
from shared.security.principal import Principal

ALGORITHM = "Ed25519"
ISSUER = "yizhan"
AUDIENCE = "yizhan"
LIFETIME_S = 1_800
SKEW_S = 30
"""How far the clocks of two of our machines may differ."""

_CACHE_SIZE = 4_096
_MAX_TOKEN_CHARS = 8_192


class TokenKeyMalformed(ValueError):
    """The file does not hold an Ed25519 key (JWK) or set of public keys (JWKS)."""


class TokenSigner:
    """Holds the private key; only the token endpoint has one."""

    def __init__(
        self,
        key: OKPKey,
        *,
        clock: Clock | None = None,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        lifetime_s: int = LIFETIME_S,
    ) -> None:
        self._key = key
        self._clock: Clock = clock or SystemClock()
        self.issuer = issuer
        self.audience = audience
        self.lifetime_s = lifetime_s

    @classmethod
    def from_file(cls, path: Path, *, clock: Clock | None = None, **options: Any) -> TokenSigner:
        """Read the private key (JWK, mode 0600); ``options`` as in the constructor.

        Raises:
            SecretFileTooOpen: others than the owner may read it.
            TokenKeyMalformed: it is not a private Ed25519 key.
        """
        content = read_secret_file(path)
        try:
            key = OKPKey.import_key(json.loads(content))
            usable = key.is_private and key.curve_name == ALGORITHM and bool(key.kid)
        except (JoseError, ValueError, TypeError, KeyError):
            usable = False
        if not usable:
            # Outside the except block: the parser's error may show a piece of the key.
            raise TokenKeyMalformed(f"{path} is not a private Ed25519 key in JWK form with a kid")
        return cls(key, clock=clock, **options)

    @classmethod
    def generate(cls, path: Path, *, clock: Clock | None = None, **options: Any) -> TokenSigner:
        """Make a new private key file (mode 0600) and open it.

        Raises:
            SecretFileThere: the file exists.
        """
        key = OKPKey.generate_key("Ed25519", {"use": "sig", "alg": ALGORITHM}, auto_kid=True)
        content = json.dumps(key.as_dict(private=True), indent=2).encode()
        write_secret_file(path, content, replace=False)
        return cls.from_file(path, clock=clock, **options)

    def sign(
        self,
        *,
        client_id: str,
        organisation: str,
        scopes: Iterable[str],
        more: Mapping[str, str | int] | None = None,
    ) -> str:
        """A token for the client, valid for ``lifetime_s`` seconds from now.

        Args:
            client_id: to whom it is given.
            organisation: as in :class:`shared.security.principal.Principal`.
            scopes: what its bearer may do.
            more: further claims; the names of the ones above cannot be used.
        """
        now_s = int(self._clock.now().timestamp())
        claims = {
            **(more or {}),
            "iss": self.issuer,
            "aud": self.audience,
            "sub": client_id,
            "client_id": client_id,
            "org": organisation,
            "scope": " ".join(sorted(scopes)),
            "iat": now_s,
            "exp": now_s + self.lifetime_s,
            "jti": str(new_id()),
        }
        header = {"alg": ALGORITHM, "typ": "at+jwt", "kid": self._key.kid}
        return jwt.encode(header, claims, self._key, algorithms=[ALGORITHM])

    def jwks(self) -> dict[str, Any]:
        """The public half, as served at ``/oauth/jwks.json``."""
        return {"keys": [self._key.as_dict(private=False)]}

    def write_jwks(self, path: Path) -> None:
        """Write the public keys where the services look for them."""
        write_secret_file(path, json.dumps(self.jwks(), indent=2).encode(), replace=True)

    def verifier(self) -> TokenVerifier:
        """A verifier for a host that signs and verifies in one process."""
        return TokenVerifier(self.jwks(), self.issuer, self.audience, self._clock)


class TokenVerifier:
    """Turns a token into its :class:`Principal`, or refuses it."""

    def __init__(
        self,
        jwks: Mapping[str, Any],
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
        clock: Clock | None = None,
    ) -> None:
        """Hold the public keys.

        Raises:
            TokenKeyMalformed: ``jwks`` holds no Ed25519 key, or a private one.
        """
        self._keys = _public_keys(jwks)
        self._issuer = issuer
        self._audience = audience
        self._clock: Clock = clock or SystemClock()
        self._verified: OrderedDict[bytes, tuple[Principal, int]] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def from_file(
        cls,
        path: Path,
        *,
        clock: Clock | None = None,
        issuer: str = ISSUER,
        audience: str = AUDIENCE,
    ) -> TokenVerifier:
        """Read the public keys (JWKS).

        Raises:
            TokenKeyMalformed: not a set of public Ed25519 keys.
        """
        try:
            jwks = json.loads(path.read_bytes())
        except ValueError:
            raise TokenKeyMalformed(f"{path} is not JSON") from None
        return cls(jwks, issuer, audience, clock)

    def verify(self, token: str) -> Principal:
        """The client that the token was given to.

        Raises:
            Unauthorized: not one of our tokens, changed, expired, or signed in another way.
        """
        if len(token) > _MAX_TOKEN_CHARS or not token.isascii():
            raise _refused("the access token is not one of ours")
        now_s = self._clock.now().timestamp()
        digest = hashlib.sha256(token.encode()).digest()
        with self._lock:
            known = self._verified.get(digest)
        if known is None:
            known = self._examine(token, now_s)
            with self._lock:
                self._verified[digest] = known
                if len(self._verified) > _CACHE_SIZE:
                    self._verified.popitem(last=False)
        principal, expires_at_s = known
        if now_s >= expires_at_s + SKEW_S:
            raise _refused("the access token has expired; get a new one from POST /oauth/token")
        return principal

    def claims_of(self, token: str) -> Mapping[str, Any]:
        """Everything that a token of ours says, while it is valid.

        Raises:
            Unauthorized: as :meth:`verify`.
        """
        self.verify(token)
        return self._claims(token)

    def _claims(self, token: str) -> Mapping[str, Any]:
        try:
            claims: Mapping[str, Any] = jwt.decode(token, self._keys, algorithms=[ALGORITHM]).claims
        except (JoseError, ValueError, TypeError, KeyError):
            raise _refused("the access token is not one of ours") from None
        return claims

    def _examine(self, token: str, now_s: float) -> tuple[Principal, int]:
        claims = self._claims(token)
        subject, organisation, scope = claims.get("sub"), claims.get("org"), claims.get("scope")
        expires_at_s, issued_at_s = claims.get("exp"), claims.get("iat")
        if claims.get("iss") != self._issuer or claims.get("aud") != self._audience:
            raise _refused("the access token is for another system")
        if not (
            isinstance(subject, str)
            and isinstance(organisation, str)
            and isinstance(scope, str)
            and isinstance(expires_at_s, int)
            and isinstance(issued_at_s, int)
        ):
            raise _refused("the access token lacks a claim")
        if issued_at_s > now_s + SKEW_S:
            raise _refused("the access token is from the future; check the clocks")
        return Principal(subject, organisation, frozenset(scope.split())), expires_at_s


def _public_keys(jwks: Mapping[str, Any]) -> KeySet:
    try:
        documents = [dict(each) for each in jwks["keys"]]
        keys = [OKPKey.import_key(each) for each in documents]
    except (JoseError, ValueError, TypeError, KeyError):
        raise TokenKeyMalformed("need a JWKS of Ed25519 public keys") from None
    if not keys or any(key.is_private or key.curve_name != ALGORITHM for key in keys):
        raise TokenKeyMalformed("need a JWKS of Ed25519 public keys, and no private one")
    return KeySet(list(keys))


def _refused(detail: str) -> Unauthorized:
    return Unauthorized(detail, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})
