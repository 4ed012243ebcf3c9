"""The county's page as one document. It contains no person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from services.reporting.figures.domain import Direction, Level, Status
from shared.money import Money

Kind = Literal["ratio", "money", "count"]


class PlaceName(BaseModel):
    """A place by code and names."""

    code: str
    name_zh: str
    name_en: str


class AreaShown(PlaceName):
    """The place whose figures are shown."""

    level: Level


class PeriodShown(BaseModel):
    """The days that are shown; no ends: everything so far."""

    code: str
    first_day: date | None
    last_day: date | None


class PeriodChoice(BaseModel):
    code: str
    label_zh: str
    label_en: str


class Part(BaseModel):
    """Numerator or denominator in words and figures."""

    label_zh: str
    label_en: str
    kind: Literal["money", "count"]
    value: str | int


class Card(BaseModel):
    """A headline figure: value, target, state, and what counts."""

    code: str
    name_zh: str
    name_en: str
    kind: Kind
    value: str | int | None
    target: str | None = None
    target_set_by_zh: str | None = None
    """Whose document set it."""
    target_set_by_en: str | None = None
    target_own: bool | None = None
    """False: another county's, gone by until the county sets its own."""
    direction: Direction | None = None
    status: Status = "none"
    numerator: Part | None = None
    denominator: Part | None = None
    exclusions_zh: str
    exclusions_en: str
    citation: str | None = None
    as_of: datetime | None
    provisional: bool = True


class Attention(BaseModel):
    """An indicator that misses its target, or is near to."""

    code: str
    name_zh: str
    name_en: str
    value: str | None
    target: str | None
    target_set_by_zh: str | None
    target_set_by_en: str | None
    target_own: bool | None
    direction: Direction | None
    status: Status
    change: str | None
    """Percentage points, signed: of the month, or of a longer period's last month, against the one
    before."""
    owner_zh: str
    """Whose turn it is."""


class PayerAmount(BaseModel):
    """What a payer paid of all bills; ``patient`` is the patients' own part."""

    payer: str
    amount: Money


class Row(BaseModel):
    """The figures of one part of the area, or of one month. The parts add up to the whole."""

    visits: int
    inpatient_visits: int
    outpatient_visits: int
    total: Money
    patient_pays: Money
    personal_share: str | None
    recognition_rate: str | None
    one_stop_rate: str | None
    recognitions: int
    registered_persons: int
    contracted_persons: int


class PlaceRow(Row, PlaceName):
    """One part of the area."""

    drillable: bool


class MonthRow(Row):
    """One month, by day of discharge (visits, bills) or of the visit (recognitions)."""

    month: str


class Visits(BaseModel):
    """Visits that ended in the period."""

    total: int
    inpatient: int
    outpatient: int
    settled: int


class People(BaseModel):
    """The registry on the period's last day, or on the latest day of the data."""

    day: date
    persons: int
    households: int
    contracted: int


class TickerLine(BaseModel):
    """Something that happened: when, where and what, never who."""

    id: UUID
    time: datetime
    type: str
    facility_code: str | None
    facility_zh: str
    facility_en: str
    grade: str | None
    total: Money | None
    patient_pays: Money | None


_ZERO_ROW: dict[str, Any] = {
    "visits": 1,
    "inpatient_visits": 1,
    "outpatient_visits": 0,
    "total": "5000.00",
    "patient_pays": "991.27",
    "personal_share": "0.1983",
    "recognition_rate": "1.0000",
    "one_stop_rate": "1.0000",
    "recognitions": 1,
    "registered_persons": 2,
    "contracted_persons": 1,
}


class Dashboard(BaseModel):
    """Everything that the page shows for one area and period."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "area": {
                    "code": "county",
                    "name_zh": "金口河区",
                    "name_en": "Jinkouhe District",
                    "level": "county",
                },
                "crumbs": [
                    {"code": "county", "name_zh": "金口河区", "name_en": "Jinkouhe District"}
                ],
                "period": {"code": "all", "first_day": None, "last_day": None},
                "periods": [{"code": "all", "label_zh": "全部", "label_en": "Everything so far"}],
                "as_of": "2016-03-08T10:05:00+08:00",
                "provisional": True,
                "revision": 12,
                "lag_ms": 40,
                "cards": [],
                "attention": [],
                "visits": {"total": 1, "inpatient": 1, "outpatient": 0, "settled": 1},
                "people": {
                    "day": "2016-03-08",
                    "persons": 2,
                    "households": 2,
                    "contracted": 1,
                },
                "payers": [
                    {"payer": "basic_insurance", "amount": "3344.90"},
                    {"payer": "medical_aid", "amount": "663.83"},
                    {"payer": "patient", "amount": "991.27"},
                ],
                "places": [
                    {
                        "code": "金河镇",
                        "name_zh": "金河镇",
                        "name_en": "Jinhe Town",
                        "drillable": True,
                        **_ZERO_ROW,
                    }
                ],
                "facilities": [],
                "months": [{"month": "2016-03", **_ZERO_ROW}],
                "live": [],
            }
        }
    )

    area: AreaShown
    crumbs: list[PlaceName]
    period: PeriodShown
    periods: list[PeriodChoice]
    as_of: datetime | None
    provisional: bool
    revision: int
    lag_ms: int | None
    """From writing the newest event to taking it in, in milliseconds."""
    cards: list[Card]
    attention: list[Attention]
    """Red lights first."""
    visits: Visits
    people: People
    payers: list[PayerAmount]
    """They add up to the total cost."""
    places: list[PlaceRow]
    """One level down by home (of a village: by facility); they add up to the area."""
    facilities: list[PlaceRow]
    """By where the visit was; visits and bills add up to the area."""
    months: list[MonthRow]
    live: list[TickerLine]
