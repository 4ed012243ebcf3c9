"""The events of one patient: on the registry, home, out of hospital."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

from services.contracts.programme.service import programme_of
from shared.events.base import Envelope
from shared.events.catalog import (
    CategoryPeriod,
    EncounterCancelled,
    EncounterDischarged,
    PersonChanged,
    PersonEntered,
    PersonLeft,
)
from shared.events.catalog.identity import PovertyCause
from tests.support.service import Running, envelope

JINHE = "金河镇"
JINHE_TEAM = "H51111300202"
YONGHE = "永和镇"
YONGHE_TEAM = "H51111300201"
DISTRICT_HOSPITAL = "H51111300101"
DISCHARGED_ON = date(2016, 3, 8)
AT = datetime(2016, 3, 8, 2, 0, tzinfo=UTC)
POOR = (CategoryPeriod(code="registered_poor", valid_from=date(2015, 1, 1)),)


def offer_free_check_up(contracts: Running) -> None:
    """As in the one county that promises every registered person a yearly check-up (XB-22)."""
    known = programme_of(contracts.context)
    contracts.context.state["contracts.programme"] = known.model_copy(update={"not_offered": ()})


def entered(
    person_id: str = "P1",
    township: str | None = JINHE,
    village: str | None = "曙光村",
    *,
    sequence: int = 1,
    kind: type[PersonEntered | PersonChanged | PersonLeft] = PersonEntered,
    birth_year: int | None = None,
    poverty_cause: PovertyCause | None = None,
) -> Envelope[Any]:
    at = datetime(2016, 1, 1, tzinfo=UTC) + timedelta(days=sequence)
    return envelope(
        kind(
            person_id=person_id,
            household_id="H1",
            township=township,
            village=village,
            birth_year=birth_year,
            poverty_cause=poverty_cause,
            categories=POOR,
            effective_on=date(2016, 1, 1),
            recorded_at=at,
        ),
        sequence=sequence,
        at=at,
    )


def discharged(
    encounter_id: str = "E1",
    person_id: str | None = "P1",
    township: str | None = JINHE,
    *,
    on: date = DISCHARGED_ON,
    visit_type: str = "inpatient",
    at: datetime = AT,
) -> Envelope[Any]:
    return envelope(
        EncounterDischarged(
            encounter_id=encounter_id,
            person_id=person_id,
            facility_code=DISTRICT_HOSPITAL,
            facility_level="secondary",
            in_region=True,
            visit_no=f"ZY-{encounter_id}",
            visit_type=visit_type,
            admitted_on=on - timedelta(days=7),
            discharged_on=on,
            township=township,
            village="曙光村" if township else None,
        ),
        sequence=2,
        at=at,
    )


def cancelled(
    encounter_id: str = "E1",
    person_id: str | None = "P1",
    township: str | None = JINHE,
    *,
    on: date = DISCHARGED_ON,
    visit_type: str = "inpatient",
) -> Envelope[Any]:
    return envelope(
        EncounterCancelled(
            encounter_id=encounter_id,
            person_id=person_id,
            facility_code=DISTRICT_HOSPITAL,
            facility_level="secondary",
            in_region=True,
            visit_no=f"ZY-{encounter_id}",
            visit_type=visit_type,
            admitted_on=on - timedelta(days=7),
            township=township,
            village="曙光村" if township else None,
            cancelled_at=AT + timedelta(days=1),
        ),
        sequence=3,
        at=AT + timedelta(days=1),
    )
