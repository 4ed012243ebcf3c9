"""Use cases of reconciliation: compare a hospital's day with ours, keep and close the differences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from uuid import UUID

from services.claims.facilities.service import facility_of
from services.claims.reconciliation import repository
from services.claims.reconciliation.domain import (
    PATIENT,
    TOTAL,
    Difference,
    Entry,
    Kind,
    record_sums,
    sums,
)
from services.claims.reconciliation.narrowing import Narrowed, Window
from services.claims.reconciliation.problems import (
    DayRefused,
    DifferenceClosed,
    DifferenceNotFound,
    ReconciliationNotFound,
)
from services.claims.reconciliation.reading import Found, Told, read
from services.claims.reconciliation.repository import Difference as Kept
from services.claims.reconciliation.repository import Reconciliation
from shared.clock import business_date, start_of_business_day
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import DifferenceCount, ReconciliationDiffered
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.money import Fen
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal

_OF_TOTALS: frozenset[Kind] = frozenset(
    {"totals_differ", "totals_do_not_add_up", "totals_against_records"}
)


async def reconcile(
    session: WriteSession, context: ServiceContext, caller: Principal, told: Told
) -> Reconciliation:
    """Find every difference of the day; known ones keep their age, what is gone is cleared.

    Raises:
        FacilityUnknown, FacilityNotYours.
        DayRefused: the day is not over in any sense: it lies ahead.
    """
    facility_of(context, told.facility_code)
    if not caller.may_see_facility(told.facility_code):
        raise FacilityNotYours("reconcile your own facility's days")
    now = context.clock.now()
    if told.day > business_date(now):
        raise DayRefused(
            "the day has not begun",
            errors=[
                FieldFault(
                    field="date",
                    code="in_future",
                    message="write today or an earlier day",
                    message_zh="请填写今天或以前的日期",
                )
            ],
        )
    region = context.region.region_code
    number = await repository.take_turn(session, region=region, facility_code=told.facility_code)
    pool, named = await _ours(session, region, told)
    found = read(told, pool, named)
    kept, changed = await _keep_differences(session, context, caller, told, found)
    still_open = any(one.status == "open" for one, _ in kept)
    records = told.records or ()
    made = Reconciliation(
        id=new_id(),
        region=region,
        facility_code=told.facility_code,
        number=number,
        day=told.day,
        basis=found.basis,
        scope="totals" if told.records is None else "window" if told.hours else "records",
        status="differs" if still_open else "balanced",
        record_count=len(records),
        entry_count=len(found.day),
        matched_count=found.comparison.matched,
        here=_both(sums(entry.amounts for entry in found.day)),
        there=dict(told.totals) if told.totals is not None else _both(record_sums(records)[0]),
        narrowed=None if found.narrowed is None else _narrowed(found.narrowed),
        made_at=now,
        made_by=caller.client_id,
    )
    await repository.keep(session, made)
    await repository.link(session, made.id, [(one.id, place) for one, place in kept])
    if changed:
        await _tell(session, made)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="reconciliation.made",
        subject=str(made.id),
        at=now,
        detail={
            "facility_code": told.facility_code,
            "date": told.day.isoformat(),
            "scope": made.scope,
            "differences": len(kept),
        },
    )
    return made


def _both(parts: Mapping[str, int]) -> dict[str, int]:
    return {TOTAL: 0, PATIENT: 0} | dict(parts)


async def _ours(
    session: WriteSession, region: str, told: Told
) -> tuple[list[Entry], dict[UUID, Entry]]:
    since = start_of_business_day(told.day)
    pool = await repository.entries_of_day(
        session,
        region=region,
        facility_code=told.facility_code,
        day=told.day,
        since=since,
        until=since + timedelta(days=1),
    )
    records = told.records or ()
    named = await repository.entries_named(
        session,
        region=region,
        facility_code=told.facility_code,
        ids={r.settlement_id for r in records if r.settlement_id},
        encounters={r.encounter_id for r in records if r.encounter_id},
        visits={r.visit_no for r in records if r.visit_no},
    )
    return pool, {entry.settlement_id: entry for entry in named}


def _keyed(differences: Sequence[Difference]) -> list[tuple[str, Difference]]:
    """Each with what makes it the same when the day is reconciled again."""
    counted: Counter[str] = Counter()
    keyed = []
    for difference in differences:
        of = difference.visit_no or str(difference.settlement_id or "")
        if difference.kind in {"amount_differs", "reversed_here", "reversed_there"}:
            of = str(difference.settlement_id or of)
        base = f"{difference.kind} {of}"
        counted[base] += 1
        keyed.append((f"{base} {counted[base]}", difference))
    return keyed


async def _keep_differences(
    session: WriteSession, context: ServiceContext, caller: Principal, told: Told, found: Found
) -> tuple[list[tuple[Kept, int | None]], bool]:
    """Open what is new, keep what is known, clear what is gone.

    Returns:
        What was found, with the record's place; and whether anything of it is new or changed.
    """
    region = context.region.region_code
    now = context.clock.now()
    before = await repository.of_day(
        session, region=region, facility_code=told.facility_code, day=told.day
    )
    known = {one.key: one for one in before if one.status != "cleared"}
    kept: list[tuple[Kept, int | None]] = []
    new: list[Kept] = []
    changed = False
    for key, difference in _keyed(found.differences):
        earlier = known.get(key)
        if earlier is not None and earlier.parts == difference.parts:
            kept.append((earlier, difference.record_number))
            continue
        changed = True
        if earlier is not None and earlier.status == "open":
            await repository.change_parts(
                session, earlier.id, difference.difference_fen, difference.parts
            )
            again = replace(
                earlier, parts=difference.parts, difference_fen=difference.difference_fen
            )
            kept.append((again, difference.record_number))
            continue
        opened = Kept(
            id=new_id(),
            region=region,
            facility_code=told.facility_code,
            day=told.day,
            kind=difference.kind,
            key=key,
            visit_no=difference.visit_no,
            settlement_id=difference.settlement_id,
            our_day=difference.our_day,
            difference_fen=difference.difference_fen,
            parts=difference.parts,
            status="open",
            opened_at=now,
            closed_at=None,
            closed_by=None,
            reason=None,
        )
        new.append(opened)
        kept.append((opened, difference.record_number))
    await repository.open_differences(session, new)
    await repository.close(
        session,
        _gone(told, before, {one.id for one, _ in kept}),
        status="cleared",
        at=now,
        by=caller.client_id,
        reason=None,
    )
    return kept, changed


def _gone(told: Told, before: Sequence[Kept], found: set[UUID]) -> list[UUID]:
    """Open ones that this reconciliation would have found again; sums say nothing of records."""
    if told.hours is not None:
        return []
    return [
        one.id
        for one in before
        if one.status == "open"
        and one.id not in found
        and (told.records is not None or one.kind in _OF_TOTALS)
    ]


async def _tell(session: WriteSession, made: Reconciliation) -> None:
    day = await repository.of_day(
        session, region=made.region, facility_code=made.facility_code, day=made.day
    )
    still = [one for one in day if one.status == "open"]
    kinds = sorted({one.kind for one in still})
    there = made.there.get(TOTAL)
    await outbox.record(
        session,
        ReconciliationDiffered(
            reconciliation_id=str(made.id),
            facility_code=made.facility_code,
            date=made.day,
            difference=Fen(0 if there is None else there - made.here.get(TOTAL, 0)),
            differences=tuple(
                DifferenceCount(
                    kind=kind,
                    count=sum(one.kind == kind for one in still),
                    difference=Fen(sum(one.difference_fen for one in still if one.kind == kind)),
                )
                for kind in kinds
            ),
        ),
        subject=made.facility_code,
        sequence=made.number,
        occurred_at=made.made_at,
    )


def _narrowed(found: Narrowed) -> dict[str, Any]:
    def shown(window: Window) -> dict[str, Any]:
        return {
            "payer": window.part,
            "from_hour": window.from_hour,
            "to_hour": window.to_hour,
        }

    return {
        "subtotals": [shown(window) for window in found.sums_wanted],
        "records": [shown(window) for window in found.records_wanted],
        "suspects": [
            {
                **shown(one.window),
                "here_fen": one.here_fen,
                "there_fen": one.there_fen,
                "candidates": [str(each) for each in one.candidates],
            }
            for one in found.suspects
        ],
    }


async def visible(
    session: ReadSession, caller: Principal, reconciliation_id: UUID
) -> Reconciliation:
    """A reconciliation that the caller may see.

    Raises:
        ReconciliationNotFound.
    """
    made = await repository.get(session, reconciliation_id)
    if made is None or not caller.may_see_facility(made.facility_code):
        raise ReconciliationNotFound
    return made


def within(caller: Principal, facility_code: str | None) -> tuple[bool, str | None]:
    """Whether the caller sees anything, and of which facility alone."""
    kind, _, own = caller.organisation.partition(":")
    if kind == "region":
        return True, facility_code
    return kind == "facility" and facility_code in {None, own}, own


async def resolve(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    difference_id: UUID,
    reason: str,
) -> Kept:
    """Close an open difference with a reason; found again unchanged, it stays closed.

    Raises:
        DifferenceNotFound, DifferenceClosed.
    """
    found = await repository.lock_difference(session, difference_id)
    if found is None or not caller.may_see_facility(found.facility_code):
        raise DifferenceNotFound
    if found.status != "open":
        raise DifferenceClosed("see who closed it, and why")
    now = context.clock.now()
    await repository.close(
        session, [found.id], status="resolved", at=now, by=caller.client_id, reason=reason
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="reconciliation.difference_resolved",
        subject=str(found.id),
        at=now,
        detail={"kind": found.kind, "difference_fen": found.difference_fen},
    )
    return replace(
        found, status="resolved", closed_at=now, closed_by=caller.client_id, reason=reason
    )


async def log_export(
    session: WriteSession, context: ServiceContext, caller: Principal, made: Reconciliation
) -> None:
    """Note that a reconciliation was taken out as a workbook."""
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="reconciliation.exported",
        subject=str(made.id),
        at=context.clock.now(),
    )
