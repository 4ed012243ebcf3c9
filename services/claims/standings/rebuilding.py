"""Standings worked out again from the settlements and dispensings, compared and put right.

A person's year is the sum of what his settlements added and his reversals took back, and of what
the fund paid for drugs handed out to him, under every id that means him now. What a merge in force took along is the sum of the absorbed id's own.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import text

from services.claims.models import BENEFITS
from shared.db.session import ReadSession, WriteSession
from shared.security import audit

_DELTAS: Final = ", ".join(
    f"coalesce(sum((s.standing_delta->>'{b}')::bigint), 0)::bigint AS {b}_fen" for b in BENEFITS
)
_COLUMNS: Final = ", ".join(f"{b}_fen" for b in BENEFITS)
_EXPECTED: Final = ", ".join(f"coalesce(x.{b}_fen, 0) AS expected_{b}" for b in BENEFITS)
_STORED: Final = ", ".join(f"coalesce(k.{b}_fen, 0) AS stored_{b}" for b in BENEFITS)
_DIFFER: Final = " OR ".join(f"coalesce(x.{b}_fen, 0) <> coalesce(k.{b}_fen, 0)" for b in BENEFITS)
_MOVED: Final = """
(SELECT person_id, standing_year, standing_delta FROM settlements
 UNION ALL
 SELECT person_id, year, jsonb_build_object('chronic_drug_fund_paid', fund_fen)
 FROM drug_payments WHERE NOT withdrawn)
"""
_YEARS: Final = text(f"""
WITH x AS (
  SELECT coalesce(m.kept_person_id, s.person_id) AS person_id, s.standing_year AS year, {_DELTAS}
  FROM {_MOVED} AS s
  LEFT JOIN person_merges m ON m.absorbed_person_id = s.person_id AND m.in_force
  WHERE s.person_id IS NOT NULL
  GROUP BY coalesce(m.kept_person_id, s.person_id), s.standing_year
), k AS (SELECT * FROM standings WHERE area = :area)
SELECT coalesce(x.person_id, k.person_id) AS person_id, coalesce(x.year, k.year) AS year,
       {_EXPECTED}, {_STORED}
FROM x FULL JOIN k ON k.person_id = x.person_id AND k.year = x.year
WHERE {_DIFFER}
ORDER BY 1, 2
""")  # noqa: S608 - names of columns
_MOVES: Final = text(f"""
WITH x AS (
  SELECT m.merge_id, s.standing_year AS year, {_DELTAS}
  FROM person_merges m JOIN {_MOVED} AS s ON s.person_id = m.absorbed_person_id
  WHERE m.in_force GROUP BY m.merge_id, s.standing_year
), k AS (
  SELECT v.* FROM standing_moves v JOIN person_merges m USING (merge_id)
  WHERE v.area = :area AND m.in_force
)
SELECT coalesce(x.merge_id, k.merge_id) AS merge_id, coalesce(x.year, k.year) AS year,
       {_EXPECTED}, {_STORED}
FROM x FULL JOIN k ON k.merge_id = x.merge_id AND k.year = x.year
WHERE {_DIFFER}
ORDER BY 1, 2
""")  # noqa: S608 - names of columns
_HOLD: Final = text("LOCK TABLE standings, standing_moves IN EXCLUSIVE MODE")


def _put(table: str, key: str, *, version: str) -> str:
    values = ", ".join(f":{b}_fen" for b in BENEFITS)
    now = ", ".join(f"{b}_fen = excluded.{b}_fen" for b in BENEFITS)
    column, first, rise = ("", "", "")
    if version:
        column, first, rise = (f"{version}, ", "1, ", f"{version} = {table}.{version} + 1, ")
    return f"""
INSERT INTO {table} (area, {key}, year, {column}{_COLUMNS})
VALUES (:area, :{key}, :year, {first}{values})
ON CONFLICT (area, {key}, year) DO UPDATE SET {rise}{now}
"""  # noqa: S608 - names of tables and columns


_PUT_YEAR: Final = text(_put("standings", "person_id", version="version"))
_PUT_MOVE: Final = text(
    _put("standing_moves", "merge_id", version="").replace(
        "ON CONFLICT (area, merge_id, year)", "ON CONFLICT (merge_id, area, year)"
    )
)


@dataclass(frozen=True)
class Difference:
    """A year, or a merge's record, that does not hold what the settlements say; in fen."""

    what: str
    """``person`` or ``merge``."""
    key: str
    year: int
    expected: dict[str, int]
    stored: dict[str, int]

    @property
    def benefits(self) -> list[str]:
        return [name for name in BENEFITS if self.expected[name] != self.stored[name]]


async def differences(session: ReadSession, area: str) -> list[Difference]:
    """Every difference in a pooling area; each of both statements sees one moment."""
    found: list[Difference] = []
    for what, statement, key in (("person", _YEARS, "person_id"), ("merge", _MOVES, "merge_id")):
        rows = (await session.execute(statement, {"area": area})).mappings()
        found.extend(
            Difference(
                what,
                row[key],
                row["year"],
                {name: row[f"expected_{name}"] for name in BENEFITS},
                {name: row[f"stored_{name}"] for name in BENEFITS},
            )
            for row in rows
        )
    return found


async def apply(session: WriteSession, *, area: str, region: str, at: datetime) -> list[Difference]:
    """Put right what differs; settlements wait meanwhile, readers do not.

    Whoever settles or reverses takes his lock of the year first and writes everything in one
    transaction: while the tables are held, none has written only the half of it.
    """
    await session.execute(_HOLD)
    found = await differences(session, area)
    for each in found:
        values: dict[str, Any] = {
            "area": area,
            "year": each.year,
            **{f"{name}_fen": each.expected[name] for name in BENEFITS},
        }
        if each.what == "person":
            await session.execute(_PUT_YEAR, values | {"person_id": each.key})
        else:
            await session.execute(_PUT_MOVE, values | {"merge_id": each.key})
    if found:
        await audit.record(
            session,
            actor="system:rebuild-standings",
            organisation=f"region:{region}",
            action="standings.rebuilt",
            subject=area,
            at=at,
            detail={"differences": len(found), "first": [each.key for each in found[:20]]},
        )
    return found
