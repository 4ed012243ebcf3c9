"""SQL of recognitions: one look-up, one insert; and what the registry is loaded from."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Result, RowMapping, bindparam, insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.categories.domain import Period
from services.identity.models import (
    cards,
    match_weights,
    memberships,
    person_aliases,
    persons,
    recognitions,
    registers,
)
from services.identity.recognition.faces import Registered

# Made once: putting a statement together costs more than sending it.
_INSERT = insert(recognitions)
_REVISION = select(registers.c.revision).where(registers.c.region == bindparam("region"))
_NEWEST_WEIGHTS = (
    select(match_weights.c.version, match_weights.c.content_enc)
    .where(match_weights.c.region == bindparam("region"))
    .order_by(match_weights.c.learned_at.desc(), match_weights.c.version)
    .limit(1)
)
_COMPARED = (
    persons.c.person_id,
    persons.c.merged_into,
    persons.c.name_enc,
    persons.c.id_number_enc,
    persons.c.phone_enc,
    persons.c.birth_date,
    persons.c.sex,
    persons.c.household_id,
    persons.c.township,
    persons.c.village,
)
_CHANGED = (
    select(*_COMPARED)
    .where(
        persons.c.region == bindparam("region"),
        persons.c.revision > bindparam("revision"),
        persons.c.person_id > bindparam("after"),
    )
    .order_by(persons.c.person_id)
    .limit(bindparam("most"))
)
_ALIASES = (
    select(person_aliases.c.person_id, person_aliases.c.kind, person_aliases.c.value_enc)
    .where(person_aliases.c.person_id.in_(bindparam("ids", expanding=True)))
    .order_by(person_aliases.c.alias_id)
)
_HELD = (
    select(
        memberships.c.person_id,
        memberships.c.category,
        memberships.c.valid_from,
        memberships.c.valid_to,
    )
    .where(
        memberships.c.person_id.in_(bindparam("ids", expanding=True)),
        memberships.c.superseded_at.is_(None),
    )
    .order_by(memberships.c.membership_id)
)
_CARDS = (
    select(cards.c.person_id, cards.c.card_id)
    .where(cards.c.person_id.in_(bindparam("ids", expanding=True)), cards.c.revoked_at.is_(None))
    .order_by(cards.c.card_id)
)


_KEPT = select(
    recognitions.c.facility_code,
    recognitions.c.grade,
    recognitions.c.candidate_id,
    recognitions.c.score,
    recognitions.c.weights_version,
    recognitions.c.evidence,
    recognitions.c.recorded_at,
).where(
    recognitions.c.region == bindparam("region"),
    recognitions.c.recognition_id == bindparam("recognition_id"),
)
_WEIGHTS = select(match_weights.c.version, match_weights.c.content_enc).where(
    match_weights.c.region == bindparam("region"), match_weights.c.version == bindparam("version")
)
_FACES = select(*_COMPARED, persons.c.updated_at).where(
    persons.c.region == bindparam("region"),
    (persons.c.person_id == bindparam("person_id"))
    | (persons.c.merged_into == bindparam("person_id")),
)


class RecognitionRepository:
    """All SQL of the slice."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def kept(self, recognition_id: UUID) -> RowMapping | None:
        """A decision with its evidence, as it was made."""
        asked = {"region": self._region, "recognition_id": recognition_id}
        result: Result[Any] = await self._session.execute(_KEPT, asked)
        return result.mappings().one_or_none()

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(_INSERT, {"region": self._region, **values})


STANDS = "recognition_stands($1, $2, $3)"
"""Whether a decision made in memory still stands: given are the region, the register's revision
that it was made by, and the fingerprint of the question. From then until the transaction ends it
counts as a recognition under way, as by ``RevisionRepository.join_recognitions``.
"""

WEIGHTS_COLUMN = "match_weights.content"


@dataclass(frozen=True)
class StoredWeights:
    """A table of weights as kept."""

    version: str
    content_enc: bytes


class RegistryRepository:
    """What the registry in memory is loaded from."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def revision(self) -> int:
        """The register's revision; 0 for an empty register."""
        found = await self._session.scalar(_REVISION, {"region": self._region})
        return int(found or 0)

    async def newest_weights(self) -> StoredWeights | None:
        row = (await self._session.execute(_NEWEST_WEIGHTS, {"region": self._region})).one_or_none()
        return StoredWeights(row.version, row.content_enc) if row else None

    async def weights(self, version: str) -> StoredWeights | None:
        """The table of that version, in force or not."""
        asked = {"region": self._region, "version": version}
        row = (await self._session.execute(_WEIGHTS, asked)).one_or_none()
        return StoredWeights(row.version, row.content_enc) if row else None

    async def rows_of(self, person_id: UUID) -> Sequence[RowMapping]:
        """A person's row and those of whom he absorbed."""
        asked = {"region": self._region, "person_id": person_id}
        result: Result[Any] = await self._session.execute(_FACES, asked)
        return result.mappings().all()

    async def changed_since(self, revision: int, *, chunk: int) -> AsyncIterator[list[Registered]]:
        """Persons stamped with a later revision, in chunks, with their aliases and cards."""
        after = UUID(int=0)
        while True:
            asked = {"region": self._region, "revision": revision, "after": after, "most": chunk}
            rows = (await self._session.execute(_CHANGED, asked)).mappings().all()
            if not rows:
                return
            ids = [row["person_id"] for row in rows]
            names, numbers = await self._aliases(ids)
            cards_of, held = await self._cards(ids), await self._held(ids)
            yield [
                Registered(
                    dict(row),
                    names=names.get(row["person_id"], ()),
                    numbers=numbers.get(row["person_id"], ()),
                    cards=cards_of.get(row["person_id"], ()),
                    held=held.get(row["person_id"], ()),
                )
                for row in rows
            ]
            after = ids[-1]

    async def _aliases(
        self, ids: Sequence[UUID]
    ) -> tuple[dict[UUID, list[bytes]], dict[UUID, list[bytes]]]:
        found: dict[str, dict[UUID, list[bytes]]] = {"name": {}, "id_number": {}}
        for row in await self._session.execute(_ALIASES, {"ids": ids}):
            found[row.kind].setdefault(row.person_id, []).append(row.value_enc)
        return found["name"], found["id_number"]

    async def _held(self, ids: Sequence[UUID]) -> dict[UUID, list[Period]]:
        found: dict[UUID, list[Period]] = {}
        for row in await self._session.execute(_HELD, {"ids": ids}):
            period = Period(row.category, row.valid_from, row.valid_to)
            found.setdefault(row.person_id, []).append(period)
        return found

    async def _cards(self, ids: Sequence[UUID]) -> dict[UUID, list[UUID]]:
        found: dict[UUID, list[UUID]] = {}
        for row in await self._session.execute(_CARDS, {"ids": ids}):
            found.setdefault(row.person_id, []).append(row.card_id)
        return found
