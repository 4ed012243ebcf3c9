"""HTTP shapes of simulations."""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

from services.claims.charges.schemas import LineRequest
from services.claims.settlement.bill import LEVELS
from services.claims.settlement.schemas import QuoteEvidence, QuotePerson, QuoteVisit
from services.claims.simulations.repository import Status
from shared.money import Fen, Money

PackId = Annotated[str, StringConstraints(min_length=1, max_length=64)]
Word = Annotated[str, StringConstraints(min_length=1, max_length=64)]
_NUMBER = re.compile(r"[0-9]{11,}[Xx]?")


def _opaque(said: str) -> str:
    if _NUMBER.fullmatch(said):
        raise ValueError("send an id of your own, not a card's, a phone's or an ID number")
    return said


Opaque = Annotated[
    str,
    StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$"),
    AfterValidator(_opaque),
    Field(description="An id that says nothing of the person; never a card's or an ID number."),
]
MAX_PERSONS = 5_000


def default_burden() -> Fen:
    """3,000.00: about a year's income at the national poverty line of 2016."""
    return Fen(300_000)


class Days(BaseModel):
    """First and last day, both included."""

    model_config = ConfigDict(extra="forbid", populate_by_name=True)

    first: Annotated[date, Field(alias="from")]
    last: Annotated[date, Field(alias="to")]


class StatedVisit(BaseModel):
    """One visit, as for a quote."""

    model_config = ConfigDict(extra="forbid")

    visit: QuoteVisit
    evidence: QuoteEvidence | None = None
    lines: Annotated[list[LineRequest], Field(min_length=1, max_length=1_000)]


class StatedPerson(BaseModel):
    """A person with the visits of his years, in their order."""

    model_config = ConfigDict(extra="forbid")

    person_id: Opaque
    household_id: Opaque | None = None
    township: Word | None = None
    person: QuotePerson = QuotePerson()
    visits: Annotated[list[StatedVisit], Field(min_length=1, max_length=400)]


class PopulationRequest(BaseModel):
    """Whose visits are counted: those of the period that fit, or persons stated here."""

    model_config = ConfigDict(extra="forbid")

    categories: Annotated[list[Word], Field(max_length=20)] = []
    townships: Annotated[list[Word], Field(max_length=100)] = []
    facility_levels: Annotated[
        list[Annotated[str, Field(max_length=64, json_schema_extra={"enum": sorted(LEVELS)})]],
        Field(max_length=len(LEVELS)),
    ] = []
    persons: Annotated[list[StatedPerson], Field(max_length=MAX_PERSONS)] | None = None


class SimulationRequest(BaseModel):
    """What if these visits had been settled by this pack, perhaps with other values?"""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "pack": "jinkouhe-2016",
                "period": "2016-H1",
                "parameters": {"medical_aid.floor": "0.80"},
            }
        },
    )

    pack: PackId
    period: (
        Annotated[
            str,
            StringConstraints(max_length=32),
            Field(description="2016, 2016-H1, 2016-Q3, 2016-03 or 2016-01-01/2016-06-30"),
        ]
        | Days
        | None
    ) = None
    population: PopulationRequest | Literal["all"] | None = None
    parameters: Annotated[dict[str, Any], Field(max_length=200)] = {}
    baseline_pack: PackId | None = None
    """What is compared with; left out: the period as it was settled."""
    target: Annotated[Decimal, Field(ge=0, le=1, decimal_places=4)] = Decimal("0.10")
    burden_threshold: Money = Field(default_factory=default_burden)
    """A household that pays more in the period is counted."""


class ProgressAnswer(BaseModel):
    """How far a simulation is."""

    phase: str | None
    done: int
    total: int


_SIMULATION: dict[str, Any] = {
    "simulation_id": "01890a5d-ac96-774b-bcce-b302099a8057",
    "status": "done",
    "pack": "jinkouhe-2016",
    "period": "2016-01-01/2016-06-30",
    "progress": {"phase": "replaying", "done": 1549, "total": 1549},
    "requested_by": "operator",
    "requested_at": "2016-07-05T09:00:00+08:00",
    "visits": 1549,
    "before": {"total": "310000.00", "patient_pays": "90000.00"},
    "after": {"total": "310000.00", "patient_pays": "80000.00"},
    "changed_count": 49,
    "changed": [
        {
            "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8062",
            "before": "991.27",
            "after": "902.76",
            "difference": "-88.51",
            "payers": [{"payer": "medical_aid", "before": "663.83", "after": "752.34"}],
        }
    ],
}


class SimulationAnswer(BaseModel):
    """A simulation; what it found is there when it is `done`."""

    model_config = ConfigDict(json_schema_extra={"example": _SIMULATION})

    simulation_id: str
    status: Status
    pack: str
    period: str | None
    parameters: dict[str, Any] = {}
    baseline_pack: str | None = None
    progress: ProgressAnswer
    requested_by: str
    requested_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    fault: dict[str, Any] | None = None
    pack_version: str | None = None
    moved_years: int | None = None
    """By how many years the visits were moved to fall into the pack's time."""
    visits: int | None = None
    persons: int | None = None
    households: int | None = None
    refused: list[dict[str, Any]] | None = None
    """Visits that one of the sides cannot calculate, by reason; they are left out of both."""
    before: dict[str, Any] | None = None
    after: dict[str, Any] | None = None
    winners: dict[str, Any] | None = None
    losers: dict[str, Any] | None = None
    changed_count: int | None = None
    changed: list[dict[str, Any]] | None = None
    """The visits that changed most, the first thousand."""
    dispensings: dict[str, Any] | None = None
    """Drugs handed out by family-doctor teams in the period, told apart from the visits: what the
    special fund pays of them before and after, and what was assumed."""
    reported: dict[str, Any] | None = None
    """What the period's own report says, where there is one."""


class SimulationPage(BaseModel):
    """Simulations, the newest first."""

    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_SIMULATION], "next_cursor": None}}
    )

    items: list[SimulationAnswer]
    next_cursor: str | None
