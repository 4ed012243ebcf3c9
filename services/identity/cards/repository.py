"""SQL of health cards."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, RowMapping, Select, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import card_keys, cards, persons


class CardRepository:
    """All SQL of the slice, in one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def good_cards_of(self, kid: str, today: date) -> int:
        """How many cards that a key signed are neither revoked nor over."""
        count = await self._session.scalar(
            select(func.count()).where(
                cards.c.kid == kid, cards.c.revoked_at.is_(None), cards.c.expires_on >= today
            )
        )
        return int(count or 0)

    async def key(self, kid: str) -> RowMapping | None:
        """When a key was retired, reported and compromised, and by whom it was reported."""
        result = await self._session.execute(
            select(
                card_keys.c.retired_at,
                card_keys.c.compromised_at,
                card_keys.c.reported_at,
                card_keys.c.reported_by,
            ).where(card_keys.c.kid == kid, card_keys.c.region == self._region)
        )
        return result.mappings().one_or_none()

    async def all_keys(self, today: date) -> Sequence[RowMapping]:
        """Every key, the one that signs first, then the last retired; with its good cards."""
        good = (
            select(func.count())
            .where(
                cards.c.kid == card_keys.c.kid,
                cards.c.revoked_at.is_(None),
                cards.c.expires_on >= today,
            )
            .scalar_subquery()
        )
        result = await self._session.execute(
            select(
                card_keys.c.kid,
                card_keys.c.made_at,
                card_keys.c.retired_at,
                card_keys.c.compromised_at,
                card_keys.c.reported_at,
                card_keys.c.reported_by,
                card_keys.c.report_reason_enc,
                good.label("good_cards"),
            )
            .where(card_keys.c.region == self._region)
            .order_by(card_keys.c.retired_at.desc().nulls_first(), card_keys.c.kid)
        )
        return result.mappings().all()

    async def reported_keys(self) -> int:
        """How many keys were reported and wait for another person."""
        count = await self._session.scalar(
            select(func.count()).where(
                card_keys.c.region == self._region,
                card_keys.c.reported_at.is_not(None),
                card_keys.c.compromised_at.is_(None),
            )
        )
        return int(count or 0)

    async def report_key(
        self, kid: str, *, by: str | None, at: datetime | None, reason_enc: bytes | None
    ) -> None:
        """Note who says that a key is compromised; None for each takes it back."""
        await self._session.execute(
            update(card_keys)
            .where(card_keys.c.kid == kid, card_keys.c.region == self._region)
            .values(reported_by=by, reported_at=at, report_reason_enc=reason_enc)
        )

    async def compromised_keys(self) -> set[str]:
        """Keys of which nothing that they signed proves anything."""
        found = await self._session.scalars(
            select(card_keys.c.kid).where(
                card_keys.c.region == self._region, card_keys.c.compromised_at.is_not(None)
            )
        )
        return set(found)

    async def mark_compromised(self, kid: str, *, at: datetime) -> None:
        await self._session.execute(
            update(card_keys)
            .where(card_keys.c.kid == kid, card_keys.c.compromised_at.is_(None))
            .values(compromised_at=at)
        )

    async def revoke_all_of(
        self, kid: str, today: date, *, by: str, at: datetime, reason_enc: bytes
    ) -> Sequence[RowMapping]:
        """Revoke every good card that a key signed, under the register's lock; tells which."""
        last = await self.last_revocation()
        place = func.row_number().over(order_by=cards.c.card_id) + last
        good = (
            select(cards.c.card_id, place.label("place"))
            .where(cards.c.kid == kid, cards.c.revoked_at.is_(None), cards.c.expires_on >= today)
            .subquery()
        )
        result = await self._session.execute(
            update(cards)
            .where(cards.c.card_id == good.c.card_id)
            .values(
                revoked_at=at,
                revoked_by=by,
                revoke_reason_enc=reason_enc,
                revocation_no=good.c.place,
            )
            .returning(cards.c.card_id, cards.c.person_id)
        )
        return result.mappings().all()

    async def to_reissue(
        self, today: date, *, township: str | None, after: UUID | None, limit: int
    ) -> Sequence[RowMapping]:
        """Cards revoked with their key whose holder has no good one now, oldest first.

        Args:
            today: the day on which the other card must be good.
            township: of the holder; None for every one.
            after: the card behind which to begin.
            limit: so many.
        """
        statement, has_another = self._lost(today, township)
        statement = statement.where(~has_another)
        if after is not None:
            statement = statement.where(cards.c.card_id > after)
        result = await self._session.execute(statement.order_by(cards.c.card_id).limit(limit))
        rows: Sequence[RowMapping] = result.mappings().all()
        return rows

    async def reissued(self, today: date, *, township: str | None) -> tuple[int, int]:
        """How many holders of cards revoked with their key wait, and how many have a good one."""
        statement, has_another = self._lost(today, township)
        lost = statement.add_columns(has_another.label("has_another")).subquery()
        counted = await self._session.execute(
            select(lost.c.has_another, func.count(lost.c.holder.distinct())).group_by(
                lost.c.has_another
            )
        )
        counts = {bool(has): int(count) for has, count in counted.all()}
        return counts.get(False, 0), counts.get(True, 0)

    def _lost(self, today: date, township: str | None) -> tuple[Select[Any], ColumnElement[bool]]:
        """Cards revoked with their key and whose they are; whether he has a good one now."""
        bearer, other, its_bearer = persons.alias(), cards.alias(), persons.alias()
        holder = func.coalesce(bearer.c.merged_into, bearer.c.person_id)
        has_another = (
            select(other.c.card_id)
            .join(its_bearer, its_bearer.c.person_id == other.c.person_id)
            .where(
                func.coalesce(its_bearer.c.merged_into, its_bearer.c.person_id)
                == persons.c.person_id,
                other.c.revoked_at.is_(None),
                other.c.expires_on >= today,
            )
            .exists()
        )
        statement = (
            select(
                cards.c.card_id,
                cards.c.revoked_at,
                persons.c.person_id.label("holder"),
                persons.c.name_enc,
                persons.c.township,
                persons.c.village,
            )
            .join(card_keys, card_keys.c.kid == cards.c.kid)
            .join(bearer, bearer.c.person_id == cards.c.person_id)
            .join(persons, persons.c.person_id == holder)
            .where(
                cards.c.region == self._region,
                cards.c.revoked_at == card_keys.c.compromised_at,
            )
        )
        if township is not None:
            statement = statement.where(persons.c.township == township)
        return statement, has_another

    # --- cards -----------------------------------------------------------------------------

    async def holder(self, person_id: UUID) -> RowMapping | None:
        """Who may be given a card."""
        result = await self._session.execute(
            select(
                persons.c.person_id,
                persons.c.merged_into,
                persons.c.birth_date,
                persons.c.sex,
                persons.c.township,
            ).where(persons.c.person_id == person_id, persons.c.region == self._region)
        )
        return result.mappings().one_or_none()

    async def good_cards(self, person_id: UUID, today: date) -> int:
        """How many cards of the person are neither revoked nor over."""
        count = await self._session.scalar(
            select(func.count()).where(
                cards.c.person_id == person_id,
                cards.c.revoked_at.is_(None),
                cards.c.expires_on >= today,
            )
        )
        return int(count or 0)

    async def add(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(cards).values(region=self._region, **values))

    async def by_id(self, card_id: UUID, *, lock: bool = False) -> RowMapping | None:
        return await self._one(self._with_holder().where(cards.c.card_id == card_id), lock=lock)

    async def by_number(self, idx: bytes, *, lock: bool = False) -> RowMapping | None:
        return await self._one(self._with_holder().where(cards.c.card_no_idx == idx), lock=lock)

    def _with_holder(self) -> Select[Any]:
        return (
            select(
                cards,
                persons.c.merged_into,
                persons.c.birth_date.label("registered_birth"),
                persons.c.sex.label("registered_sex"),
                persons.c.township,
            )
            .join(persons, persons.c.person_id == cards.c.person_id)
            .where(cards.c.region == self._region)
        )

    async def _one(self, statement: Select[Any], *, lock: bool) -> RowMapping | None:
        if lock:
            statement = statement.with_for_update(of=cards)
        result = await self._session.execute(statement)
        found: RowMapping | None = result.mappings().one_or_none()
        return found

    async def of_persons(self, person_ids: Collection[UUID]) -> Sequence[RowMapping]:
        """Every card of these persons, newest first."""
        result = await self._session.execute(
            select(cards)
            .where(cards.c.region == self._region, cards.c.person_id.in_(sorted(person_ids)))
            .order_by(cards.c.card_id.desc())
        )
        return result.mappings().all()

    async def revoke(self, card_id: UUID, *, by: str, at: datetime, reason_enc: bytes) -> int:
        """Revoke a card under the register's lock; gives its place in the list of revoked cards."""
        last = await self._session.scalar(
            select(func.max(cards.c.revocation_no)).where(cards.c.region == self._region)
        )
        place = int(last or 0) + 1
        await self._session.execute(
            update(cards)
            .where(cards.c.card_id == card_id)
            .values(revoked_at=at, revoked_by=by, revoke_reason_enc=reason_enc, revocation_no=place)
        )
        return place

    async def revoked_after(self, place: int, limit: int) -> Sequence[RowMapping]:
        """Revoked cards behind a place of the list, in its order."""
        result = await self._session.execute(
            select(cards.c.revocation_no, cards.c.card_id, cards.c.revoked_at, cards.c.expires_on)
            .where(cards.c.region == self._region, cards.c.revocation_no > place)
            .order_by(cards.c.revocation_no)
            .limit(limit)
        )
        return result.mappings().all()

    async def last_revocation(self) -> int:
        last = await self._session.scalar(
            select(func.max(cards.c.revocation_no)).where(cards.c.region == self._region)
        )
        return int(last or 0)
