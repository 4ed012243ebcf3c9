"""All SQL of the proposals."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert, select, text

from services.claims.models import BENEFITS, RESERVED_BENEFITS, proposal_decisions, settlements
from shared.db.session import ReadSession, WriteSession

_USED: Final = " ".join(f"WHEN '{b}' THEN st.{b}_fen" for b in BENEFITS)
_HELD: Final = " ".join(f"WHEN '{b}' THEN h.{b}_fen" for b in RESERVED_BENEFITS)
_SUMS: Final = ", ".join(f"sum(r.{b}_fen) AS {b}_fen" for b in RESERVED_BENEFITS)
# Every standing, undecided settlement that a cap cut, with what the cap leaves at this moment.
_CUT: Final = text(f"""
WITH c AS (
  SELECT s.id, s.encounter_id, s.facility_code, s.standing_year AS year, s.made_at,
         coalesce(m.kept_person_id, s.person_id) AS person_id,
         coalesce(s.year_place, s.id) AS place, k.benefit, k.cut_fen, k.cap_fen
  FROM settlement_cuts k
  JOIN settlements s ON s.id = k.settlement_id
  JOIN encounters e ON e.id = s.encounter_id AND e.settlement_id = s.id
  LEFT JOIN person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
  WHERE s.region = :region AND s.person_id IS NOT NULL
    AND (CAST(:settlement_id AS uuid) IS NULL OR (
      s.standing_year = (SELECT o.standing_year FROM settlements o WHERE o.id = :settlement_id)
      AND coalesce(m.kept_person_id, s.person_id) = (
        SELECT coalesce(om.kept_person_id, o.person_id) FROM settlements o
        LEFT JOIN person_merges om ON om.absorbed_person_id = o.person_id AND om.in_force
        WHERE o.id = :settlement_id)))
    AND NOT EXISTS (SELECT FROM proposal_decisions d WHERE d.settlement_id = s.id)
), held AS (
  SELECT coalesce(m.kept_person_id, r.person_id) AS person_id, r.year, {_SUMS}
  FROM reservations r
  LEFT JOIN person_merges m ON m.absorbed_person_id = r.person_id AND m.in_force
  WHERE r.area = :area AND r.state = 'held' AND r.expires_at > :now
  GROUP BY coalesce(m.kept_person_id, r.person_id), r.year
)
SELECT c.*, c.cap_fen - coalesce(CASE c.benefit {_USED} END, 0)
         - coalesce(CASE c.benefit {_HELD} END, 0) AS room_fen
FROM c
LEFT JOIN standings st ON st.area = :area AND st.person_id = c.person_id AND st.year = c.year
LEFT JOIN held h ON h.person_id = c.person_id AND h.year = c.year
ORDER BY c.place
""")  # noqa: S608 - names of columns


# From the reversals, which are few, to their persons' years: of each standing, undecided bill the
# burden before it when it was settled, and the burden before it now. Ids rise with time. A bill
# that was paid nothing, and has less before it now, would be paid nothing again.
_SHIFTED: Final = text("""
WITH years AS (
  SELECT DISTINCT coalesce(m.kept_person_id, r.person_id) AS person_id, r.standing_year AS year
  FROM settlements r
  LEFT JOIN person_merges m ON m.absorbed_person_id = r.person_id AND m.in_force
  WHERE r.region = :region AND r.kind = 'reversal' AND r.person_id IS NOT NULL
    AND coalesce((r.standing_delta->>'critical_illness_burden')::bigint, 0) <> 0
    AND (CAST(:settlement_id AS uuid) IS NULL OR (
      r.standing_year = (SELECT o.standing_year FROM settlements o WHERE o.id = :settlement_id)
      AND coalesce(m.kept_person_id, r.person_id) = (
        SELECT coalesce(om.kept_person_id, o.person_id) FROM settlements o
        LEFT JOIN person_merges om ON om.absorbed_person_id = o.person_id AND om.in_force
        WHERE o.id = :settlement_id)))
), bills AS (
  SELECT y.person_id, y.year, s.id, s.encounter_id, s.facility_code, s.made_at,
    coalesce(s.year_place, s.id) AS place,
    coalesce((s.standing_delta->>'critical_illness_burden')::bigint, 0) AS burden,
    coalesce((s.standing_delta->>'critical_illness_paid')::bigint, 0) AS paid,
    (SELECT r.id FROM settlements r WHERE r.reverses_id = s.id) AS reversal_id
  FROM years y
  JOIN LATERAL (
    SELECT y.person_id AS id UNION ALL
    SELECT m.absorbed_person_id FROM person_merges m
    WHERE m.kept_person_id = y.person_id AND m.in_force) g ON true
  JOIN settlements s ON s.person_id = g.id AND s.standing_year = y.year AND s.kind = 'settlement'
)
SELECT b.id AS settlement_id, b.encounter_id, b.facility_code, b.person_id, b.year, b.place,
  b.made_at, was.then_fen::bigint AS burden_then_fen, was.now_fen::bigint AS burden_now_fen
