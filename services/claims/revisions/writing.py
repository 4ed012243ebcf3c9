"""The voucher of a settlement that replaces an earlier one, written beside it."""

from __future__ import annotations

from services.claims.revisions import repository
from services.claims.revisions.domain import Shares, differences
from services.claims.revisions.repository import Voucher
from services.claims.settlement.repository import Amounts, Stored
from services.claims.settlement.repository import get as get_settlement
from shared.db.session import WriteSession
from shared.ids import new_id


def _shares(amounts: Amounts) -> Shares:
    return Shares(amounts.total, amounts.payers, amounts.patient_pays)


async def write_voucher(session: WriteSession, made: Stored) -> Voucher:
    """State what each party bears more or less than in the settlement that ``made`` supersedes."""
    if made.supersedes_id is None:
        raise AssertionError("a first settlement has nothing to differ from")
    before = await get_settlement(session, made.supersedes_id)
    if before is None or before.reversed_by_id is None:
        raise AssertionError("what is superseded was reversed before")
    reversal = await get_settlement(session, before.reversed_by_id)
    voucher = Voucher(
        id=new_id(),
        region=made.region,
        facility_code=made.facility_code,
        encounter_id=made.encounter_id,
        settlement_id=made.id,
        supersedes_id=before.id,
        reversal_id=before.reversed_by_id,
        reason=(reversal.reason if reversal is not None else None) or "",
        made_at=made.made_at,
        made_by=made.made_by,
        parts=differences(_shares(before.amounts), _shares(made.amounts)),
    )
    await repository.add(session, voucher)
    return voucher
