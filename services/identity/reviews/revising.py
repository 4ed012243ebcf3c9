"""What a person's word, or a merge, makes of earlier recognitions."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.categories.domain import Period, in_force, union
from services.identity.matching.decision import Grade
from services.identity.merges.domain import Group
from services.identity.merges.repository import MergeRepository
from services.identity.models import recognition_revisions, recognitions
from services.identity.recognition.entitlements import Entitled, entitled
from services.identity.revisions.domain import Reason, Revision, Told, as_told
from services.identity.revisions.repository import RevisionRepository
from services.identity.revisions.service import revise
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext

_NOTHING = Entitled(treat_first_pay_later=False, one_stop_settlement=False, fee_waivers=False)
_TOLD = ("certain", "probable")


@dataclass(frozen=True)
class Verdict:
    """What a recognition comes to."""

    grade: Grade
    person_id: UUID | None


async def settle(
    session: WriteSession,
    context: ServiceContext,
    verdicts: Mapping[UUID, Verdict],
    *,
    reason: Reason,
) -> int:
    """Give recognitions their verdict where it differs from what was last told; gives how many.

    The categories are those of the person, and of whoever is merged with him, on the visit's day
    as now known. Call it under the register's lock: revisions of one recognition are numbered.
    """
    region = context.region.region_code
    told = await _told(session, region, verdicts)
    persons = {v.person_id for v in verdicts.values() if v.person_id is not None}
    merged = MergeRepository(session, region)
    histories = await _histories(merged, await merged.groups(persons))
    revisions = [
        revision
        for each in told
        if (revision := _revision(context, each, verdicts[each.recognition_id], histories, reason))
    ]
    await revise(session, context, revisions)
    return len(revisions)


async def last_told(
    session: AsyncSession, region: str, recognition_ids: Collection[UUID]
) -> dict[UUID, Verdict]:
    """What was last told of these recognitions."""
    told = await _told(session, region, recognition_ids)
    return {each.recognition_id: Verdict(each.grade, each.person_id) for each in told}


async def standing_for(
    session: WriteSession, region: str, person_ids: Collection[UUID]
) -> dict[UUID, Verdict]:
    """The recognitions that now stand for one of these persons, with what was last told.

    Waits for recognitions under way, so that none is missed that was begun before.
    """
    repository = RevisionRepository(session, region)
    await repository.wait_for_recognitions()
    return {
        row["recognition_id"]: (
            Verdict(row["to_grade"], row["to_person_id"])
            if row["number"]
            else Verdict(row["grade"], row["person_id"])
        )
        for row in await repository.told(sorted(person_ids))
    }


def _revision(
    context: ServiceContext,
    told: Told,
    verdict: Verdict,
    histories: Mapping[UUID, Sequence[Period]],
    reason: Reason,
) -> Revision | None:
    person_id = verdict.person_id if verdict.grade in _TOLD else None
    holding = in_force(histories[person_id], told.day) if person_id is not None else ()
    rights = _NOTHING
    # An institution that the region's list no longer names gives no benefit of the region.
    facility = context.region.facility(told.facility_code)
    if facility is not None:
        rights = entitled(
            verdict.grade,
            in_a_category=bool(holding),
            facility=facility,
            waivers=context.region.fee_waivers_on(told.day),
        )
    same = (
        told.grade == verdict.grade
        and told.person_id == person_id
        and told.codes == {period.code for period in holding}
        and dict(told.entitlements) == asdict(rights)
    )
    if same:
        return None
    return Revision(told, verdict.grade, person_id, tuple(holding), rights, reason)


async def _told(
    session: AsyncSession, region: str, recognition_ids: Collection[UUID]
) -> list[Told]:
    ids = sorted(recognition_ids)
    answered = await session.execute(
        select(recognitions)
        .where(recognitions.c.region == region, recognitions.c.recognition_id.in_(ids))
        .order_by(recognitions.c.recognition_id)
    )
    revision = recognition_revisions
    since = await session.execute(
        select(revision)
        .where(revision.c.recognition_id.in_(ids))
        .order_by(revision.c.recognition_id, revision.c.number)
    )
    # The last of each recognition is what stays.
    revised = {row["recognition_id"]: row for row in since.mappings()}
    return [as_told(row, revised.get(row["recognition_id"])) for row in answered.mappings()]


async def _histories(
    merged: MergeRepository, together: Mapping[UUID, Group]
) -> dict[UUID, tuple[Period, ...]]:
    everybody = {member for group in together.values() for member in group.members}
    if not everybody:
        return {}
    held = await merged.held(everybody)
    return {
        person_id: union(
            Period(row["category"], row["valid_from"], row["valid_to"])
            for row in held
            if row["person_id"] in group.members
        )
        for person_id, group in together.items()
    }
