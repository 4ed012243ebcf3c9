"""Bills whose year has shifted under them: an earlier one was reversed or settled anew.

Critical illness pays by the year's burden, so a bill that found a burden before it which is no
longer there was paid at the wrong place of the scale. As with room under a cap, this is a fact
that can be worked out at any moment; nothing is changed before a clerk confirms it.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.claims.proposals import repository
from services.claims.proposals.repository import Shifted
from services.claims.revisions import service as revisions
from services.claims.revisions.domain import PATIENT
from services.claims.revisions.service import NothingToRevise
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import Problem
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


@dataclass(frozen=True)
class ShiftedProposal:
    """A shifted bill, and what settling it anew would change for the patient."""

    bill: Shifted
    patient_fen: int | None
    """Positive: he pays more; None: it cannot be settled anew as it stands, its preview says why."""


async def shifted_bills(
    session: ReadSession, context: ServiceContext, *, beside: UUID | None = None
) -> list[Shifted]:
    """Every bill that may come out otherwise now, in the order of their places.

    Args:
        beside: only those of the person and year of this settlement.
    """
    return await repository.shifted(session, region=context.region.region_code, beside=beside)


async def is_shifted(session: ReadSession, context: ServiceContext, settlement_id: UUID) -> bool:
    found = await shifted_bills(session, context, beside=settlement_id)
    return any(each.settlement_id == settlement_id for each in found)


async def shifted_proposals(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    after: UUID | None,
    limit: int,
) -> list[ShiftedProposal]:
    """The caller's, the oldest bill first; one more than ``limit`` if there are.

    Each is tried and rolled back: what would come out the same is no proposal.
    """
    found: list[ShiftedProposal] = []
    for bill in await shifted_bills(session, context):
        if not caller.may_see_facility(bill.facility_code):
            continue
        if after is not None and bill.place <= after:
            continue
        try:
            tried = await revisions.preview(session, context, caller, bill.settlement_id)
        except NothingToRevise:
            continue
        except Problem:
            found.append(ShiftedProposal(bill, None))
        else:
            patient = sum(
                part.difference_fen for part in tried.voucher.parts if part.party == PATIENT
            )
            found.append(ShiftedProposal(bill, patient))
        if len(found) > limit:
            break
    return found
