"""The half-year's visits: who came where and when, what he showed at the window, what it cost."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from random import Random
from typing import Any

from deploy.demo.bills import Line, inpatient_bill, outpatient_bill
from deploy.demo.county import SEED, County, Person, RegionTooBare, chance, stream
from deploy.demo.names import misheard
from shared.clock import SHANGHAI
from shared.policy.region import Facility, RegionPack

FIRST_DAY = date(2016, 1, 1)
LAST_DAY = date(2016, 6, 30)
DISTRICT_STAYS = 46
TOWNSHIP_STAYS = 3
"""JK-31."""
INPATIENT_TOTAL_FEN = 12_587_800
"""JK-32: 125,878 CNY."""
OUTPATIENT_VISITS = 1_500
"""Enough for every village and month; the whole load stays in minutes on two cores."""
_RESIDENT_SHARE = 0.15
_TOWNSHIP_STAY_FEN = (62_000, 134_000)

_INPATIENT_DIAGNOSES = (
    "J18.900", "J44.100", "I10.x00", "E11.900", "I63.900", "K29.500", "N39.000", "M51.202",
)  # fmt: skip
_SURGICAL_DIAGNOSES = ("K35.800", "K80.200", "S82.200", "K40.900")
_OUTPATIENT_DIAGNOSES = (
    "J06.900", "J20.900", "I10.x00", "K29.500", "M54.500", "L30.900", "J30.400", "R51.x00",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Visit:
    """One visit as the hospital's own system knows it."""

    visit_no: str
    facility_code: str
    type: str
    occurred_at: datetime
    discharged_at: datetime
    person_key: str
    """Same for the visits of one person; never sent."""
    credentials: dict[str, str]
    diagnoses: tuple[str, ...]
    lines: tuple[Line, ...]

    @property
    def total_fen(self) -> int:
        return sum(line.amount_fen for line in self.lines)

    def recognition_body(self) -> dict[str, Any]:
        """For ``POST /identity/v1/recognitions``."""
        return {
            "facility_code": self.facility_code,
            "visit": {
                "visit_no": self.visit_no,
                "type": self.type,
                "occurred_at": self.occurred_at.isoformat(),
            },
            "credentials": self.credentials,
        }

    def registration_body(self) -> dict[str, Any]:
        """For ``POST /claims/v1/encounters``: a patient who was not recognised."""
        return {
            "facility_code": self.facility_code,
            "visit_no": self.visit_no,
            "type": self.type,
            "admitted_at": self.occurred_at.isoformat(),
        }

    def charge_bodies(self) -> list[dict[str, Any]]:
        """For ``POST /claims/v1/encounters/{id}/charges``: a long bill comes in two batches."""
        half = len(self.lines) // 2 if self.type == "inpatient" else 0
        parts = [self.lines[:half], self.lines[half:]]
        return [
            {"batch_no": f"B{number}", "lines": [line.body() for line in part]}
            for number, part in enumerate((part for part in parts if part), start=1)
        ]

    def discharge_body(self) -> dict[str, Any]:
        """For ``POST /claims/v1/encounters/{id}/discharge``."""
        return {
            "discharged_at": self.discharged_at.isoformat(),
            "diagnoses": list(self.diagnoses),
        }


class Places:
    """The institutions of a region by their part in the story."""

    def __init__(self, region: RegionPack) -> None:
        inside = [f for f in region.facilities if f.in_region and f.designated]
        district = [f for f in inside if f.facility_level in {"secondary", "primary", "tertiary"}]
        if not district:
            raise RegionTooBare(f"the pack {region.pack_id} names no hospital of its own")
        self.district = next((f for f in district if f.facility_level == "secondary"), district[0])
        self.township = {f.township: f for f in inside if f.facility_level == "township"}
        self.village = {(f.township, f.village): f for f in inside if f.facility_level == "village"}

    def near(self, rng: Random, person: Person) -> Facility:
        """Where this person goes for an outpatient visit: near home first (JK-16)."""
        clinic = self.village.get((person.township, person.village))
        if clinic is not None and chance(rng, 0.6):
            return clinic
        township = self.township.get(person.township)
        return self.district if township is None or chance(rng, 0.15) else township


