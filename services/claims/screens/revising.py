"""What a case's page says of settling anew: what it would change, and what it has changed."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from services.claims.proposals import service as proposals
from services.claims.proposals import shifting
from services.claims.revisions import repository as vouchers
from services.claims.revisions import service as revisions
from services.claims.revisions.domain import to_patient
from services.claims.revisions.repository import Voucher
from services.claims.revisions.service import NothingToRevise
from services.claims.screens.words import PAYERS
from services.claims.settlement.repository import Stored
from shared.db.session import WriteSession
from shared.http.problem import Problem
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.kit import told

MOST_PROPOSALS = 20


async def revising(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    current: Stored | None,
    *,
    pending: bool,
) -> dict[str, Any]:
    """``revision``: what settling anew would change, and why; ``voucher``: what it has changed."""
    if current is None:
        return {"revision": None, "voucher": None}
    made = await vouchers.of_settlement(session, current.id)
    return {
        "revision": await _offered(session, context, caller, current, pending=pending),
        "voucher": None if made is None else shown_voucher(made),
    }


async def _offered(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    current: Stored,
    *,
    pending: bool,
) -> dict[str, Any] | None:
    cause = "pending" if pending else None
    if cause is None and current.cuts and await _has_room(session, context, caller, current.id):
        cause = "room"
    if cause is None and await shifting.is_shifted(session, context, current.id):
        cause = "shifted"
    if cause is None or "claims:settle" not in caller.scopes:
        return None
    try:
        revision = await revisions.preview(session, context, caller, current.id)
    except NothingToRevise:
        return None
    except Problem as problem:
        return {"cause": cause, "voucher": None, "refused": told(problem)}
    return {"cause": cause, "voucher": shown_voucher(revision.voucher), "refused": None}


async def _has_room(
    session: WriteSession, context: ServiceContext, caller: Principal, settlement_id: UUID
) -> bool:
    found = await proposals.open_proposals(
        session, context, caller, after=None, limit=MOST_PROPOSALS
    )
    return any(each.settlement_id == settlement_id for each in found)


def shown_voucher(voucher: Voucher) -> dict[str, Any]:
    """The differences, party by party; ``direction`` says who gives to whom at the window."""
    returned = to_patient(voucher.parts)
    direction = "return" if returned > 0 else "collect" if returned < 0 else "even"
    return {
        "direction": direction,
        "amount": text_from_fen(abs(returned)),
        "parts": [
            {
                "text_zh": PAYERS.get(part.party, (part.party, part.party))[0],
                "text_en": PAYERS.get(part.party, (part.party, part.party))[1],
                "before": text_from_fen(part.before_fen),
                "after": text_from_fen(part.after_fen),
                "difference": text_from_fen(part.difference_fen),
            }
            for part in voucher.parts
        ],
    }
