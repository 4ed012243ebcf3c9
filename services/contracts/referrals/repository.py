"""All SQL about referrals."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnElement,
    Date,
    Row,
    and_,
    cast,
    func,
    or_,
    select,
    tuple_,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.contracts.merges.repository import MERGES
from services.contracts.models import CheckUp, FollowUp, Referral, ReferralStep, person_merges
from shared.db.session import ReadSession, WriteSession


@dataclass(frozen=True)
class ReferralQuery:
    """Which referrals a list shows."""

    as_of: date
    state: str | None
    facility: str | None
    """Either end."""
    direction: str | None
    person_id: str | None
    visible: tuple[str, str]
    limit: int
    after: tuple[int, UUID] | None = None


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(Referral).values(values))


async def add_step(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(ReferralStep).values(values))


async def get(session: ReadSession, referral_id: UUID) -> Referral | None:
    """A referral as it now stands."""
    found = await session.execute(
        select(Referral)
        .where(Referral.referral_id == referral_id)
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def lock(session: WriteSession, referral_id: UUID) -> Referral | None:
    """The referral, its row held until the transaction ends."""
    found = await session.execute(
        select(Referral)
        .where(Referral.referral_id == referral_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    return found.scalar_one_or_none()


async def unanswered(session: ReadSession, day: date, limit: int) -> list[tuple[UUID, str]]:
    """Referrals that nobody answered until a day, and were not told of: ids and persons."""
    found = await session.execute(
        select(Referral.referral_id, Referral.person_id)
        .where(Referral.status == "made", ~Referral.expiry_told, Referral.valid_to < day)
        .order_by(Referral.valid_to, Referral.referral_id)
        .limit(limit)
    )
    return [(row.referral_id, row.person_id) for row in found]


async def expire(session: WriteSession, referral_ids: Sequence[UUID]) -> Sequence[Referral]:
    """Mark those that are still unanswered, and give them: each is given once.

    The persons are held, so that nobody is answering meanwhile.
    """
    found = await session.scalars(
        update(Referral)
        .where(
            Referral.referral_id.in_(referral_ids),
            Referral.status == "made",
            ~Referral.expiry_told,
        )
        .values(expiry_told=True, version=Referral.version + 1)
        .returning(Referral)
        .execution_options(populate_existing=True, synchronize_session=False)
    )
    return found.all()


async def change(session: WriteSession, referral: Referral, values: dict[str, Any]) -> None:
    """Write changed columns of a locked referral."""
    await session.execute(
        update(Referral)
        .where(Referral.referral_id == referral.referral_id)
        .values(version=referral.version + 1, **values)
    )


async def steps_of(session: ReadSession, referral_id: UUID) -> Sequence[ReferralStep]:
    """Its steps in order."""
    found = await session.execute(
        select(ReferralStep)
        .where(ReferralStep.referral_id == referral_id)
        .order_by(ReferralStep.number)
    )
    return found.scalars().all()


async def waiting_twin(
    session: ReadSession, kept: str, *, from_facility: str, to_facility: str, day: date
) -> datetime | None:
    """When the same way was asked for the same person and nobody has answered yet."""
    found = await session.execute(
        select(Referral.recorded_at)
        .where(
            MERGES.means(Referral.person_id, kept),
            Referral.from_facility == from_facility,
            Referral.to_facility == to_facility,
            Referral.status == "made",
            Referral.valid_to >= day,
        )
        .limit(1)
    )
    return found.scalar_one_or_none()


async def page_of(session: ReadSession, query: ReferralQuery) -> Sequence[Row[Referral, str]]:
    """One page, the most urgent first and then the longest waiting.

    Each with the id of whoever stands for the person; one row more than the limit tells of a next
    page.
    """
    conditions: list[ColumnElement[bool]] = [_visible(query.visible)]
    if query.facility is not None:
        conditions.append(
            or_(Referral.from_facility == query.facility, Referral.to_facility == query.facility)
        )
    if query.direction is not None:
        conditions.append(Referral.direction == query.direction)
    if query.person_id is not None:
        kept = await MERGES.kept_of(session, query.person_id)
        conditions.append(MERGES.means(Referral.person_id, kept))
    if query.state is not None:
        conditions.append(_in_state(query.state, query.as_of))
    if query.after is not None:
        conditions.append(tuple_(Referral.rank, Referral.referral_id) > query.after)
    found = await session.execute(
        select(Referral, MERGES.kept_or_self(Referral.person_id))
        .where(and_(*conditions))
        .order_by(Referral.rank, Referral.referral_id)
        .limit(query.limit + 1)
    )
    return found.all()


def _in_state(state: str, day: date) -> ColumnElement[bool]:
    if state == "expired":
        return and_(Referral.status == "made", Referral.valid_to < day)
    if state == "made":
        return and_(Referral.status == "made", Referral.valid_to >= day)
    return Referral.status == state


def _visible(organisation: tuple[str, str]) -> ColumnElement[bool]:
    """A county's, a township's people's, or those with the facility at one end or as the team."""
    kind, value = organisation
    if kind == "region":
        return Referral.region == value
    if kind == "township":
        return Referral.township == value
    return or_(
        Referral.from_facility == value, Referral.to_facility == value, Referral.team == value
    )


async def measured(
    session: ReadSession, people: Collection[str], *, first: date, last: date
) -> list[Row[str, date, str, Any]]:
    """``kept``, ``done_on``, ``team``, ``measurements`` of visits and check-ups, the newest first.

    Args:
        session: to read with.
        people: who stand for themselves; what was told under an absorbed id is theirs.
        first, last: days, both included.
    """
    merges = person_merges.c
    absorbed = await session.scalars(
        select(merges.absorbed_person_id).where(merges.kept_person_id.in_(people), merges.in_force)
    )
    ids = [*people, *absorbed]
    visited_on = cast(func.timezone("Asia/Shanghai", FollowUp.performed_at), Date)
    kept = MERGES.kept_or_self
    both = union_all(
        select(
            kept(FollowUp.person_id).label("kept"),
            visited_on.label("done_on"),
            FollowUp.team,
            FollowUp.measurements,
        ).where(
            FollowUp.person_id.in_(ids),
            FollowUp.measurements.is_not(None),
            visited_on.between(first, last),
        ),
        select(
            kept(CheckUp.person_id), CheckUp.performed_on, CheckUp.team, CheckUp.measurements
        ).where(
            CheckUp.person_id.in_(ids),
            CheckUp.measurements.is_not(None),
            CheckUp.performed_on.between(first, last),
        ),
    ).subquery()
    rows = await session.execute(select(both).order_by(both.c.done_on.desc(), both.c.team))
    return list(rows)
