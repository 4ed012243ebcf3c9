"""Telling earlier recognitions anew, in the transaction of the change that concerns them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import CATEGORIES, Period, in_force, union
from services.identity.recognition.entitlements import Entitled, entitled
from services.identity.revisions.domain import Reason, Revision, Told, as_told, differs
from services.identity.revisions.repository import RevisionRepository
from shared.db.session import WriteSession
from shared.events.catalog import CategoryPeriod, Entitlements, RecognitionRevised
from shared.ids import new_id
from shared.messaging.outbox import Recorded, record_many
from shared.runtime.context import ServiceContext

_PERSONS_AT_A_TIME = 2_000


async def reopen(
    session: WriteSession,
    context: ServiceContext,
    person_ids: Sequence[UUID],
    *,
    reason: Reason,
    import_id: UUID | None = None,
) -> int:
    """Tell anew the recognitions of these persons whose categories on the visit's day changed.

    Whoever is merged with one of them is concerned too: a group's categories are told together.
    What was answered stays as it was; each revision and its event are written in the session's
    transaction. Gives how many recognitions were concerned.
    """
    repository = RevisionRepository(session, context.region.region_code)
    await repository.wait_for_recognitions()
    revised = 0
    for start in range(0, len(person_ids), _PERSONS_AT_A_TIME):
        some = person_ids[start : start + _PERSONS_AT_A_TIME]
        together = await repository.groups(some)
        members = {member for group in together.values() for member in group.members}
        rows = await repository.told(sorted(members))
        told = [as_told(row, row if row["number"] is not None else None) for row in rows]
        if not told:
            continue
        histories = await _histories(repository, {each.person_id for each in told})
        revisions = [
            _with_categories(context, each, histories.get(each.person_id, ()), reason)
            for each in told
            if differs(each, histories.get(each.person_id, ()))
        ]
        await revise(session, context, revisions, import_id=import_id)
        revised += len(revisions)
    return revised


async def revise(
    session: WriteSession,
    context: ServiceContext,
    revisions: Sequence[Revision],
    *,
    import_id: UUID | None = None,
) -> None:
    """Write revisions beside the recognitions, with an event for each."""
    if not revisions:
        return
    repository = RevisionRepository(session, context.region.region_code)
    now = context.clock.now()
    known = await repository.places([each.person_id for each in revisions if each.person_id])
    await repository.add([_row(each, now, import_id) for each in revisions])
    await record_many(
        session,
        [
            Recorded(
                _event(each, known.get(each.person_id) if each.person_id else None, now),
                subject=str(each.told.recognition_id),
                sequence=each.told.number + 1,
                occurred_at=now,
            )
            for each in revisions
        ],
    )


def _with_categories(
    context: ServiceContext, told: Told, history: Sequence[Period], reason: Reason
) -> Revision:
    holding = in_force(history, told.day)
    facility = context.region.facility(told.facility_code)
    # An institution that the region's list no longer names gives no benefit of the region.
    rights = Entitled(treat_first_pay_later=False, one_stop_settlement=False, fee_waivers=False)
    if facility is not None:
        rights = entitled(
            told.grade,
            in_a_category=bool(holding),
            facility=facility,
            waivers=context.region.fee_waivers_on(told.day),
        )
    return Revision(told, told.grade, told.person_id, holding, rights, reason)


async def _histories(
    repository: RevisionRepository, person_ids: Collection[UUID | None]
) -> dict[UUID | None, tuple[Period, ...]]:
    together = await repository.groups([each for each in person_ids if each is not None])
    members = {member for group in together.values() for member in group.members}
    held: dict[UUID, list[Period]] = defaultdict(list)
    for row in await repository.periods(sorted(members)):
        held[row["person_id"]].append(Period(row["category"], row["valid_from"], row["valid_to"]))
    return {
        person_id: union(period for member in group.members for period in held[member])
        for person_id, group in together.items()
    }


def _row(revision: Revision, now: datetime, import_id: UUID | None) -> dict[str, Any]:
    told = revision.told
    return {
        "revision_id": new_id(),
        "recognition_id": told.recognition_id,
        "number": told.number + 1,
        "reason": revision.reason,
        "import_id": import_id,
        "from_grade": told.grade,
        "to_grade": revision.grade,
        "from_person_id": told.person_id,
        "to_person_id": revision.person_id,
        "from_categories": list(told.categories),
        "to_categories": [
            {"code": p.code, "name_zh": CATEGORIES[p.code], "valid_from": p.valid_from.isoformat()}
            for p in revision.categories
        ],
        "from_entitlements": dict(told.entitlements),
        "to_entitlements": asdict(revision.entitlements),
        "recorded_at": now,
    }


def _event(revision: Revision, place: RowMapping | None, now: datetime) -> RecognitionRevised:
    told = revision.told
    return RecognitionRevised(
        recognition_id=str(told.recognition_id),
        reason=revision.reason,
        from_grade=told.grade,
        from_person_id=str(told.person_id) if told.person_id else None,
        to_grade=revision.grade,
        to_person_id=str(revision.person_id) if revision.person_id else None,
        categories=tuple(
            CategoryPeriod(code=p.code, valid_from=p.valid_from, valid_to=p.valid_to)
            for p in revision.categories
        ),
        entitlements=Entitlements(**asdict(revision.entitlements)),
        facility_code=told.facility_code,
        visit_no=told.visit_no,
        visit_type=told.visit_type,
        occurred_at=told.occurred_at,
        recorded_at=now,
        township=place["township"] if place else None,
        village=place["village"] if place else None,
    )
