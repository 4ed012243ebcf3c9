"""Use cases of the revisions: settle a settled bill anew, try it first, do all that wait.

Nothing is revised by an event: money may have been paid out, so a clerk confirms. He sees the
voucher before, because a preview is the same path, rolled back.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import structlog

from services.claims.encounters import recognising
from services.claims.encounters import service as encounter_service
from services.claims.revisions import repository
from services.claims.revisions.repository import Voucher, Waiting
from services.claims.settlement import service as settlement_service
from services.claims.settlement.problems import NotReversible, ReversedAlready
from services.claims.settlement.repository import Stored
from services.claims.standings.holding import hold_years
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import Conflict, NotFound, Problem
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

log = structlog.get_logger(__name__)

LATE_RECOGNITION = "what was learned after the settlement changes it"


class NothingToRevise(Conflict):
    code = "nothing_to_revise"
    title = "Settled anew, the bill would come out the same"
    title_zh = "重新结算结果相同，无需更正"


class VoucherNotFound(NotFound):
    code = "voucher_not_found"
    title = "This settlement replaces no earlier one, so there is no voucher"
    title_zh = "该结算未替代先前结算，没有差额凭证"


@dataclass(frozen=True)
class Revision:
    """A new settlement and what it changes."""

    made: Stored
    voucher: Voucher


async def revise(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    settlement_id: UUID,
    reason: str,
) -> Revision:
    """Reverse a settlement exactly and settle its visit anew, on all that is known now, at once.

    The new settlement keeps the old one's place in the person's year: the critical-illness burden
    before it is that of the earlier bills alone, as it would have been from the start. Under a
    cap it finds what the year's other bills and reservations leave, which is at least its own.

    Raises:
        SettlementNotFound, NotReversible, ReversedAlready: it does not stand (any more).
        NothingToRevise: amounts, person and categories would be the same.
        CalculationRefused, AssumptionUnconfirmed: as for any settlement.
    """
    original = await settlement_service.visible(session, caller, settlement_id)
    if original.kind == "reversal":
        raise NotReversible
    encounter = await encounter_service.locked_for(session, caller, original.encounter_id)
    if encounter.settlement_id != settlement_id:
        raise ReversedAlready("revise the settlement that stands now")
    persons = {original.person_id, await recognising.patient_known_now(session, encounter)}
    await hold_years(session, context, persons, original.standing_year)
    await settlement_service.reverse(session, context, caller, settlement_id, reason)
    reopened = await encounter_service.locked_for(session, caller, original.encounter_id)
    made = await settlement_service.settle_locked(
        session, context, caller, reopened, place=original.year_place or original.id
    )
    if _same(original, made):
        raise NothingToRevise("the settlement stands as it is")
    voucher = await repository.of_settlement(session, made.id)
    if voucher is None:
        raise AssertionError("a settlement that replaces another has its voucher")
    return Revision(made, voucher)


def _same(before: Stored, after: Stored) -> bool:
    return (before.amounts, before.person_id, set(before.categories), before.standing_delta) == (
        after.amounts,
        after.person_id,
        set(after.categories),
        after.standing_delta,
    )


async def preview(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    settlement_id: UUID,
) -> Revision:
    """What a revision would say now: carried out, and rolled back.

    Raises:
        As :func:`revise`.
    """
    savepoint = await session.begin_nested()
    try:
        return await revise(session, context, caller, settlement_id, "preview")
    finally:
        await savepoint.rollback()


async def voucher_of(session: ReadSession, caller: Principal, settlement_id: UUID) -> Voucher:
    """The differences between a settlement and the one that it replaced.

    Raises:
        SettlementNotFound: no such settlement, or another facility's.
        VoucherNotFound: it replaced none.
    """
    stored = await settlement_service.visible(session, caller, settlement_id)
    voucher = await repository.of_settlement(session, stored.id)
    if voucher is None:
        raise VoucherNotFound
    return voucher


@dataclass(frozen=True)
class Outcome:
    """What became of one bill that waited."""

    waiting: Waiting
    revision: Revision | None
    refused: Problem | None


async def waiting_for(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    ids: Sequence[UUID] | None,
    limit: int,
) -> list[Waiting]:
    """The caller's bills that wait, one more than ``limit`` when there are more."""
    kind, _, value = caller.organisation.partition(":")
    if kind not in {"region", "facility"}:
        return []
    return await repository.waiting(
        session,
        region=context.region.region_code,
        facility_code=value if kind == "facility" else None,
        ids=ids,
        limit=limit + 1,
    )


async def revise_waiting(
    context: ServiceContext, caller: Principal, found: Sequence[Waiting], reason: str
) -> list[Outcome]:
    """Revise each, in a transaction of its own: what is done stays done, the rest can be repeated.

    One transaction over many visits would hold rows against the fixed order of locks.
    """
    outcomes = []
    for each in found:
        try:
            async with context.db.writing() as session:
                revision = await revise(session, context, caller, each.settlement_id, reason)
            outcomes.append(Outcome(each, revision, None))
        except Problem as refused:
            log.info("not_revised", encounter_id=str(each.encounter_id), reason=refused.code)
            outcomes.append(Outcome(each, None, refused))
    return outcomes