def build_visits(
    region: RegionPack,
    county: County,
    *,
    seed: int = SEED,
    outpatient_visits: int = OUTPATIENT_VISITS,
) -> tuple[Visit, ...]:
    """Every visit of the half-year, by time."""
    places = Places(region)
    visits = _stays(stream(seed, "stays"), places, county)
    rng = stream(seed, "outpatients")
    # A fifth of the people make most of the visits, as everywhere.
    regulars = rng.sample(county.persons, len(county.persons) // 5)
    for number in range(1, outpatient_visits + 1):
        if chance(rng, _RESIDENT_SHARE):
            person = rng.choice(county.residents)
        else:
            person = rng.choice(regulars if chance(rng, 0.55) else county.persons)
        begins = _office_hour(rng, FIRST_DAY + timedelta(days=rng.randrange(_span())))
        visits.append(
            outpatient_visit(rng, places, person, begins, f"MZ{begins:%Y%m%d}{number:05d}")
        )
    return tuple(sorted(visits, key=lambda visit: (visit.occurred_at, visit.visit_no)))


def outpatient_visit(
    rng: Random, places: Places, person: Person, begins: datetime, visit_no: str
) -> Visit:
    """One outpatient visit of a person, near home."""
    facility = places.near(rng, person)
    kind = rng.choices(("outpatient", "chronic_outpatient", "emergency"), weights=(91, 6, 3))[0]
    return Visit(
        visit_no=visit_no,
        facility_code=facility.facility_code,
        type=kind,
        occurred_at=begins,
        discharged_at=begins + timedelta(minutes=rng.randint(15, 70)),
        person_key=person.id_number,
        credentials=_shown(rng, person),
        diagnoses=(rng.choice(_OUTPATIENT_DIAGNOSES),),
        lines=outpatient_bill(rng, level=facility.facility_level, day=begins.date()),
    )


def stay(
    rng: Random, facility: Facility, person: Person, begins: datetime, visit_no: str, total_fen: int
) -> Visit:
    """One inpatient stay of three to twelve days."""
    days = rng.randint(3, 12)
    operated = facility.facility_level != "township" and chance(rng, 0.3)
    ends = datetime.combine(begins.date() + timedelta(days=days), begins.time(), tzinfo=SHANGHAI)
    return Visit(
        visit_no=visit_no,
        facility_code=facility.facility_code,
        type="inpatient",
        occurred_at=begins,
        discharged_at=ends.replace(hour=10),
        person_key=person.id_number,
        credentials={**_by_name(person), "id_number": person.id_number},
        diagnoses=(rng.choice(_SURGICAL_DIAGNOSES if operated else _INPATIENT_DIAGNOSES),),
        lines=inpatient_bill(
            rng, total_fen=total_fen, admitted_on=begins.date(), days=days, operated=operated
        ),
    )


def _stays(rng: Random, places: Places, county: County) -> list[Visit]:
    """The inpatients: each another person, listed all half-year; the total is JK-32's."""
    listed = [person for person in county.persons if person.valid_to is None]
    patients = rng.sample(listed, DISTRICT_STAYS + TOWNSHIP_STAYS)
    township_totals = [rng.randint(*_TOWNSHIP_STAY_FEN) for _ in range(TOWNSHIP_STAYS)]
    totals = _split(rng, INPATIENT_TOTAL_FEN - sum(township_totals), DISTRICT_STAYS)
    visits = []
    for number, (person, total_fen) in enumerate(
        zip(patients, [*totals, *township_totals], strict=True), start=1
    ):
        facility = places.district
        if number > DISTRICT_STAYS:
            facility = places.township.get(person.township, places.district)
        # The stay ends inside the half-year.
        begins = _office_hour(rng, FIRST_DAY + timedelta(days=rng.randrange(_span() - 13)))
        visit_no = f"ZY{begins:%Y%m%d}{number:04d}"
        visits.append(stay(rng, facility, person, begins, visit_no, total_fen))
    return visits


def _split(rng: Random, total_fen: int, parts: int) -> list[int]:
    """Amounts of unequal size that add up to the total exactly."""
    weights = [min(3.0, max(0.35, rng.lognormvariate(0, 0.5))) for _ in range(parts)]
    whole = sum(weights)
    amounts = [int(total_fen * weight / whole) for weight in weights]
    amounts[0] += total_fen - sum(amounts)
    return amounts


def _span() -> int:
    return (LAST_DAY - FIRST_DAY).days + 1


def _office_hour(rng: Random, day: date) -> datetime:
    minute = rng.randrange(8 * 60, 17 * 60)
    return datetime(day.year, day.month, day.day, minute // 60, minute % 60, tzinfo=SHANGHAI)


def _by_name(person: Person) -> dict[str, str]:
    """What is known of a patient without his card."""
    return {
        "name": person.name,
        "birth_date": person.birth_date.isoformat(),
        "sex": person.sex,
        "address": f"{person.township}{person.village}",
    }


_OLD_CARDS_END = date(2000, 1, 1)


def _shown(rng: Random, person: Person) -> dict[str, str]:
    """What the patient shows at the window: mostly the card, sometimes only his name, some slips."""
    number = person.id_number
    way = rng.choices(
        ("card", "old_card", "name", "slip_number", "slip_name"), (810, 15, 145, 15, 15)
    )
    match way[0]:
        case "old_card" if person.birth_date < _OLD_CARDS_END:
            return {"id_number": number[:6] + number[8:17], "name": person.name}
        case "name":
            return _by_name(person)
        case "slip_number":
            position = rng.randrange(8, 16)
            digit = str((int(number[position]) + rng.randint(1, 9)) % 10)
            typed = number[:position] + digit + number[position + 1 :]
            return {**_by_name(person), "id_number": typed}
        case "slip_name":
            return {**_by_name(person), "name": misheard(person.name)}
        case _:
            typed = number.lower() if chance(rng, 0.5) else number
            return {"id_number": typed, "name": person.name}
