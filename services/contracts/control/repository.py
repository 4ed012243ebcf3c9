"""Who was looked after for a disease in a year, in one statement."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, Final

from sqlalchemy import Row, text

from shared.db.session import ReadSession

_MINE: Final = """
  ANY(ARRAY(SELECT c.kept UNION ALL SELECT m.absorbed_person_id FROM person_merges m
            WHERE m.kept_person_id = c.kept AND m.in_force))
"""
_PATIENTS: Final = text(f"""
WITH cared AS (
  SELECT DISTINCT ON (kept) kept, ended_on FROM (
    SELECT coalesce(m.kept_person_id, e.person_id) AS kept, e.started_on, e.ended_on
    FROM enrolments e
    LEFT JOIN person_merges m ON m.absorbed_person_id = e.person_id AND m.in_force
    WHERE e.region = :region AND e.programme = :programme AND e.started_on <= :last
      AND (e.ended_on IS NULL OR e.ended_on > :first)
  ) AS each
  -- One that goes on says more than one that ended.
  ORDER BY kept, coalesce(ended_on, 'infinity') DESC, started_on DESC
)
SELECT held.team, p.township, p.village,
  least(CASE WHEN NOT p.registered AND p.reason = 'died' THEN p.effective_on END,
        (SELECT min(x.valid_from) FROM exemptions x
         WHERE x.person_id = {_MINE} AND x.reason = 'died' AND x.ended_on IS NULL)) AS died_on,
  (p.registered OR p.effective_on > :last) AS registered, c.ended_on, visit.control_status,
  (SELECT count(*) FROM tasks t WHERE t.person_id = {_MINE} AND t.programme = :programme
   AND t.outcome = 'missed' AND t.closes_on BETWEEN :first AND :last) AS missed
FROM cared c
JOIN people p ON p.person_id = c.kept
LEFT JOIN LATERAL (
  SELECT s.team FROM contracts s WHERE s.person_id = {_MINE} AND s.in_force @> CAST(:last AS date)
  ORDER BY s.person_id <> c.kept, s.contract_id LIMIT 1
) AS held ON true
LEFT JOIN LATERAL (
  SELECT f.control_status FROM follow_ups f
  WHERE f.person_id = {_MINE} AND f.disease = :programme AND f.control_status IS NOT NULL
    AND timezone('Asia/Shanghai', f.performed_at)::date BETWEEN :first AND :last
  ORDER BY f.performed_at DESC, f.follow_up_id DESC LIMIT 1
) AS visit ON true
WHERE (CAST(:township AS text) IS NULL OR p.township = :township)
  -- Who was gone before the year began was not looked after in it.
  AND (p.registered OR p.effective_on >= :first)
  AND NOT EXISTS (SELECT FROM exemptions x WHERE x.person_id = {_MINE}
                  AND x.reason = 'died' AND x.ended_on IS NULL AND x.valid_from < :first)
""")  # noqa: S608 - made of constants


async def patients(
    session: ReadSession,
    *,
    region: str,
    programme: str,
    first: date,
    last: date,
    township: str | None,
) -> Sequence[Row[Any]]:
    """Everybody who was in the programme between the days, with what counts of the days."""
    found = await session.execute(
        _PATIENTS,
        {
            "region": region,
            "programme": programme,
            "first": first,
            "last": last,
            "township": township,
        },
    )
    return found.all()
