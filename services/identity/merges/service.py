"""Use cases of merges. Nothing is copied or moved; see :mod:`services.identity.merges.domain`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.categories.domain import Period, union
from services.identity.merges.domain import Group, Refusal, Standing, refusal
from services.identity.merges.repository import MergeRepository
from services.identity.merges.schemas import (
    MergeAnswer,
    MergeHistory,
    MergeRequest,
    UndoRequest,
)
from services.identity.persons.register import lock_register, stamp
from services.identity.persons.service import PersonUnknown
from services.identity.reviews.revising import settle, standing_for
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import CategoryPeriod, PersonChanged, PersonMerged, PersonUnmerged
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging.outbox import Recorded, record_many
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_REASON_COLUMN = "merges.reason"
_UNDO_COLUMN = "merges.undo_reason"
_FEWEST_REASON_CHARACTERS = 4


class MergeUnknown(NotFound):
    code = "merge_unknown"
    title = "There is no such merge, or it is not yours to see"
    title_zh = "没有此合并记录，或您无权查看"


class PersonTwice(Unprocessable):
    code = "same_person_id"
    title = "A person cannot be merged with himself"
    title_zh = "不能将同一人员与自身合并"


class MergedAlready(Conflict):
    code = "merged_already"
    title = "These two persons are merged already"
    title_zh = "这两条人员记录已经合并"


class PersonAbsorbed(Conflict):
    code = "person_absorbed"
    title = "This person was merged into another one"
    title_zh = "此人员记录已并入另一人员"


class PersonKeepsOthers(Conflict):
    code = "person_keeps_others"
    title = "Others were merged into the person who would be absorbed"
    title_zh = "被合并的人员已合并了其他记录"


class UndoneAlready(Conflict):
    code = "merge_undone_already"
    title = "This merge was undone before"
    title_zh = "此合并此前已撤销"


class MergeReasonMissing(Unprocessable):
    code = "reason_missing"
    title = "Say in words why the two are one person"
    title_zh = "请说明合并的原因"


async def merge(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: UUID,
    body: MergeRequest,
) -> MergeAnswer:
    """Make one person of two; ``person_id`` is kept, the other absorbed.

    Raises:
        PersonUnknown: one of them is not on the register, or not the caller's to see.
        PersonTwice, MergedAlready, PersonAbsorbed, PersonKeepsOthers: with the cure.
        MergeReasonMissing: the reason is blank.
    """
    reason = " ".join(body.reason.split())
    if len(reason) < _FEWEST_REASON_CHARACTERS:
        raise _reason_missing()
    now, region = context.clock.now(), context.region.region_code
    other_id = body.other_person_id
    await lock_register(session, region)
    repository = MergeRepository(session, region)
    rows = await repository.persons({person_id, other_id}, lock=True)
    _visible(caller, rows, (person_id, other_id))
    together = await repository.groups({person_id, other_id})
    fault = refusal(
        _standing(person_id, rows[person_id], together),
        _standing(other_id, rows[other_id], together),
    )
    if fault is not None:
        raise await _refused(repository, fault, rows[person_id], rows[other_id])
    kept, other = rows[person_id], rows[other_id]
    affected = await standing_for(session, region, {*together[person_id].members, other_id})
    merge_id = new_id()
    values = {
        "merge_id": merge_id,
        "kept_person_id": person_id,
        "absorbed_person_id": other_id,
        "merged_by": caller.client_id,
        "organisation": caller.organisation,
        "merged_at": now,
    }
    await repository.add(
        values | {"reason_enc": context.vault.encrypt(reason, column=_REASON_COLUMN)}
    )
    await repository.set_person(other_id, version=other["version"], merged_into=person_id)
    await repository.set_person(person_id, version=kept["version"] + 2, merged_into=None)
    await stamp(session, region, {person_id, other_id})
    group = (await repository.groups({person_id}))[person_id]
    events = [
        Recorded(
            PersonMerged(
                merge_id=str(merge_id),
                kept_person_id=str(person_id),
                absorbed_person_id=str(other_id),
                recorded_at=now,
            ),
            subject=str(person_id),
            sequence=kept["version"] + 1,
            occurred_at=now,
        ),
        await _changed(repository, kept, group, kept["version"] + 2, "merge", now),
    ]
    await record_many(session, events)
    revised = await settle(session, context, affected, reason="merge")
    await _audit(session, caller, "person.merged", values, now)
    return _answer(values, revised)


async def undo(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    merge_id: UUID,
    body: UndoRequest | None,
) -> MergeAnswer:
    """Take a merge back: both persons stand as they would had it never been.

    Raises:
        MergeUnknown: no such merge, or not the caller's to see.
        UndoneAlready: who did it and when is told.
    """
    now, region = context.clock.now(), context.region.region_code
    await lock_register(session, region)
    repository = MergeRepository(session, region)
    found = await repository.lock(merge_id)
    if found is None:
        raise MergeUnknown("check the merge_id; GET /persons/{id}/merges lists a person's merges")
    kept_id, other_id = found["kept_person_id"], found["absorbed_person_id"]
    rows = await repository.persons({kept_id, other_id}, lock=True)
    if not all(caller.may_see_township(row["township"]) for row in rows.values()):
        raise MergeUnknown("a township undoes merges of its own people only")
    if found["undone_at"] is not None:
        raise UndoneAlready(
            "nothing is left to undo; merge the two again if they are one person after all",
            extra={
                "undone_by": found["undone_by"],
                "undone_at": found["undone_at"].isoformat(),
            },
        )
    kept, other = rows[kept_id], rows[other_id]
    group = (await repository.groups({kept_id}))[kept_id]
    affected = await standing_for(session, region, group.members)
    reason = " ".join((body.reason or "").split()) if body is not None else ""
    await repository.mark_undone(
        merge_id,
        by=caller.client_id,
        at=now,
        reason_enc=context.vault.encrypt(reason, column=_UNDO_COLUMN) if reason else None,
    )
    await repository.set_person(other_id, version=other["version"] + 1, merged_into=None)
    await repository.set_person(kept_id, version=kept["version"] + 2, merged_into=None)
    await stamp(session, region, {kept_id, other_id})
    apart = await repository.groups({kept_id, other_id})
    events = [
        Recorded(
            PersonUnmerged(
                merge_id=str(merge_id),
                kept_person_id=str(kept_id),
                absorbed_person_id=str(other_id),
                recorded_at=now,
            ),
            subject=str(kept_id),
            sequence=kept["version"] + 1,
            occurred_at=now,
        ),
        await _changed(repository, kept, apart[kept_id], kept["version"] + 2, "unmerge", now),
        await _changed(repository, other, apart[other_id], other["version"] + 1, "unmerge", now),
    ]
    await record_many(session, events)
    revised = await settle(session, context, affected, reason="merge")
    values = dict(found) | {"undone_by": caller.client_id, "undone_at": now}
    await _audit(session, caller, "person.unmerged", values, now)
    return _answer(values, revised)


async def history(
    session: AsyncSession, context: ServiceContext, caller: Principal, person_id: UUID
) -> MergeHistory:
    """Every merge that a person was ever part of, newest first.

    Raises:
        PersonUnknown: no such person, or another township's.
    """
    repository = MergeRepository(session, context.region.region_code)
    rows = await repository.persons({person_id})
    _visible(caller, rows, (person_id,))
    found = await repository.of_person({person_id})
    return MergeHistory(items=[_answer(dict(row), None) for row in found])


async def _changed(
    repository: MergeRepository,
    person: RowMapping,
    group: Group,
    sequence: int,
    reason: str,
    now: datetime,
) -> Recorded:
    held = await repository.held(group.members)
    periods = union(Period(row["category"], row["valid_from"], row["valid_to"]) for row in held)
    household = person["household_id"]
    event = PersonChanged(
        person_id=str(person["person_id"]),
        household_id=str(household) if household else None,
        township=person["township"],
        village=person["village"],
        categories=tuple(
            CategoryPeriod(code=p.code, valid_from=p.valid_from, valid_to=p.valid_to)
            for p in periods
        ),
        effective_on=business_date(now),
        recorded_at=now,
        reason=reason,
    )
    return Recorded(event, subject=str(person["person_id"]), sequence=sequence, occurred_at=now)


def _visible(
    caller: Principal, rows: Mapping[UUID, RowMapping], person_ids: Sequence[UUID]
) -> None:
    for person_id in person_ids:
        row = rows.get(person_id)
        if row is None or not caller.may_see_township(row["township"]):
            raise PersonUnknown("check both person_ids; a township sees its own people only")


def _standing(person_id: UUID, row: RowMapping, together: Mapping[UUID, Group]) -> Standing:
    group = together[person_id]
    keeps = group.absorbed if group.kept == person_id else ()
    return Standing(person_id, row["merged_into"], keeps)


async def _refused(
    repository: MergeRepository, fault: Refusal, kept: RowMapping, other: RowMapping
) -> Exception:
    if fault == "same_id":
        return PersonTwice(
            "name two different persons",
            errors=[
                FieldFault(
                    "other_person_id",
                    "same_person_id",
                    "give the id of the other person",
                    "请填写另一人员的编号",
                )
            ],
        )
    if fault == "merged_already":
        found = await repository.in_force(other["person_id"])
        return MergedAlready(
            "nothing is left to do; undo the merge if they are two persons after all",
            extra={"merge_id": str(found["merge_id"])} if found is not None else None,
        )
    if fault == "other_keeps_persons":
        return PersonKeepsOthers(
            "merge the other way round, keeping him who keeps others; or undo those merges first",
            errors=[
                FieldFault(
                    "other_person_id",
                    "person_keeps_others",
                    "others were merged into this person: make him the one who is kept",
                    "该人员已合并其他记录，请将其作为保留人员",
                )
            ],
        )
    absorbed = kept if fault == "kept_is_absorbed" else other
    return PersonAbsorbed(
        "use the id of the person who was kept, or undo that merge first",
        errors=[
            FieldFault(
                "person_id" if fault == "kept_is_absorbed" else "other_person_id",
                "person_absorbed",
                "use the id of the person who was kept",
                "请使用保留人员的编号",
            )
        ],
        extra={"kept_person_id": str(absorbed["merged_into"])},
    )


def _reason_missing() -> MergeReasonMissing:
    return MergeReasonMissing(
        "write a reason that an auditor can understand",
        errors=[
            FieldFault(
                "reason",
                "reason_missing",
                "write at least four characters that say why",
                "请至少用四个字说明原因",
            )
        ],
    )


async def _audit(
    session: WriteSession, caller: Principal, action: str, values: Mapping[str, Any], now: datetime
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(values["kept_person_id"]),
        at=now,
        detail={
            "merge_id": str(values["merge_id"]),
            "absorbed_person_id": str(values["absorbed_person_id"]),
        },
    )


def _answer(values: Mapping[str, Any], revised: int | None) -> MergeAnswer:
    undone_at = values.get("undone_at")
    return MergeAnswer(
        merge_id=str(values["merge_id"]),
        status="in_force" if undone_at is None else "undone",
        kept_person_id=str(values["kept_person_id"]),
        absorbed_person_id=str(values["absorbed_person_id"]),
        merged_by=values["merged_by"],
        merged_at=values["merged_at"],
        undone_by=values.get("undone_by"),
        undone_at=undone_at,
        recognitions_revised=revised,
    )
