"""SQL of reviews: the queue, the words said, what follows from them, and the figures."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    RowMapping,
    Select,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    judged_pairs,
    memberships,
    person_aliases,
    persons,
    recognitions,
    review_candidates,
    review_decisions,
    review_recognitions,
    reviews,
)

_WAITING = ("open", "second", "disputed")


class ReviewRepository:
    """All SQL of the slice, in one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    # --- opening ---------------------------------------------------------------------------

    async def recognition(self, recognition_id: UUID) -> RowMapping | None:
        result = await self._session.execute(
            select(recognitions).where(
                recognitions.c.region == self._region,
                recognitions.c.recognition_id == recognition_id,
            )
        )
        return result.mappings().one_or_none()

    async def add(self, values: Mapping[str, Any]) -> bool:
        """Open a review; false when the same question waits already (after waiting for a twin)."""
        opened = await self._session.scalar(
            upsert(reviews)
            .values(region=self._region, **values)
            .on_conflict_do_nothing()
            .returning(reviews.c.review_id)
        )
        return opened is not None

    async def take_back(self, review_id: UUID) -> None:
        """Remove a review that this transaction opened."""
        await self._session.execute(delete(reviews).where(reviews.c.review_id == review_id))

    async def waiting(self, fingerprint: bytes) -> RowMapping | None:
        """The review that waits with this question, locked."""
        result = await self._session.execute(
            select(reviews)
            .where(
                reviews.c.region == self._region,
                reviews.c.fingerprint == fingerprint,
                reviews.c.status != "decided",
            )
            .with_for_update()
        )
        return result.mappings().one_or_none()

    async def join(self, review_id: UUID, recognition_id: UUID, *, at: datetime) -> None:
        await self._session.execute(
            upsert(review_recognitions)
            .values(review_id=review_id, recognition_id=recognition_id, joined_at=at)
            .on_conflict_do_nothing()
        )

    async def add_candidates(self, rows: Sequence[Mapping[str, Any]]) -> None:
        if rows:
            await self._session.execute(
                upsert(review_candidates).on_conflict_do_nothing(), list(rows)
            )

    # --- what was judged -------------------------------------------------------------------

    async def judged(
        self, fingerprint: bytes, person_ids: Collection[UUID]
    ) -> Sequence[RowMapping]:
        """Verdicts on the question and these persons; a word on one merged counts for both."""
        ids = sorted(person_ids)
        asked = persons.alias("asked")
        said = persons.alias("said")
        same = or_(
            said.c.person_id == asked.c.person_id,
            said.c.merged_into == asked.c.person_id,
            said.c.person_id == asked.c.merged_into,
            said.c.merged_into == asked.c.merged_into,
        )
        result = await self._session.execute(
            select(asked.c.person_id, judged_pairs.c.verdict, judged_pairs.c.judged_at)
            .select_from(judged_pairs)
            .join(said, said.c.person_id == judged_pairs.c.person_id)
            .join(asked, same)
            .where(
                judged_pairs.c.region == said.c.region,
                judged_pairs.c.fingerprint == fingerprint,
                asked.c.person_id.in_(ids),
            )
            .order_by(judged_pairs.c.judged_at)
        )
        return result.mappings().all()

    async def judge(self, rows: Sequence[Mapping[str, Any]]) -> None:
        statement = upsert(judged_pairs)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[
                    judged_pairs.c.region,
                    judged_pairs.c.fingerprint,
                    judged_pairs.c.person_id,
                ],
                set_={
                    name: statement.excluded[name] for name in ("verdict", "review_id", "judged_at")
                },
            ),
            [{"region": self._region, **row} for row in rows],
        )

    # --- aliases ---------------------------------------------------------------------------

    async def add_aliases(self, rows: Sequence[Mapping[str, Any]]) -> int:
        """Keep aliases; gives how many were new."""
        new = 0
        for row in rows:
            kept = await self._session.scalar(
                upsert(person_aliases)
                .values(region=self._region, **row)
                .on_conflict_do_nothing()
                .returning(person_aliases.c.alias_id)
            )
            new += kept is not None
        return new

    async def aliases(self, person_ids: Collection[UUID]) -> Sequence[RowMapping]:
        result = await self._session.execute(
            select(person_aliases.c.person_id, person_aliases.c.kind, person_aliases.c.value_enc)
            .where(
                person_aliases.c.region == self._region,
                person_aliases.c.person_id.in_(sorted(person_ids)),
            )
            .order_by(person_aliases.c.alias_id)
        )
        return result.mappings().all()

    async def holders_of_number(self, idx: bytes) -> set[UUID]:
        """Whose registered number it is."""
        found = await self._session.scalars(
            select(persons.c.person_id).where(
                persons.c.region == self._region, persons.c.id_number_idx == idx
            )
        )
        return set(found)

    # --- the queue -------------------------------------------------------------------------

    async def queue(
        self,
        *,
        waiting: bool,
        township: str | None,
        after: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[RowMapping]:
        """Reviews that wait, oldest first; or decided ones, newest first."""
        moment = reviews.c.opened_at if waiting else reviews.c.decided_at
        statement = self._visible(select(reviews), township)
        if waiting:
            statement = statement.where(reviews.c.status.in_(_WAITING)).order_by(
                moment, reviews.c.review_id
            )
        else:
            statement = statement.where(reviews.c.status == "decided").order_by(
                moment.desc(), reviews.c.review_id.desc()
            )
        if after is not None:
            at, review_id = after
            beyond = moment > at if waiting else moment < at
            further = (
                reviews.c.review_id > review_id if waiting else reviews.c.review_id < review_id
            )
            statement = statement.where(or_(beyond, (moment == at) & further))
        found: Sequence[RowMapping] = (
            (await self._session.execute(statement.limit(limit))).mappings().all()
        )
        return found

    async def one(
        self, review_id: UUID, *, township: str | None, lock: bool = False
    ) -> RowMapping | None:
        statement = self._visible(select(reviews), township).where(reviews.c.review_id == review_id)
        if lock:
            statement = statement.with_for_update(of=reviews)
        found: RowMapping | None = (await self._session.execute(statement)).mappings().one_or_none()
        return found

    def _visible(self, statement: Select[Any], township: str | None) -> Select[Any]:
        """A township sees the reviews of which every candidate is its own."""
        statement = statement.where(reviews.c.region == self._region)
        if township is None:
            return statement
        elsewhere: ColumnElement[bool] = exists(
            select(review_candidates.c.review_id)
            .join(persons, persons.c.person_id == review_candidates.c.person_id)
            .where(
                review_candidates.c.review_id == reviews.c.review_id,
                persons.c.township.is_distinct_from(township),
            )
        )
        return statement.where(~elsewhere)

    async def candidates(self, review_ids: Collection[UUID]) -> Sequence[RowMapping]:
        """Candidates with the position at which they were proposed."""
        result = await self._session.execute(
            select(review_candidates)
            .where(review_candidates.c.review_id.in_(sorted(review_ids)))
            .order_by(review_candidates.c.review_id, review_candidates.c.position)
        )
        return result.mappings().all()

    async def asked(self, review_ids: Collection[UUID]) -> dict[UUID, RowMapping]:
        """The recognition that raised each review."""
        result = await self._session.execute(
            select(
                reviews.c.review_id,
                recognitions.c.recognition_id,
                recognitions.c.facility_code,
                recognitions.c.visit_no,
                recognitions.c.visit_type,
                recognitions.c.occurred_at,
                recognitions.c.grade,
                recognitions.c.score,
                recognitions.c.credentials_enc,
            )
            .join(recognitions, recognitions.c.recognition_id == reviews.c.recognition_id)
            .where(reviews.c.review_id.in_(sorted(review_ids)))
        )
        return {row["review_id"]: row for row in result.mappings()}

    async def joined(self, review_ids: Collection[UUID]) -> Sequence[RowMapping]:
        result = await self._session.execute(
            select(review_recognitions.c.review_id, review_recognitions.c.recognition_id)
            .where(review_recognitions.c.review_id.in_(sorted(review_ids)))
            .order_by(review_recognitions.c.recognition_id)
        )
        return result.mappings().all()

    async def registered(self, person_ids: Collection[UUID]) -> dict[UUID, RowMapping]:
        """The persons as registered."""
        result = await self._session.execute(
            select(persons).where(
                persons.c.region == self._region, persons.c.person_id.in_(sorted(person_ids))
            )
        )
        return {row["person_id"]: row for row in result.mappings()}

    async def held(self, person_ids: Collection[UUID]) -> Sequence[RowMapping]:
        result = await self._session.execute(
            select(
                memberships.c.person_id,
                memberships.c.category,
                memberships.c.valid_from,
                memberships.c.valid_to,
            ).where(
                memberships.c.person_id.in_(sorted(person_ids)),
                memberships.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    # --- deciding --------------------------------------------------------------------------

    async def words(self, review_ids: Collection[UUID]) -> Sequence[RowMapping]:
        """What was said on reviews, in order."""
        result = await self._session.execute(
            select(review_decisions)
            .where(review_decisions.c.review_id.in_(sorted(review_ids)))
            .order_by(
                review_decisions.c.review_id,
                review_decisions.c.decided_at,
                review_decisions.c.decision_id,
            )
        )
        return result.mappings().all()

    async def add_word(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(review_decisions).values(**values))

    async def set_status(self, review_id: UUID, values: Mapping[str, Any]) -> None:
        await self._session.execute(
            update(reviews).where(reviews.c.review_id == review_id).values(**values)
        )

    # --- figures ---------------------------------------------------------------------------

    async def decided_since(
        self, moment: datetime, *, township: str | None
    ) -> Sequence[RowMapping]:
        """Decided reviews with the person whom recognition had put first."""
        first = (
            select(review_candidates.c.person_id)
            .where(review_candidates.c.review_id == reviews.c.review_id)
            .order_by(review_candidates.c.position)
            .limit(1)
            .scalar_subquery()
        )
        statement = self._visible(select(reviews, first.label("proposed")), township)
        result = await self._session.execute(
            statement.where(
                reviews.c.status == "decided",
                reviews.c.withdrawn_at.is_(None),
                reviews.c.decided_at >= moment,
            )
        )
        found: Sequence[RowMapping] = result.mappings().all()
        return found

    async def waiting_counts(self, *, township: str | None) -> dict[str, tuple[int, datetime]]:
        """By status: how many wait, and since when the oldest."""
        statement = self._visible(
            select(reviews.c.status, func.count(), func.min(reviews.c.opened_at)), township
        )
        result = await self._session.execute(
            statement.where(reviews.c.status.in_(_WAITING)).group_by(reviews.c.status)
        )
        return {row[0]: (int(row[1]), row[2]) for row in result}
