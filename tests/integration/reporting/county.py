"""Events of a small county, as the other services tell them; `half_year` makes its story of them."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from shared.events.base import Envelope
from shared.events.catalog import (
    CardIssued,
    CardRevoked,
    CategoryPeriod,
    CheckUpRecorded,
    ContractEnded,
    ContractSigned,
    EncounterCancelled,
    EncounterDischarged,
    EncounterOpened,
    Entitlements,
    ExemptionEnded,
    ExemptionRecorded,
    FollowUpRecorded,
    PayerShare,
    PersonChanged,
    PersonEntered,
    PersonLeft,
    RecognitionMade,
    SettlementMade,
    SettlementReversed,
    TaskClosed,
    TaskOpened,
)
from shared.money import Fen
from tests.support.service import envelope

JINHE, YONGHE = "金河镇", "永和镇"
DISTRICT, JINHE_HOSPITAL, YONGHE_HOSPITAL = "H51111300101", "H51111300202", "H51111300201"
OUTSIDE = "H51110200901"
LEVELS = {
    DISTRICT: "secondary",
    JINHE_HOSPITAL: "township",
    YONGHE_HOSPITAL: "township",
    OUTSIDE: "tertiary",
}
HOMES: dict[str | None, tuple[str | None, str | None]] = {
    "P1": (JINHE, "曙光村"),
    "P2": (JINHE, "柏林村"),
    "P3": (YONGHE, "坪上村"),
    "P4": (None, None),
    "P5": (JINHE, "柏林村"),
    None: (None, None),
}


def at(month: int, day: int, hour: int = 2) -> datetime:
    return datetime(2016, month, day, hour, tzinfo=UTC)


def person(
    person_id: str,
    *,
    kind: type[PersonEntered | PersonChanged | PersonLeft] = PersonEntered,
    home: tuple[str | None, str | None] | None = None,
    valid_to: date | None = None,
    sequence: int = 1,
) -> Envelope[Any]:
    township, village = home or HOMES[person_id]
    return envelope(
        kind(
            person_id=person_id,
            household_id="H1" if person_id in ("P1", "P2") else f"H-{person_id}",
            township=township,
            village=village,
            categories=(
                CategoryPeriod(
                    code="registered_poor", valid_from=date(2015, 1, 1), valid_to=valid_to
                ),
            ),
            effective_on=date(2015, 1, 1),
            recorded_at=at(1, sequence),
        ),
        sequence=sequence,
        at=at(1, sequence),
    )


def recognised(
    number: int, person_id: str | None, facility: str, grade: str, month: int, day: int
) -> Envelope[Any]:
    township, village = HOMES[person_id]
    return envelope(
        RecognitionMade(
            recognition_id=f"R{number}",
            grade=grade,
            person_id=person_id,
            entitlements=Entitlements(
                treat_first_pay_later=True, one_stop_settlement=True, fee_waivers=True
            ),
            facility_code=facility,
            visit_no=f"V{number}",
            visit_type="inpatient",
            occurred_at=at(month, day),
            township=township,
            village=village,
        ),
        at=at(month, day),
    )


def visit(
    encounter_id: str,
    person_id: str | None,
    facility: str,
    visit_type: str,
    admitted: date,
    discharged: date | None,
) -> list[Envelope[Any]]:
    # The encounter does not know P3's home; the registry does.
    township, village = HOMES[person_id] if person_id != "P3" else (None, None)
    base = {
        "encounter_id": encounter_id,
        "person_id": person_id,
        "facility_code": facility,
        "facility_level": LEVELS[facility],
        "in_region": facility != OUTSIDE,
        "visit_no": f"V-{encounter_id}",
        "visit_type": visit_type,
        "admitted_on": admitted,
        "township": township,
        "village": village,
    }
    opened = EncounterOpened(**base, deposit=Fen(0), treat_first_pay_later=True)
    events = [envelope(opened, sequence=1, at=noon(admitted))]
    if discharged is not None:
        ended = EncounterDischarged(**base, discharged_on=discharged)
        events.append(envelope(ended, sequence=2, at=noon(discharged)))
    return events


def cancelled(
    encounter_id: str, person_id: str, facility: str, visit_type: str, admitted: date
) -> Envelope[Any]:
    return envelope(
        EncounterCancelled(
            encounter_id=encounter_id,
            person_id=person_id,
            facility_code=facility,
            facility_level=LEVELS[facility],
            in_region=facility != OUTSIDE,
            visit_no=f"V-{encounter_id}",
            visit_type=visit_type,
            admitted_on=admitted,
            cancelled_at=noon(admitted) + timedelta(minutes=9),
        ),
        sequence=3,
        at=noon(admitted) + timedelta(minutes=9),
    )


def noon(day: date) -> datetime:
    return datetime(day.year, day.month, day.day, 4, tzinfo=UTC)


def bill(
    encounter_id: str,
    person_id: str | None,
    facility: str,
    visit_type: str,
    discharged: date,
    payers: dict[str, int],
    patient: int,
    *,
    registered: bool = True,
    out_of_catalogue: int = 0,
) -> Envelope[Any]:
    township, village = HOMES[person_id] if person_id != "P3" else (None, None)
    total = sum(payers.values()) + patient
    return envelope(
        SettlementMade(
            settlement_id=f"S-{encounter_id}",
            encounter_id=encounter_id,
            person_id=person_id,
            facility_code=facility,
            facility_level=LEVELS[facility],
            in_region=facility != OUTSIDE,
            township=township,
            village=village,
            category="registered_poor" if registered else None,
            visit_type=visit_type,
            admitted_on=discharged - timedelta(days=5),
            discharged_on=discharged,
            pack="jinkouhe-2016",
            pack_version="1",
            total=Fen(total),
            waived=Fen(0),
            out_of_catalogue=Fen(out_of_catalogue),
            over_limit=Fen(0),
            self_first=Fen(0),
            in_scope=Fen(total - out_of_catalogue),
            payers=tuple(PayerShare(payer=p, amount=Fen(a)) for p, a in payers.items()),
            patient_pays=Fen(patient),
        ),
        sequence=3,
        at=noon(discharged) + timedelta(minutes=5),
    )


def reversal(encounter_id: str, total: int, on: date) -> Envelope[Any]:
    zero = Fen(0)
    return envelope(
        SettlementReversed(
            settlement_id=f"X-{encounter_id}",
            reverses=f"S-{encounter_id}",
            encounter_id=encounter_id,
            reason="wrong_bill",
            total=Fen(-total),
            waived=zero,
            out_of_catalogue=zero,
            over_limit=zero,
            self_first=zero,
            in_scope=Fen(-total),
            payers=(),
            patient_pays=Fen(-total),
        ),
        sequence=4,
        at=noon(on),
    )


def contract(number: int, person_id: str, *, ended: date | None = None) -> list[Envelope[Any]]:
    township, village = HOMES[person_id]
    base = {
        "contract_id": f"C{number}",
        "person_id": person_id,
        "team": JINHE_HOSPITAL,
        "township": township,
        "village": village,
    }
    signed = ContractSigned(**base, effective_on=date(2016, 1, 5), valid_to=date(2016, 12, 31))
    events = [envelope(signed, sequence=1, at=at(1, 5))]
    if ended is not None:
        over = ContractEnded(**base, effective_on=ended, reason="own_request")
        events.append(envelope(over, sequence=2, at=noon(ended)))
    return events


def tasks() -> list[Envelope[Any]]:
    base = {"task_id": "T1", "person_id": "P1", "rule": "post_discharge_follow_up"}
    due = date(2016, 3, 15)
    return [
        envelope(
            TaskOpened(**base, team=DISTRICT, due_on=due, encounter_id="E1"),
            sequence=3,
            at=at(3, 8),
        ),
        envelope(
            TaskOpened(**base, team=JINHE_HOSPITAL, due_on=due, encounter_id="E1"),
            sequence=4,
            at=at(3, 9),
        ),
        envelope(
            FollowUpRecorded(
                follow_up_id="F1",
                person_id="P1",
                team=JINHE_HOSPITAL,
                task_id="T1",
                performed_at=at(3, 10),
                way="home",
            ),
            sequence=5,
            at=at(3, 10),
        ),
        envelope(
            TaskClosed(**base, team=JINHE_HOSPITAL, due_on=due, outcome="stable"),
            sequence=6,
            at=at(3, 10),
        ),
    ]


def card(card_id: str, person_id: str, *, revoked: bool = False) -> list[Envelope[Any]]:
    """A card of January, and its end in May."""
    held = {"card_id": card_id, "person_id": person_id}
    issued = CardIssued(**held, recorded_at=at(1, 9), expires_on=date(2021, 1, 8))
    events = [envelope(issued, sequence=1, at=at(1, 9))]
    if revoked:
        gone = CardRevoked(**held, recorded_at=at(5, 3))
        events.append(envelope(gone, sequence=2, at=at(5, 3)))
    return events


def exemption(number: int, person_id: str, since: date, *, ended: date | None = None) -> list[Any]:
    """Why a person did not sign."""
    base = {
        "exemption_id": f"X{number}",
        "person_id": person_id,
        "reason": "long_absence",
        "valid_from": since,
        "leaves_denominator": True,
    }
    events = [envelope(ExemptionRecorded(**base), sequence=10, at=noon(since))]
    if ended is not None:
        over = ExemptionEnded(**base, ended_on=ended, end_reason="signed")
        events.append(envelope(over, sequence=11, at=noon(ended)))
    return events


def case(
    person_id: str, disease: str, batches: tuple[str, ...], *steps: tuple[type[Any], date]
) -> list[Any]:
    """A disease and its steps."""
    return [
        envelope(
            kind(
                case_id=f"D-{person_id}",
                person_id=person_id,
                disease=disease,
                batches=batches,
                effective_on=day,
            ),
            sequence=20 + number,
            at=noon(day),
        )
        for number, (kind, day) in enumerate(steps)
    ]


def check_up(person_id: str, day: date) -> Envelope[Any]:
    return envelope(
        CheckUpRecorded(
            check_up_id=f"U-{person_id}",
            person_id=person_id,
            team=JINHE_HOSPITAL,
            performed_on=day,
            paid=True,
            amount=Fen(150_00),
        ),
        sequence=30,
        at=noon(day),
    )
