"""Claims' events: visits and their bills."""

from __future__ import annotations

from collections import Counter
from typing import Any

from sqlalchemy.dialects.postgresql import insert

from services.reporting.models import Base, Settlement, SettlementPayer
from services.reporting.projections.fold import fold
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.base import Envelope
from shared.events.catalog import (
    EncounterCancelled,
    EncounterDischarged,
    EncounterOpened,
    SettlementMade,
    SettlementReversed,
)
from shared.runtime.context import ServiceContext


class SettlementNotWhole(ValueError):
    """The parts of a settlement do not add up to its total; the event is set aside."""


_ENCOUNTERS = Base.metadata.tables["encounters"]
MEDICAL_AID = "medical_aid"


async def encounter_opened(
    event: Envelope[EncounterOpened], session: WriteSession, context: ServiceContext
) -> None:
    """A visit began; the deposit asked of the patient is part of what we watch."""
    told = event.data
    await fold(
        session,
        _ENCOUNTERS,
        {"encounter_id": told.encounter_id},
        common=_visit(told, context),
        sequence=event.sequence,
        part={
            "deposit_fen": int(told.deposit),
            "treat_first_pay_later": told.treat_first_pay_later,
            "recognition_id": told.recognition_id,
        },
        part_sequence="opened_sequence",
    )


async def encounter_discharged(
    event: Envelope[EncounterDischarged], session: WriteSession, context: ServiceContext
) -> None:
    """A visit ended; from now on it counts in the month of its last day."""
    told = event.data
    await fold(
        session,
        _ENCOUNTERS,
        {"encounter_id": told.encounter_id},
        common=_visit(told, context),
        sequence=event.sequence,
        part={"discharged_on": told.discharged_on},
        part_sequence="discharged_sequence",
    )


async def encounter_cancelled(
    event: Envelope[EncounterCancelled], session: WriteSession, context: ServiceContext
) -> None:
    """A visit did not take place, whichever of its events comes last."""
    told = event.data
    await fold(
        session,
        _ENCOUNTERS,
        {"encounter_id": told.encounter_id},
        common=_visit(told, context),
        sequence=event.sequence,
        part_sequence="cancelled_sequence",
    )


def _visit(
    told: EncounterOpened | EncounterDischarged | EncounterCancelled, context: ServiceContext
) -> dict[str, Any]:
    return {
        "region": context.region.region_code,
        "person_id": told.person_id,
        "facility_code": told.facility_code,
        "facility_level": told.facility_level,
        "in_region": told.in_region,
        "visit_no": told.visit_no,
        "visit_type": told.visit_type,
        "admitted_on": told.admitted_on,
        "township": told.township,
        "village": told.village if told.township else None,
    }


async def settlement_made(
    event: Envelope[SettlementMade], session: WriteSession, context: ServiceContext
) -> None:
    """A bill was split. The same bill may already be known as reversed.

    Raises:
        SettlementNotWhole: payers and patient together do not pay the total.
    """
    told = event.data
    amounts: Counter[str] = Counter()
    for share in told.payers:
        amounts[share.payer] += int(share.amount)
    if amounts.total() + int(told.patient_pays) != int(told.total):
        raise SettlementNotWhole(
            f"settlement {told.settlement_id}: the parts differ from the total"
        )
    made: dict[str, Any] = {
        "made_sequence": event.sequence,
        "person_id": told.person_id,
        "facility_code": told.facility_code,
        "facility_level": told.facility_level,
        "in_region": told.in_region,
        "township": told.township,
        "village": told.village if told.township else None,
        "category": told.category,
        "visit_type": told.visit_type,
        "admitted_on": told.admitted_on,
        "discharged_on": told.discharged_on,
        "pack": told.pack,
        "pack_version": told.pack_version,
        "total_fen": int(told.total),
        "waived_fen": int(told.waived),
        "out_of_catalogue_fen": int(told.out_of_catalogue),
        "over_limit_fen": int(told.over_limit),
        "self_first_fen": int(told.self_first),
        "in_scope_fen": int(told.in_scope),
        "patient_fen": int(told.patient_pays),
        "medical_aid_fen": amounts[MEDICAL_AID],
        "supersedes": told.supersedes,
    }
    statement = insert(Settlement).values(
        settlement_id=told.settlement_id,
        region=context.region.region_code,
        encounter_id=told.encounter_id,
        **made,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Settlement.settlement_id],
            set_={name: statement.excluded[name] for name in made},
            where=Settlement.made_sequence.is_(None),
        )
    )
    if amounts:
        await session.execute(
            insert(SettlementPayer).on_conflict_do_nothing(),
            [
                {"settlement_id": told.settlement_id, "payer": payer, "amount_fen": amount}
                for payer, amount in amounts.items()
            ],
        )


async def settlement_reversed(
    event: Envelope[SettlementReversed], session: WriteSession, context: ServiceContext
) -> None:
    """A bill no longer counts, in the month in which it had counted."""
    told = event.data
    undone = {"reversed_by": told.settlement_id, "reversed_on": business_date(event.time)}
    statement = insert(Settlement).values(
        settlement_id=told.reverses,
        region=context.region.region_code,
        encounter_id=told.encounter_id,
        **undone,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[Settlement.settlement_id],
            set_={name: statement.excluded[name] for name in undone},
            where=Settlement.reversed_by.is_(None),
        )
    )
