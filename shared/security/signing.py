"""Ed25519 signatures that outlive the service that made them, and the pairs that make them.

A *ring* is a service's table of key pairs for one purpose: one pair signs, retired ones are never
forgotten, so what they signed stays verifiable. The private half is stored under the vault's key;
the database alone signs nothing.

``alg`` is ``EdDSA`` (RFC 8037): the name that every JOSE library in the field knows. The newer
``Ed25519`` (RFC 9864) names the same signature.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from joserfc import jws
from joserfc.errors import JoseError
from joserfc.jwk import KeySet, OKPKey
from sqlalchemy import RowMapping, Table, select, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from shared.security.crypto import Vault

ALGORITHM = "EdDSA"
_KID_CHARS = 8


class SignatureWrong(ValueError):
    """No key of ours signed it."""


class NotSigned(ValueError):
    """It is no signed text of the kind that was asked for."""


class _Registry(jws.JWSRegistry):
    """The one algorithm of ours, and no warning that its name has a younger sister."""

    def get_alg(self, name: str) -> Any:
        if name != ALGORITHM:
            raise SignatureWrong
        return self.algorithms[name]


_REGISTRY = _Registry(algorithms=[ALGORITHM])


def new_key(purpose: str) -> OKPKey:
    """A key pair with a short id, ``<purpose>-<eight characters>``: it travels in every signature."""
    key = OKPKey.generate_key("Ed25519", auto_kid=True)
    parameters: dict[str, Any] = {
        "use": "sig",
        "alg": ALGORITHM,
        "kid": f"{purpose}-{str(key.kid)[:_KID_CHARS]}",
    }
    return OKPKey.import_key({**key.as_dict(private=True), **parameters})


def sealed(key: OKPKey, vault: Vault, *, column: str) -> bytes:
    """The private half as it is stored."""
    return vault.encrypt(json.dumps(key.as_dict(private=True)), column=column)


def opened(blob: bytes, vault: Vault, *, column: str) -> OKPKey:
    return OKPKey.import_key(json.loads(vault.decrypt(blob, column=column)))


def public(key: OKPKey) -> dict[str, Any]:
    return dict(key.as_dict(private=False))


def sign(content: bytes, key: OKPKey, *, kind: str) -> str:
    """A compact JWS. Ed25519 knows no chance: the same content always has the same signature."""
    header = {"alg": ALGORITHM, "typ": kind, "kid": str(key.kid)}
    return str(jws.serialize_compact(header, content, key, registry=_REGISTRY))


def verify(text: str, keys: Sequence[Mapping[str, Any]], *, kind: str) -> bytes:
    """What a compact JWS says, its signature checked.

    Args:
        text: the JWS.
        keys: public keys, any of which may have signed.
        kind: the ``typ`` that it must have.

    Raises:
        NotSigned: it is no JWS of that kind.
        SignatureWrong: none of the keys signed it.
    """
    if not text.isascii():
        raise NotSigned
    try:
        header = jws.extract_compact(text.encode()).headers()
    except (JoseError, ValueError, TypeError):
        raise NotSigned from None
    if header.get("typ") != kind:
        raise NotSigned
    named = [dict(each) for each in keys if each.get("kid") == header.get("kid")]
    if not named:
        raise SignatureWrong
    try:
        key_set = KeySet.import_key_set({"keys": named})
        return bytes(jws.deserialize_compact(text, key_set, registry=_REGISTRY).payload)
    except (JoseError, ValueError, TypeError, KeyError):
        raise SignatureWrong from None


def kid_of(text: str) -> str | None:
    """The id of the key that a compact JWS names.

    Raises:
        NotSigned: it is no JWS.
    """
    try:
        kid = jws.extract_compact(text.encode()).headers().get("kid")
    except (JoseError, ValueError, TypeError):
        raise NotSigned from None
    return kid if isinstance(kid, str) else None


class Ring:
    """One region's pairs for one purpose, in a table of the service's own.

    The table has ``kid``, ``region``, ``public_jwk``, ``private_enc``, ``made_at``, ``retired_at``,
    and at most one row per region that is not retired.
    """

    def __init__(
        self, session: AsyncSession, table: Table, region: str, vault: Vault, *, purpose: str
    ) -> None:
        self._session = session
        self._table = table
        self._region = region
        self._vault = vault
        self._purpose = purpose
        self._column = f"{table.name}.private"

    async def signing_key(self, now: datetime) -> OKPKey:
        """The pair that signs, made if there is none."""
        row = await self._signing()
        if row is None:
            key = new_key(self._purpose)
            kept = await self._session.scalar(
                upsert(self._table)
                .values(
                    kid=str(key.kid),
                    region=self._region,
                    public_jwk=public(key),
                    private_enc=sealed(key, self._vault, column=self._column),
                    made_at=now,
                )
                .on_conflict_do_nothing()
                .returning(self._table.c.kid)
            )
            if kept is not None:
                return key
            row = await self._signing()  # another process was quicker
            if row is None:
                raise RuntimeError(f"the {self._purpose} key was withdrawn while it was being made")
        return opened(row["private_enc"], self._vault, column=self._column)

    async def retire(self, now: datetime) -> str | None:
        """Let the key in use sign no more; gives its id, None if there is none."""
        c = self._table.c
        retired: str | None = await self._session.scalar(
            update(self._table)
            .where(c.region == self._region, c.retired_at.is_(None))
            .values(retired_at=now)
            .returning(c.kid)
        )
        return retired

    async def public_keys(self) -> list[dict[str, Any]]:
        """Of every key that ever signed here, oldest first."""
        c = self._table.c
        found = await self._session.scalars(
            select(c.public_jwk)
            .where(c.region == self._region)
            .order_by(c.made_at, c.retired_at.nulls_last(), c.kid)
        )
        return [dict(key) for key in found]

    async def _signing(self) -> RowMapping | None:
        c = self._table.c
        found = await self._session.execute(
            select(self._table).where(c.region == self._region, c.retired_at.is_(None))
        )
        return found.mappings().one_or_none()
