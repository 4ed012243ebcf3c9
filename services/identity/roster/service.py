"""Use cases of roster imports: upload and compare, confirm, apply."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing, contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.revisions.service import reopen
from services.identity.roster.applying import Applying
from services.identity.roster.columns import TELLING_NO_CATEGORY
from services.identity.roster.comparing import Comparing, Comparison
from services.identity.roster.journal import Journal
from services.identity.roster.mappings import remembered
from services.identity.roster.pipeline import ahead, chunks, collector_paused
from services.identity.roster.preparing import Opened, Opening, Preparing
from services.identity.roster.problems import (
    EffectiveDateImplausible,
    NeedsSecondPerson,
    NoRowAccepted,
    RosterChangedSinceValidation,
    RosterImportUnknown,
    RosterInterrupted,
)
from services.identity.roster.progress import Progress, reported
from services.identity.roster.reading import answer_of, check_office, may_see
from services.identity.roster.register import RegisterRepository
from services.identity.roster.repository import RosterRepository
from services.identity.roster.schemas import RosterImportAnswer, RosterMode, RosterSource
from services.identity.roster.sealing import Sealing
from services.identity.roster.staging import Judged, judge_file
from services.identity.roster.telling import Telling
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import RosterApplied
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.runtime.helpers import HelperGone, helping, spare_cores
from shared.security import audit
from shared.security.principal import Principal

_EARLIEST_EFFECTIVE = date(1990, 1, 1)
_FURTHEST_AHEAD_DAYS = 366
_MANY_PERSONS = 5_000
"""From so many changes on the planner's picture of the register is made anew."""
_COUNTS = (
    "accepted",
    "added",
    "changed",
    "removed",
    "unchanged",
    "kept",
    "passed_over",
    "households_incomplete",
    "recognitions_affected",
)


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
        RosterInterrupted: a process that helped was ended.
    """
    check_office(caller)
    _check_effective(sent.effective_on, business_date(context.clock.now()))
    progress = Progress(new_id(), caller.organisation, sent.source)
    async with reported(context, progress):
        with collector_paused(), _helpers_told():
            return await _upload(session, context, caller, sent, progress)


@contextmanager
def _helpers_told() -> Iterator[None]:
    try:
        yield
    except HelperGone as gone:
        raise RosterInterrupted(
            "nothing was changed; send it again, and give the server more memory or set"
            " IDENTITY_IMPORT_HELPERS=0 if it happens again"
        ) from gone


async def _upload(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    sent: Upload,
    progress: Progress,
) -> RosterImportAnswer:
    settings = settings_of(context)
    now = context.clock.now()
    repository = RosterRepository(session, context.region.region_code)
    judged = await asyncio.to_thread(
        judge_file,
        sent.content,
        Preparing(
            context.vault,
            sent.source,
            on=business_date(now),
            needs_category=sent.source not in TELLING_NO_CATEGORY,
        ),
        max_rows=settings.max_roster_rows,
        chunk_rows=settings.chunk_rows,
        helpers=spare_cores(settings.import_helpers),
        mapping=await remembered(repository, sent.source),
        progress=progress,
    )
    await repository.plan_afresh()
    import_id = progress.import_id
    # The revision is read before the register is compared: a change in between is noticed later.
    revision = await repository.roster_revision()
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
    zeros = dict.fromkeys(_COUNTS, 0)
    await repository.add_import(values | zeros | {"rejected": judged.rows, "faults": 0})
    comparing = Comparing(
        repository=repository,
        register=RegisterRepository(session, context.region.region_code),
        vault=context.vault,
        import_id=import_id,
        source=sent.source,
        effective_on=sent.effective_on,
        chunk_rows=settings.chunk_rows,
        progress=progress,
    )
    outcome = await comparing.compare(judged, full=sent.mode == "full")
    await repository.count_import(import_id, _counts(judged, outcome))
    faults = sorted((*judged.faults, *outcome.faults), key=lambda fault: fault.row)
    await repository.add_faults(import_id, faults)
    answer = await answer_of(repository, settings, import_id)
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


async def confirm(
    session: WriteSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> RosterImportAnswer:
    """Note that the outcome of a comparison was looked at and is right (待核对 → 已确认).

    Of a roster that a person has uploaded, another person says so. Confirmed twice is confirmed
    once.

    Raises:
        RosterImportUnknown: no such import.
        NeedsSecondPerson: the caller uploaded it himself, or is no person.
        RosterChangedSinceValidation: what would be confirmed is no longer what would be applied.
        NoRowAccepted: every row was rejected.
    """
    check_office(caller)
    repository = RosterRepository(session, context.region.region_code)
    found = await repository.lock_import(import_id)
    if found is None or not may_see(caller, found):
        raise RosterImportUnknown("check the import_id that the upload answered with")
    if found["status"] == "validated":
        if not _second(caller, found):
            raise _needs_second_person()
        await _check_ready(repository, found)
        await _confirmed(session, context, repository, caller, import_id)
    return await answer_of(repository, settings_of(context), import_id)


async def apply(
    session: WriteSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> RosterImportAnswer:
    """Apply the accepted rows of an import, all or nothing; a second call changes nothing.

    A roster that an API client has uploaded needs no confirmation: its office has a process of its
    own. One that a person has uploaded is applied once another person has confirmed it, or by that
    other person, whose call is then the confirmation.

    Raises:
        RosterImportUnknown: no such import.
        NeedsSecondPerson: a person's roster that nobody else has confirmed.
        RosterChangedSinceValidation: the register is no longer the one it was compared with.
        NoRowAccepted: every row was rejected.
        RosterInterrupted: a process that helped was ended; nothing is applied.
    """
    check_office(caller)
    repository = RosterRepository(session, context.region.region_code)
    await repository.plan_afresh()
    await repository.lock_register()
    found = await repository.lock_import(import_id)
    if found is None or not may_see(caller, found):
        raise RosterImportUnknown("check the import_id that the upload answered with")
    if found["status"] != "applied":
        if found["confirmed_by"] is None and _is_person(found["uploaded_by"]):
            if not _second(caller, found):
                raise _needs_second_person()
            await _confirmed(session, context, repository, caller, import_id)
        await _check_ready(repository, found)
        progress = Progress(import_id, found["organisation"], found["source"], stage="applying")
        async with reported(context, progress):
            with collector_paused(), _helpers_told():
                await _apply(session, context, caller, found, progress)
    return await answer_of(repository, settings_of(context), import_id)


async def _apply(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    found: RowMapping,
    progress: Progress,
) -> None:
    import_id, region = found["import_id"], context.region.region_code
    now = context.clock.now()
    repository = RosterRepository(session, region)
    revision = await repository.raise_revision()
    settings = settings_of(context)
    rows, count = settings.chunk_rows, await repository.staged_count(import_id)
    progress.enter("applying", count)
    opening = Opening(context.vault)
    helpers = min(1, spare_cores(settings.import_helpers))
    async with helping(opening, pieces=count // rows, helpers=helpers) as helper:
        applying = _applying(session, context, found, helper, revision, now)
        pieces = applying.read(repository.staged(import_id, chunk=rows))
        # Closed here, also after a fault: the piece ahead still waits for the helper.
        async with aclosing(ahead(pieces, applying.decide)) as decided:
            async for changes in decided:
                await applying.write(changes)
                progress.done += changes.rows
    removals = await repository.removals(import_id)
    progress.enter("removing", len(removals))
    for some in chunks(removals, rows):
        await applying.remove(some)
        progress.done += len(some)
    await applying.finish()
    if progress.total + found["added"] + found["changed"] > _MANY_PERSONS:
        await applying.register.count_afresh()
    progress.enter("reopening", len(applying.changed))
    affected = await reopen(
        session, context, applying.changed, reason="roster_correction", import_id=import_id
    )
    await repository.mark_applied(
        import_id, by=caller.client_id, at=now, recognitions_affected=affected
    )
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
        detail=counts | {"recognitions_affected": affected},
    )


def _applying(
    session: WriteSession,
    context: ServiceContext,
    found: RowMapping,
    opening: Callable[[Sequence[tuple[int, bytes]]], list[Opened]],
    revision: int,
    now: datetime,
) -> Applying:
    region, vault = context.region.region_code, context.vault
    import_id, source = found["import_id"], found["source"]
    register = RegisterRepository(session, region)
    return Applying(
        session=session,
        register=register,
        sealing=Sealing(vault, region, source, import_id, now, revision),
        opening=opening,
        journal=Journal(register, vault, source, import_id, now),
        telling=Telling(found["effective_on"], now),
        source=source,
        effective_on=found["effective_on"],
        now=now,
        revision=revision,
    )


async def _check_ready(repository: RosterRepository, found: RowMapping) -> None:
    if found["base_revision"] != await repository.roster_revision():
        raise RosterChangedSinceValidation("upload the file again to compare it anew")
    if not found["accepted"]:
        raise NoRowAccepted("correct the rows listed in errors.xlsx and upload the file again")


async def _confirmed(
    session: WriteSession,
    context: ServiceContext,
    repository: RosterRepository,
    caller: Principal,
    import_id: UUID,
) -> None:
    now = context.clock.now()
    await repository.mark_confirmed(import_id, by=caller.client_id, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="roster.confirmed",
        subject=str(import_id),
        at=now,
    )


def _is_person(client_id: str) -> bool:
    return client_id.startswith("user:")


def _second(caller: Principal, found: RowMapping) -> bool:
    """Whether the caller may confirm: of a person's roster, only another person."""
    uploader = found["uploaded_by"]
    return not _is_person(uploader) or (
        _is_person(caller.client_id) and caller.client_id != uploader
    )


def _needs_second_person() -> NeedsSecondPerson:
    return NeedsSecondPerson("ask a colleague to look at the outcome and to confirm or apply it")


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
        "passed_over": outcome.passed_over,
        "households_incomplete": outcome.households_incomplete,
        "faults": len(judged.faults) + len(outcome.faults),
    }


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