FROM bills b
JOIN LATERAL (
  SELECT coalesce(sum(t.burden) FILTER (
      WHERE t.id < b.id AND (t.reversal_id IS NULL OR t.reversal_id > b.id)), 0) AS then_fen,
    coalesce(sum(t.burden) FILTER (WHERE t.reversal_id IS NULL), 0) AS now_fen
  FROM bills t WHERE t.person_id = b.person_id AND t.year = b.year AND t.place < b.place
) was ON true
WHERE b.reversal_id IS NULL AND was.then_fen <> was.now_fen
  AND (b.paid > 0 OR was.now_fen > was.then_fen)
  AND NOT EXISTS (SELECT FROM proposal_decisions d WHERE d.settlement_id = b.id)
ORDER BY b.place
""")


@dataclass(frozen=True)
class CutRow:
    """One benefit of a cut settlement, with the room that its cap leaves now (perhaps negative)."""

    settlement_id: UUID
    encounter_id: UUID
    facility_code: str
    person_id: str
    year: int
    place: UUID
    made_at: datetime
    benefit: str
    cut_fen: int
    cap_fen: int
    room_fen: int


async def cut_rows(
    session: ReadSession,
    *,
    region: str,
    area: str,
    now: datetime,
    beside: UUID | None = None,
) -> list[CutRow]:
    """Cut settlements that stand and that nobody decided about, in the order of their places.

    Args:
        beside: only those of the person and year of this settlement.
    """
    rows = await session.execute(
        _CUT, {"region": region, "area": area, "now": now, "settlement_id": beside}
    )
    return [
        CutRow(
            settlement_id=row.id,
            encounter_id=row.encounter_id,
            facility_code=row.facility_code,
            person_id=row.person_id,
            year=row.year,
            place=row.place,
            made_at=row.made_at,
            benefit=row.benefit,
            cut_fen=row.cut_fen,
            cap_fen=row.cap_fen,
            room_fen=int(row.room_fen),
        )
        for row in rows
    ]


@dataclass(frozen=True)
class Shifted:
    """A standing bill with another burden before it now than when it was settled; in fen."""

    settlement_id: UUID
    encounter_id: UUID
    facility_code: str
    person_id: str
    year: int
    place: UUID
    made_at: datetime
    burden_then_fen: int
    burden_now_fen: int


async def shifted(session: ReadSession, *, region: str, beside: UUID | None) -> list[Shifted]:
    """Bills that may come out otherwise, by what was reversed or settled anew before them.

    Args:
        beside: only those of the person and year of this settlement.
    """
    rows = await session.execute(_SHIFTED, {"region": region, "settlement_id": beside})
    return [Shifted(**row) for row in rows.mappings()]


async def decide(session: WriteSession, values: Mapping[str, Any]) -> None:
    """Keep what a clerk decided; the settlement's row is held, so nobody else decides now."""
    await session.execute(insert(proposal_decisions), dict(values))


@dataclass(frozen=True)
class Decided:
    """A decision with the settlement that it was about."""

    settlement_id: UUID
    encounter_id: UUID
    facility_code: str
    person_id: str | None
    year: int
    made_at: datetime
    decision: str
    replaced_by_id: UUID | None
    note: str
    decided_at: datetime


async def decided(
    session: ReadSession,
    *,
    region: str,
    facility_code: str | None,
    decision: str,
    after: UUID | None,
    limit: int,
) -> list[Decided]:
    """Decisions by the id of their settlement, that is, the oldest bill first."""
    of = proposal_decisions.c
    statement = (
        select(
            proposal_decisions,
            settlements.c.encounter_id,
            settlements.c.person_id,
            settlements.c.standing_year,
            settlements.c.made_at,
        )
        .join(settlements, settlements.c.id == of.settlement_id)
        .where(of.region == region, of.decision == decision)
        .order_by(of.settlement_id)
        .limit(limit)
    )
    if facility_code is not None:
        statement = statement.where(of.facility_code == facility_code)
    if after is not None:
        statement = statement.where(of.settlement_id > after)
    return [
        Decided(
            settlement_id=row.settlement_id,
            encounter_id=row.encounter_id,
            facility_code=row.facility_code,
            person_id=row.person_id,
            year=row.standing_year,
            made_at=row.made_at,
            decision=row.decision,
            replaced_by_id=row.replaced_by_id,
            note=row.note,
            decided_at=row.decided_at,
        )
        for row in await session.execute(statement)
    ]


async def was_decided(session: ReadSession, settlement_id: UUID) -> str | None:
    found = await session.execute(
        select(proposal_decisions.c.decision).where(
            proposal_decisions.c.settlement_id == settlement_id
        )
    )
    return found.scalar_one_or_none()
