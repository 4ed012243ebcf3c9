"""Claims' events: visits and their bills."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from sqlalchemy.dialects.postgresql import Insert, insert

from services.reporting.models import Encounter, Settlement, SettlementPayer
from services.reporting.projections.fold import Aggregate, write
from shared.clock import business_date
from shared.db.base import table_of
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


MEDICAL_AID = "medical_aid"
_SETTLEMENTS = table_of(Settlement)


def _visit(
    event: Envelope[EncounterOpened | EncounterDischarged | EncounterCancelled],
) -> dict[str, Any]:
    told = event.data
    return {
        "encounter_id": told.encounter_id,
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


def _opened(event: Envelope[EncounterOpened]) -> dict[str, Any]:
    told = event.data
    return {
        "deposit_fen": int(told.deposit),
        "treat_first_pay_later": told.treat_first_pay_later,
        "recognition_id": told.recognition_id,
    }


def _discharged(event: Envelope[EncounterDischarged]) -> dict[str, Any]:
    return {"discharged_on": event.data.discharged_on}


_encounters = Aggregate(table_of(Encounter), "encounter_id", _visit)

encounter_opened = _encounters.told_by("opened_sequence", _opened)
"""A visit began; the deposit asked of the patient is part of what we watch."""
encounter_discharged = _encounters.told_by("discharged_sequence", _discharged)
"""A visit ended; from now on it counts in the month of its last day."""
encounter_cancelled = _encounters.told_by("cancelled_sequence")
"""A visit did not take place, whichever of its events comes last."""

_MADE = (
    "made_sequence", "person_id", "facility_code", "facility_level", "in_region", "township",
    "village", "category", "visit_type", "admitted_on", "discharged_on", "pack", "pack_version",
    "total_fen", "waived_fen", "out_of_catalogue_fen", "over_limit_fen", "self_first_fen",
    "in_scope_fen", "patient_fen", "medical_aid_fen", "supersedes",
)  # fmt: skip
_UNDONE = ("reversed_by", "reversed_on")


def _keep(*names: str) -> Insert:
    """The columns of one of the two events of a bill, where it was not told yet."""
    statement = insert(_SETTLEMENTS)
    return statement.on_conflict_do_update(
        index_elements=["settlement_id"],
        set_={name: statement.excluded[name] for name in names},
        where=_SETTLEMENTS.c[names[0]].is_(None),
    )


# Made once: putting a statement together costs more than sending it.
_KEEP_MADE, _KEEP_UNDONE = _keep(*_MADE), _keep(*_UNDONE)
_KEEP_PAYER = insert(table_of(SettlementPayer)).on_conflict_do_nothing()


async def settlement_made(
    events: Sequence[Envelope[SettlementMade]], session: WriteSession, context: ServiceContext
) -> None:
    """Bills were split. The same bill may already be known as reversed.

    Raises:
        SettlementNotWhole: payers and patient together do not pay the total.
    """
    bills, payers = [], []
    for event in events:
        told = event.data
        amounts: Counter[str] = Counter()
        for share in told.payers:
            amounts[share.payer] += int(share.amount)
        if amounts.total() + int(told.patient_pays) != int(told.total):
            raise SettlementNotWhole(
                f"settlement {told.settlement_id}: the parts differ from the total"
            )
        bills.append(
            {
                "settlement_id": told.settlement_id,
                "region": context.region.region_code,
                "encounter_id": told.encounter_id,
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
        )
        payers += [
            {"settlement_id": told.settlement_id, "payer": payer, "amount_fen": amount}
            for payer, amount in amounts.items()
        ]
    await write(session, _KEEP_MADE, bills)
    await write(session, _KEEP_PAYER, payers)


async def settlement_reversed(
    events: Sequence[Envelope[SettlementReversed]], session: WriteSession, context: ServiceContext
) -> None:
    """Bills no longer count, in the month in which they had counted."""
    undone = [
        {
            "settlement_id": event.data.reverses,
            "region": context.region.region_code,
            "encounter_id": event.data.encounter_id,
            "reversed_by": event.data.settlement_id,
            "reversed_on": business_date(event.time),
        }
        for event in events
    ]
    await write(session, _KEEP_UNDONE, undone)
