"""What settlements publish, in the transaction of the change."""

from __future__ import annotations

from services.claims.settlement.repository import Amounts, Stored
from shared.db.direct import DirectWork
from shared.events.catalog import PayerShare, SettlementMade, SettlementReversed
from shared.messaging import outbox
from shared.money import Fen


def _shares(amounts: Amounts) -> tuple[PayerShare, ...]:
    return tuple(PayerShare(payer=payer, amount=Fen(amount)) for payer, amount in amounts.payers)


def tell_made(direct: DirectWork, stored: Stored, version: int) -> None:
    amounts = stored.amounts
    outbox.record_directly(
        direct,
        SettlementMade(
            settlement_id=str(stored.id),
            encounter_id=str(stored.encounter_id),
            person_id=stored.person_id,
            facility_code=stored.facility_code,
            facility_level=stored.facility_level,
            in_region=stored.in_region,
            township=stored.township,
            village=stored.village,
            category=stored.category,
            visit_type=stored.visit_type,
            admitted_on=stored.admitted_on,
            discharged_on=stored.discharged_on,
            pack=stored.pack,
            pack_version=stored.pack_version,
            total=Fen(amounts.total),
            waived=Fen(amounts.waived),
            out_of_catalogue=Fen(amounts.out_of_catalogue),
            over_limit=Fen(amounts.over_limit),
            self_first=Fen(amounts.self_first),
            in_scope=Fen(amounts.in_scope),
            payers=_shares(amounts),
            patient_pays=Fen(amounts.patient_pays),
            supersedes=str(stored.supersedes_id) if stored.supersedes_id else None,
        ),
        subject=str(stored.encounter_id),
        sequence=version,
        occurred_at=stored.made_at,
    )


def tell_reversed(direct: DirectWork, reversal: Stored, version: int) -> None:
    amounts = reversal.amounts
    outbox.record_directly(
        direct,
        SettlementReversed(
            settlement_id=str(reversal.id),
            reverses=str(reversal.reverses_id),
            encounter_id=str(reversal.encounter_id),
            reason=reversal.reason or "",
            total=Fen(amounts.total),
            waived=Fen(amounts.waived),
            out_of_catalogue=Fen(amounts.out_of_catalogue),
            over_limit=Fen(amounts.over_limit),
            self_first=Fen(amounts.self_first),
            in_scope=Fen(amounts.in_scope),
            payers=_shares(amounts),
            patient_pays=Fen(amounts.patient_pays),
        ),
        subject=str(reversal.encounter_id),
        sequence=version,
        occurred_at=reversal.made_at,
    )
