"""Use cases of roster imports: upload and compare, look at the outcome, apply."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.roster.applying import Applying
from services.identity.roster.comparing import Comparing, Comparison
from services.identity.roster.errors_file import errors_workbook
from services.identity.roster.repository import RosterRepository
from services.identity.roster.schemas import (
    RosterDiff,
    RosterImportAnswer,
    RosterMode,
    RosterSource,
    RowFaultAnswer,
)
from services.identity.roster.staging import Judged, judge_file
from services.identity.settings import IdentitySettings, settings_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import RosterApplied
from shared.http.problem import Conflict, FieldFault, Forbidden, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_EARLIEST_EFFECTIVE = date(1990, 1, 1)
_FURTHEST_AHEAD_DAYS = 366


class RosterNeedsTheCounty(Forbidden):
    """A full roster ends the membership of whoever is absent: no part of the county may."""

    code = "roster_needs_the_county"
    title = "Only an office of the whole county may upload and apply rosters"
    title_zh = "只有县(区)级部门可以导入名册"


class RosterImportUnknown(NotFound):
    code = "roster_import_unknown"
    title = "There is no such roster import, or it is another organisation's"
    title_zh = "没有这次名册导入,或它属于其他单位"


class RosterChangedSinceValidation(Conflict):
    code = "roster_changed_since_validation"
    title = "Another roster was applied after this one was compared with the register"
    title_zh = "本次名册核对之后,登记册已被另一次导入更新"


class NoRowAccepted(Conflict):
    code = "no_row_accepted"
    title = "Every row of this roster was rejected; there is nothing to apply"
    title_zh = "名册各行均未通过核对,无可导入内容"


class EffectiveDateImplausible(Unprocessable):
    code = "effective_on_implausible"
    title = "The roster's date is too early or too late"
    title_zh = "名册生效日期过早或过晚"


@dataclass(frozen=True)
class Upload:
    """A file and what its sender says of it."""

    content: bytes
    source: RosterSource
    effective_on: date
    mode: RosterMode


async def upload(
    session: WriteSession, context: ServiceContext, caller: Principal, sent: Upload
) -> RosterImportAnswer:
    """Judge a roster row by row, compare it with the register, stage it; applies nothing.

    Raises:
        RosterNeedsTheCounty: the caller is a hospital or a township.
        RosterUnreadable, RosterColumnsMissing, RosterEmpty, RosterTooLong: the file as a whole.
        EffectiveDateImplausible: before 1990 or more than a year ahead.
    """
    _check_office(caller)
    settings = settings_of(context)
    now = context.clock.now()
    today = business_date(now)
    _check_effective(sent.effective_on, today)
    judged = await asyncio.to_thread(
        judge_file, sent.content, max_rows=settings.max_roster_rows, on=today
    )
    repository = RosterRepository(session, context.region.region_code)
    await repository.plan_afresh()
    import_id = new_id()
    # The revision is read before the register is compared: a change in between is noticed later.
    revision = await repository.revision()
    values = {
        "import_id": import_id,
        "organisation": caller.organisation,
        "source": sent.source,
        "effective_on": sent.effective_on,
        "mode": sent.mode,
        "status": "validated",
        "base_revision": revision,
        "rows": judged.rows,
        "uploaded_by": caller.client_id,
        "uploaded_at": now,
    }
    zeros = dict.fromkeys(("accepted", "added", "changed", "removed", "unchanged", "kept"), 0)
    await repository.add_import(values | zeros | {"rejected": judged.rows, "faults": 0})
    comparing = Comparing(
        repository=repository,
        vault=context.vault,
        import_id=import_id,
        source=sent.source,
        effective_on=sent.effective_on,
        chunk_rows=settings.chunk_rows,
    )
    outcome = await comparing.compare(judged, full=sent.mode == "full")
    await repository.count_import(import_id, _counts(judged, outcome))
    faults = sorted((*judged.faults, *outcome.faults), key=lambda fault: fault.row)
    await repository.add_faults(import_id, faults)
    answer = await _answer(repository, settings, import_id)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="roster.uploaded",
        subject=str(import_id),
        at=now,
        detail={"source": sent.source, "mode": sent.mode, "rows": judged.rows},
    )
    return answer


async def apply(
    session: WriteSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> RosterImportAnswer:
    """Apply the accepted rows of an import, all or nothing; a second call changes nothing.

    Raises:
        RosterImportUnknown: no such import.
        RosterChangedSinceValidation: the register is no longer the one it was compared with.
        NoRowAccepted: every row was rejected.
    """
    _check_office(caller)
    settings = settings_of(context)
    repository = RosterRepository(session, context.region.region_code)
    await repository.plan_afresh()
    await repository.lock_register()
    found = await _visible(repository, caller, import_id)
    if found["status"] == "applied":
        return await _answer(repository, settings, import_id)
    if found["base_revision"] != await repository.revision():
        raise RosterChangedSinceValidation("upload the file again to compare it anew")
    if not found["accepted"]:
        raise NoRowAccepted("correct the rows listed in errors.xlsx and upload the file again")
    now = context.clock.now()
    applying = Applying(
        session=session,
        repository=repository,
        vault=context.vault,
        region=context.region.region_code,
        import_id=import_id,
        source=found["source"],
        effective_on=found["effective_on"],
        now=now,
    )
    async for chunk in repository.staged(import_id, chunk=settings.chunk_rows):
        await applying.apply_rows(chunk)
    removals = await repository.removals(import_id)
    for start in range(0, len(removals), settings.chunk_rows):
        await applying.remove(removals[start : start + settings.chunk_rows])
    await repository.raise_revision()
    await repository.mark_applied(import_id, by=caller.client_id, at=now)
    counts = {name: int(found[name]) for name in ("added", "changed", "removed")}
    await outbox.record(
        session,
        RosterApplied(
            import_id=str(import_id),
            roster_source=found["source"],
            effective_on=found["effective_on"],
            **counts,
        ),
        subject=str(import_id),
        sequence=1,
        occurred_at=now,
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="roster.applied",
        subject=str(import_id),
        at=now,
        detail=counts,
    )
    return await _answer(repository, settings, import_id)


async def one_import(
    session: ReadSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> RosterImportAnswer:
    """An import as it stands.

    Raises:
        RosterImportUnknown: no such import.
    """
    repository = RosterRepository(session, context.region.region_code)
    await _visible(repository, caller, import_id)
    return await _answer(repository, settings_of(context), import_id)


async def errors_file(
    session: ReadSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> bytes:
    """Every fault of an import as a workbook.

    Raises:
        RosterImportUnknown: no such import.
    """
    repository = RosterRepository(session, context.region.region_code)
    await _visible(repository, caller, import_id)
    faults = await repository.faults(import_id)
    return await asyncio.to_thread(errors_workbook, faults)


async def _visible(repository: RosterRepository, caller: Principal, import_id: UUID) -> RowMapping:
    found = await repository.get_import(import_id)
    whole_county = caller.organisation.startswith("region:")
    if found is None or not (whole_county or found["organisation"] == caller.organisation):
        raise RosterImportUnknown("check the import_id that the upload answered with")
    return found


async def _answer(
    repository: RosterRepository, settings: IdentitySettings, import_id: UUID
) -> RosterImportAnswer:
    found = await repository.get_import(import_id)
    if found is None:
        raise RosterImportUnknown("check the import_id that the upload answered with")
    faults = await repository.faults(import_id, limit=settings.max_reported_faults)
    return RosterImportAnswer(
        import_id=str(import_id),
        status=found["status"],
        source=found["source"],
        mode=found["mode"],
        effective_on=found["effective_on"],
        rows=found["rows"],
        accepted=found["accepted"],
        rejected=found["rejected"],
        diff=RosterDiff(
            added=found["added"],
            changed=found["changed"],
            removed=found["removed"],
            unchanged=found["unchanged"],
        ),
        kept_because_rejected=found["kept"],
        errors=[RowFaultAnswer(**fault) for fault in faults],
        errors_total=found["faults"],
        uploaded_at=found["uploaded_at"],
        applied_at=found["applied_at"],
    )


def _counts(judged: Judged, outcome: Comparison) -> dict[str, int]:
    accepted = len(judged.accepted) - len(outcome.faults)
    return {
        "accepted": accepted,
        "rejected": judged.rows - accepted,
        "added": outcome.added,
        "changed": outcome.changed,
        "removed": outcome.removed,
        "unchanged": outcome.unchanged,
        "kept": outcome.kept,
        "faults": len(judged.faults) + len(outcome.faults),
    }


def _check_office(caller: Principal) -> None:
    if not caller.organisation.startswith("region:"):
        raise RosterNeedsTheCounty("use the client of the county office that owns the roster")


def _check_effective(effective_on: date, today: date) -> None:
    if not (
        effective_on >= _EARLIEST_EFFECTIVE and (effective_on - today).days <= _FURTHEST_AHEAD_DAYS
    ):
        raise EffectiveDateImplausible(
            "give the day from which the roster holds",
            errors=[
                FieldFault(
                    "effective_on",
                    "effective_on_implausible",
                    "give a day from 1990 on, at most one year ahead",
                    "请填写1990年以后、不超过一年之后的日期",
                )
            ],
        )
