"""All SQL of the DRG pilot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert as pg_insert

from services.claims.drg.domain import Case, Pilot, kind_of
from services.claims.models import drg_cases, drg_pilots
from shared.db.session import ReadSession, WriteSession

_c = drg_pilots.c
_TABLES = ("weights", "coefficients", "high_ratios")

# What a stay's bill says: cost, what the patient pays before insurance, the fund's ratio and share.
_BILL = """
SELECT s.id AS settlement_id, s.facility_code, s.facility_level, s.visit_type, s.kind,
  s.discharged_on, e.settlement_id = s.id AS stands,
  s.total_fen - s.waived_fen AS cost_fen,
  s.out_of_catalogue_fen + s.over_limit_fen + s.self_first_fen + s.deductible_fen AS before_fen,
  (SELECT step ->> 'ratio' FROM jsonb_array_elements(s.explanation) AS step
    WHERE step ->> 'step' = 'basic_insurance' AND step ->> 'ratio' IS NOT NULL LIMIT 1) AS ratio,
  coalesce((SELECT p.amount_fen FROM settlement_payers p
    WHERE p.settlement_id = s.id AND p.payer = 'basic_insurance'), 0) AS by_item_fen
FROM settlements s JOIN encounters e ON e.id = s.encounter_id
"""
_ONE = text(_BILL + " WHERE s.id = :id AND s.region = :region")
_CASES = text(
    _BILL.replace("SELECT s.id", "SELECT c.group_code, s.id")
    + """ JOIN drg_cases c ON c.settlement_id = s.id
WHERE c.pilot_id = :pilot_id AND e.settlement_id = s.id
  AND (CAST(:facility AS text) IS NULL OR s.facility_code = :facility)
ORDER BY s.id LIMIT :most"""
)
MAX_CASES = 100_000


@dataclass(frozen=True)
class Bill:
    """A settled visit, as far as a group's price needs it; amounts in fen."""

    settlement_id: UUID
    facility_code: str
    facility_level: str
    visit_type: str
    kind: str
    discharged_on: date
    stands: bool
    cost_fen: int
    before_fen: int
    ratio: str | None
    by_item_fen: int

    def case(self, pilot: Pilot, group: str) -> Case:
        standard = pilot.standard_fen(group, self.facility_code)
        return Case(
            self.settlement_id,
            self.facility_code,
            self.facility_level,
            group,
            pilot.weights[group],
            standard,
            self.cost_fen,
            self.before_fen,
            Decimal(self.ratio or 0),
            self.by_item_fen,
            kind_of(pilot, self.facility_level, self.cost_fen, standard),
        )


async def insert_pilot(session: WriteSession, pilot: Pilot, *, at: datetime, by: str) -> bool:
    """Keep a pilot; False when one begins on its day."""
    values: dict[str, Any] = {
        name: getattr(pilot, name) for name in Pilot.__dataclass_fields__ if name not in _TABLES
    }
    values["facilities"] = list(pilot.facilities)
    values |= {name: _texts(getattr(pilot, name)) for name in _TABLES}
    made = await session.scalar(
        pg_insert(drg_pilots)
        .values(**values, made_at=at, made_by=by)
        .on_conflict_do_nothing()
        .returning(drg_pilots.c.id)
    )
    return made is not None


def _texts(table: Mapping[str, Decimal]) -> dict[str, str]:
    return {name: str(value) for name, value in table.items()}


async def pilots(session: ReadSession, region: str) -> list[Pilot]:
    """The newest first."""
    found = await session.execute(
        select(*(_c[name] for name in Pilot.__dataclass_fields__))
        .where(_c.region == region)
        .order_by(_c.valid_from.desc())
    )
    return [_pilot(row) for row in found.mappings()]


def _pilot(row: Mapping[Any, Any]) -> Pilot:
    values = {name: row[name] for name in Pilot.__dataclass_fields__}
    values["facilities"] = tuple(values["facilities"])
    values |= {
        name: {key: Decimal(value) for key, value in values[name].items()} for name in _TABLES
    }
    return Pilot(**values)


async def bill(session: ReadSession, region: str, settlement_id: UUID) -> Bill | None:
    row = (await session.execute(_ONE, {"id": settlement_id, "region": region})).mappings().first()
    return None if row is None else Bill(**row)


async def insert_case(
    session: WriteSession, settlement_id: UUID, pilot_id: UUID, group: str, *, at: datetime, by: str
) -> str:
    """Keep a case's group, once; gives the group that it has."""
    await session.execute(
        pg_insert(drg_cases)
        .values(
            settlement_id=settlement_id, pilot_id=pilot_id, group_code=group, made_at=at, made_by=by
        )
        .on_conflict_do_nothing()
    )
    found = await session.scalar(
        select(drg_cases.c.group_code).where(drg_cases.c.settlement_id == settlement_id)
    )
    return str(found)


async def cases(session: ReadSession, pilot: Pilot, facility: str | None) -> list[Case]:
    """The pilot's cases whose settlement stands; at most :data:`MAX_CASES`."""
    found = await session.execute(
        _CASES, {"pilot_id": pilot.id, "facility": facility, "most": MAX_CASES}
    )
    listed = []
    for row in found.mappings():
        values = dict(row)
        group = values.pop("group_code")
        listed.append(Bill(**values).case(pilot, group))
    return listed


async def visit_numbers(session: ReadSession, settlements: Sequence[UUID]) -> dict[str, str]:
    """The hospitals' own numbers of the visits, by settlement."""
    found = await session.execute(_VISIT_NUMBERS, {"ids": list(settlements)})
    return {str(row.id): row.visit_no for row in found}


async def settlement_of_visit(
    session: ReadSession, region: str, visit_no: str, facilities: Sequence[str]
) -> UUID | None:
    """The standing settlement of a visit of one of the institutions; None: no such, or several."""
    found = await session.execute(
        _OF_VISIT, {"region": region, "visit_no": visit_no, "facilities": list(facilities)}
    )
    ids = list(found.scalars())
    return ids[0] if len(ids) == 1 else None


_VISIT_NUMBERS: Final = text("""
SELECT s.id, e.visit_no FROM settlements s JOIN encounters e ON e.id = s.encounter_id
WHERE s.id = ANY(CAST(:ids AS uuid[]))
""")
_OF_VISIT: Final = text("""
SELECT settlement_id FROM encounters
WHERE region = :region AND visit_no = :visit_no AND settlement_id IS NOT NULL
  AND facility_code = ANY(CAST(:facilities AS varchar[]))
""")
