"""The event stores of a county's years, as identity, claims and contracts would have written them.

Every person is entered, has a card and a contract, falls ill, and goes to hospital again and again:
recognised, opened, discharged, settled, followed up; one bill in twenty is reversed and made anew.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any
from uuid import UUID

import asyncpg

from shared.events.base import Event
from shared.events.catalog import (
    CardIssued,
    CategoryPeriod,
    CheckUpRecorded,
    ContractSigned,
    DiseaseCaseFound,
    EncounterDischarged,
    EncounterOpened,
    Entitlements,
    FollowUpRecorded,
    PayerShare,
    PersonChanged,
    PersonEntered,
    RecognitionMade,
    SettlementMade,
    SettlementReversed,
    TaskClosed,
    TaskOpened,
)
from shared.events.catalog.claims import SettlementMade as _Made
from shared.ids import new_id
from shared.money import Fen

PRODUCERS = ("identity", "claims", "contracts")
VISITS = 5
"""Of each person."""
_PAGE = 20_000
_FACILITIES = (
    ("H51111300101", "secondary", True),
    ("H51111300202", "township", True),
    ("H51111300201", "township", True),
    ("H51110200901", "tertiary", False),
)
_PLACES = (("金河镇", "曙光村"), ("金河镇", "柏林村"), ("永和镇", "坪上村"), ("永和镇", "胜利村"))
_FIRST = date(2014, 1, 1)
_DAYS = 900
_HELP = Entitlements(treat_first_pay_later=True, one_stop_settlement=True, fee_waivers=True)
_REVERSED_OF = 20

Told = tuple[Event, int, datetime]
"""An event, its sequence, when it happened."""


def told() -> Iterator[Told]:
    """Events without end, person after person."""
    number = 0
    while True:
        yield from _of_person(number)
        number += 1


def _of_person(number: int) -> Iterator[Told]:
    person_id = f"00000000-0000-7000-8000-{number:012x}"
    township, village = _PLACES[number % len(_PLACES)]
    home = {"township": township, "village": village}
    team = _FACILITIES[1 + number % 2][0]
    entered = datetime(2014, 1, 1, 1, tzinfo=UTC)
    held = (CategoryPeriod(code="registered_poor", valid_from=_FIRST, valid_to=None),)
    who = {
        "person_id": person_id,
        "household_id": f"H{number // 3}",
        "categories": held,
        "effective_on": _FIRST,
        "recorded_at": entered,
        **home,
    }
    yield PersonEntered(**who), 1, entered
    if number % 10 == 0:
        yield PersonChanged(**who), 2, entered
    card = CardIssued(
        card_id=f"card-{number}",
        person_id=person_id,
        recorded_at=entered,
        expires_on=date(2030, 1, 1),
    )
    yield card, 1, entered
    signed = ContractSigned(
        contract_id=f"contract-{number}",
        person_id=person_id,
        team=team,
        effective_on=_FIRST,
        valid_to=date(2020, 12, 31),
        **home,
    )
    yield signed, 1, entered
    if number % 3 == 0:
        ill = DiseaseCaseFound(
            case_id=f"case-{number}",
            person_id=person_id,
            disease="hypertension",
            batches=("chronic_4",),
            effective_on=_FIRST,
        )
        yield ill, 2, entered
    checked = CheckUpRecorded(
        check_up_id=f"check-{number}",
        person_id=person_id,
        team=team,
        performed_on=date(2016, 3, 1),
        paid=True,
        amount=Fen(150_00),
    )
    yield checked, 3, entered
    for visit in range(VISITS):
        yield from _of_visit(number, visit, person_id, team, home)


def _of_visit(
    number: int, visit: int, person_id: str, team: str, home: dict[str, Any]
) -> Iterator[Told]:
    name = f"{number}-{visit}"
    facility, level, inside = _FACILITIES[(number + visit) % len(_FACILITIES)]
    kind = "inpatient" if visit % 2 else "outpatient"
    admitted = _FIRST + timedelta(days=(number * 7 + visit * 170) % _DAYS)
    left = admitted + timedelta(days=5 if visit % 2 else 0)
    at = datetime(admitted.year, admitted.month, admitted.day, 2, tzinfo=UTC)
    over = datetime(left.year, left.month, left.day, 9, tzinfo=UTC)
    yield (
        RecognitionMade(
            recognition_id=f"recognition-{name}",
            grade="certain",
            person_id=person_id,
            entitlements=_HELP,
            facility_code=facility,
            visit_no=f"V-{name}",
            visit_type=kind,
            occurred_at=at,
            **home,
        ),
        1,
        at,
    )
    stay = {
        "encounter_id": f"encounter-{name}",
        "person_id": person_id,
        "facility_code": facility,
        "facility_level": level,
        "in_region": inside,
        "visit_no": f"V-{name}",
        "visit_type": kind,
        "admitted_on": admitted,
        **home,
    }
    opened = EncounterOpened(
        **stay,
        deposit=Fen(0),
        treat_first_pay_later=True,
        recognition_id=f"recognition-{name}",
    )
    yield opened, 1, at
    yield EncounterDischarged(**stay, discharged_on=left), 2, over
    bill = _bill(name, number, stay, left)
    yield bill, 3, over
    if (number + visit) % _REVERSED_OF == 0:
        yield _reversal(name, bill), 4, over
        again = bill.model_copy(
            update={"settlement_id": f"settlement-{name}-2", "supersedes": bill.settlement_id}
        )
        yield again, 5, over
    task = {
        "task_id": f"task-{name}",
        "person_id": person_id,
        "rule": "post_discharge_follow_up",
        "team": team,
        "due_on": left + timedelta(days=7),
    }
    yield TaskOpened(**task, encounter_id=stay["encounter_id"]), 10 + 3 * visit, over
    seen = FollowUpRecorded(
        follow_up_id=f"follow-up-{name}",
        person_id=person_id,
        team=team,
        task_id=f"task-{name}",
        performed_at=over + timedelta(days=3),
        way="home",
    )
    yield seen, 11 + 3 * visit, over
    yield TaskClosed(**task, outcome="stable"), 12 + 3 * visit, over


def _bill(name: str, number: int, stay: dict[str, Any], left: date) -> _Made:
    total = 1_000_00 + number % 9_000 * 37
    insured, aid = total * 60 // 100, total * 15 // 100
    return SettlementMade(
        settlement_id=f"settlement-{name}",
        category="registered_poor",
        discharged_on=left,
        pack="jinkouhe-2016",
        pack_version="1",
        total=Fen(total),
        waived=Fen(0),
        out_of_catalogue=Fen(total // 50),
        over_limit=Fen(0),
        self_first=Fen(0),
        in_scope=Fen(total - total // 50),
        payers=(
            PayerShare(payer="basic_insurance", amount=Fen(insured)),
            PayerShare(payer="medical_aid", amount=Fen(aid)),
        ),
        patient_pays=Fen(total - insured - aid),
        **{key: value for key, value in stay.items() if key != "visit_no"},
    )


def _reversal(name: str, bill: _Made) -> SettlementReversed:
    return SettlementReversed(
        settlement_id=f"reversal-{name}",
        reverses=bill.settlement_id,
        encounter_id=bill.encounter_id,
        reason="wrong_bill",
        total=Fen(-int(bill.total)),
        waived=Fen(0),
        out_of_catalogue=Fen(-int(bill.out_of_catalogue)),
        over_limit=Fen(0),
        self_first=Fen(0),
        in_scope=Fen(-int(bill.in_scope)),
        payers=(),
        patient_pays=Fen(-int(bill.patient_pays)),
    )


async def store(urls: dict[str, str], count: int) -> dict[str, int]:
    """Fill the three outboxes with so many events, published and numbered; gives how many each."""
    events = islice(told(), count)
    positions = dict.fromkeys(PRODUCERS, 0)
    connections = {name: await asyncpg.connect(urls[name]) for name in PRODUCERS}
    try:
        while page := list(islice(events, _PAGE)):
            records: dict[str, list[tuple[Any, ...]]] = {name: [] for name in PRODUCERS}
            for data, sequence, at in page:
                positions[data.producer] += 1
                records[data.producer].append(
                    _record(new_id(), data, sequence, at, positions[data.producer])
                )
            for name, rows in records.items():
                await connections[name].copy_records_to_table(
                    "outbox", records=rows, columns=_COLUMNS
                )
        for each in connections.values():
            await each.execute("VACUUM ANALYZE outbox")
    finally:
        for each in connections.values():
            await each.close()
    return positions


_COLUMNS = (
    "id",
    "aggregatetype",
    "aggregateid",
    "type",
    "payload",
    "aggregate_version",
    "occurred_at",
    "headers",
    "position",
    "published_at",
)


def _record(
    event_id: UUID, data: Event, sequence: int, at: datetime, position: int
) -> tuple[Any, ...]:
    payload = json.dumps(data.model_dump(mode="json"), ensure_ascii=False)
    headers = json.dumps({"partitionkey": data.key})
    kind = data.type_name()
    return event_id, data.noun, data.key, kind, payload, sequence, at, headers, position, at
