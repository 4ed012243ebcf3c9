"""Use cases of the proposals: list them, confirm (the bill is revised), dismiss."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from uuid import UUID

from services.claims.encounters import service as encounter_service
from services.claims.proposals import repository
from services.claims.proposals.domain import CutBill, Offer, offers
from services.claims.proposals.repository import CutRow, Decided
from services.claims.proposals.shifting import is_shifted
from services.claims.revisions import service as revisions
from services.claims.revisions.service import NothingToRevise, Revision
from services.claims.settlement import service as settlements
from services.claims.settlement.problems import ReversedAlready
from services.claims.settlement.repository import Stored
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import Conflict, NotFound
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class ProposalNotFound(NotFound):
    code = "proposal_not_found"
    title = "Nothing is proposed for this settlement, or it is not yours to see"
    title_zh = "该结算没有补付或重新结算的提议，或您无权查看"


class ProposalLapsed(Conflict):
    code = "proposal_lapsed"
    title = "The room has been used, or the settlement was replaced; there is nothing to offer now"
    title_zh = "额度已被使用或该结算已被替代，提议已失效"


class ProposalDecided(Conflict):
    code = "proposal_decided"
    title = "This proposal was decided before"
    title_zh = "该提议已处理"


class OlderProposalFirst(Conflict):
    code = "older_proposal_first"
    title = "An older bill of this person is offered the same room first"
    title_zh = "同一额度应先处理该患者较早的结算"


@dataclass(frozen=True)
class Proposal:
    """An open proposal: a cut settlement and what it is offered now, in fen per benefit."""

    settlement_id: UUID
    encounter_id: UUID
    facility_code: str
    person_id: str
    year: int
    place: UUID
    made_at: datetime
    cuts: Mapping[str, int]
    offer: Offer


def _of_person(row: CutRow) -> tuple[str, int]:
    return row.person_id, row.year


def _open(rows: list[CutRow]) -> list[Proposal]:
    found = []
    for _, group in groupby(sorted(rows, key=_of_person), key=_of_person):
        of_person = list(group)
        bills: dict[UUID, dict[str, int]] = {}
        for row in of_person:
            bills.setdefault(row.settlement_id, {})[row.benefit] = row.cut_fen
        first = {row.settlement_id: row for row in reversed(of_person)}
        # A cap that was changed between two bills: the lower one is kept in either case.
        room: dict[str, int] = {}
        for row in of_person:
            room[row.benefit] = min(room.get(row.benefit, row.room_fen), row.room_fen)
        for offer in offers(
            (CutBill(key, first[key].place, cuts) for key, cuts in bills.items()), room
        ):
            row = first[offer.settlement_id]
            found.append(
                Proposal(
                    settlement_id=row.settlement_id,
                    encounter_id=row.encounter_id,
                    facility_code=row.facility_code,
                    person_id=row.person_id,
                    year=row.year,
                    place=row.place,
                    made_at=row.made_at,
                    cuts=bills[row.settlement_id],
                    offer=offer,
                )
            )
    return sorted(found, key=lambda proposal: proposal.place)


async def open_proposals(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    after: UUID | None,
    limit: int,
) -> list[Proposal]:
    """The caller's open proposals, the oldest bill first; one more than ``limit`` if there are."""
    rows = await repository.cut_rows(
        session,
        region=context.region.region_code,
        area=context.region.pooling_area,
        now=context.clock.now(),
    )
    visible = [
        proposal
        for proposal in _open(rows)
        if caller.may_see_facility(proposal.facility_code)
        and (after is None or proposal.place > after)
    ]
    return visible[: limit + 1]


async def decided_proposals(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    decision: str,
    after: UUID | None,
    limit: int,
) -> list[Decided]:
    """Confirmed or dismissed ones; one more than ``limit`` if there are."""
    kind, _, value = caller.organisation.partition(":")
    if kind not in {"region", "facility"}:
        return []
    return await repository.decided(
        session,
        region=context.region.region_code,
        facility_code=value if kind == "facility" else None,
        decision=decision,
        after=after,
        limit=limit + 1,
    )


async def confirm(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    settlement_id: UUID,
    note: str,
) -> Revision:
    """Revise the bill; the voucher says what changes.

    One that was cut takes the room, as far as there is any; one whose year has shifted is paid by
    the burden that is before it now.

    Raises:
        ProposalNotFound, ProposalDecided, ProposalLapsed: there is nothing to confirm (any more).
        OlderProposalFirst: an older bill of the person would lose the room.
    """
    stored = await _decidable(session, context, caller, settlement_id)
    rows = await repository.cut_rows(
        session,
        region=context.region.region_code,
        area=context.region.pooling_area,
        now=context.clock.now(),
        beside=settlement_id,
    )
    found = next((p for p in _open(rows) if p.settlement_id == settlement_id), None)
    if found is None and not await is_shifted(session, context, settlement_id):
        raise ProposalLapsed
    if found is not None and found.offer.blocked_by:
        raise OlderProposalFirst("confirm or dismiss the older proposal, then this one")
    try:
        revision = await revisions.revise(session, context, caller, settlement_id, note)
    except (NothingToRevise, ReversedAlready) as lapsed:
        raise ProposalLapsed from lapsed
    await _decide(session, context, caller, stored, "confirmed", note, revision.made.id)
    return revision


async def dismiss(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    settlement_id: UUID,
    note: str,
) -> None:
    """The bill stays as it is; it is not offered again, and younger ones move up.

    Raises:
        ProposalNotFound, ProposalDecided, ProposalLapsed: there is nothing to dismiss (any more).
    """
    stored = await _decidable(session, context, caller, settlement_id)
    await _decide(session, context, caller, stored, "dismissed", note, None)


async def _decidable(
    session: WriteSession, context: ServiceContext, caller: Principal, settlement_id: UUID
) -> Stored:
    """The cut or shifted settlement, its encounter held, so that two clerks decide one after the other."""
    stored = await settlements.visible(session, caller, settlement_id)
    encounter = await encounter_service.locked_for(session, caller, stored.encounter_id)
    if await repository.was_decided(session, settlement_id) is not None:
        raise ProposalDecided
    if encounter.settlement_id != settlement_id:
        raise ProposalLapsed if stored.cuts else ProposalNotFound
    if not stored.cuts and not await is_shifted(session, context, settlement_id):
        raise ProposalNotFound
    return stored


async def _decide(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    stored: Stored,
    decision: str,
    note: str,
    replaced_by: UUID | None,
) -> None:
    now = context.clock.now()
    await repository.decide(
        session,
        {
            "settlement_id": stored.id,
            "region": stored.region,
            "facility_code": stored.facility_code,
            "decision": decision,
            "replaced_by_id": replaced_by,
            "note": note,
            "decided_at": now,
            "decided_by": caller.client_id,
        },
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"proposal.{decision}",
        subject=str(stored.id),
        at=now,
        detail={"note": note, "replaced_by": str(replaced_by) if replaced_by else None},
    )
