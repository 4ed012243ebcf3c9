"""All SQL of the checks of data quality. No check names a person."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import RowMapping, TextClause, text

from shared.db.session import ReadSession

MOST = 50
"""Findings shown of a check; all of them are counted."""

_COUNTED = (
    "(s.made_sequence IS NOT NULL AND s.reversed_by IS NULL"
    " AND s.discharged_on >= :first AND s.discharged_on < :before)"
)
_SILENT = text("""
SELECT count(*) OVER () AS found, p.township, count(*) AS persons
FROM persons p
WHERE p.township IS NOT NULL
  AND NOT EXISTS (
    SELECT FROM encounters e LEFT JOIN persons o ON o.person_id = e.person_id
    WHERE coalesce(e.township, o.township) = p.township AND e.cancelled_sequence IS NULL
      AND e.discharged_on >= :first AND e.discharged_on < :before)
  AND NOT EXISTS (
    SELECT FROM recognitions r WHERE r.township = p.township
      AND r.occurred_on >= :first AND r.occurred_on < :before)
GROUP BY p.township ORDER BY p.township LIMIT :most
""")
_OUTLIERS = text("""
WITH months AS (
  SELECT coalesce(s.township, p.township, '') AS township, to_char(s.discharged_on, 'YYYY-MM') AS month,
         sum(s.total_fen) AS total_fen
  FROM settlements s LEFT JOIN persons p ON p.person_id = s.person_id
  WHERE s.made_sequence IS NOT NULL AND s.reversed_by IS NULL AND s.discharged_on < :before
  GROUP BY 1, 2
), usual AS (
  SELECT township, percentile_cont(0.5) WITHIN GROUP (ORDER BY total_fen) AS middle, count(*) AS months
  FROM months WHERE month < to_char(CAST(:first AS date), 'YYYY-MM') GROUP BY township
)
SELECT count(*) OVER () AS found, m.township, m.month, m.total_fen, u.middle::bigint AS usual_fen
FROM months m JOIN usual u USING (township)
WHERE m.month >= to_char(CAST(:first AS date), 'YYYY-MM') AND u.months >= 3
  AND (m.total_fen > 3 * u.middle OR 3 * m.total_fen < u.middle)
ORDER BY m.township, m.month LIMIT :most
""")
_IMPOSSIBLE = text(f"""
SELECT count(*) OVER () AS found, e.encounter_id, e.facility_code,
  CASE WHEN e.cancelled_sequence IS NOT NULL THEN 'cancelled_but_settled'
       WHEN e.discharged_on < e.admitted_on THEN 'left_before_coming'
       WHEN e.discharged_on IS NULL THEN 'settled_but_not_ended'
       ELSE 'other_day_than_the_bill' END AS what
FROM settlements s JOIN encounters e ON e.encounter_id = s.encounter_id
WHERE {_COUNTED}
  AND (e.cancelled_sequence IS NOT NULL OR e.discharged_on IS NULL
       OR e.discharged_on < e.admitted_on OR e.discharged_on <> s.discharged_on)
ORDER BY e.encounter_id LIMIT :most
""")  # noqa: S608 - made of constants
_DOUBLE_BILLS = text(f"""
SELECT count(*) OVER () AS found, s.encounter_id, min(s.facility_code) AS facility_code,
  count(*) AS bills
FROM settlements s WHERE {_COUNTED}
GROUP BY s.encounter_id HAVING count(*) > 1 ORDER BY s.encounter_id LIMIT :most
""")  # noqa: S608 - made of constants
_TWO_BEDS = text("""
WITH stays AS (
  SELECT e.encounter_id, e.facility_code, e.admitted_on, coalesce(e.discharged_on, 'infinity') AS left_on,
         coalesce(m.kept_person_id, e.person_id) AS who
  FROM encounters e
  LEFT JOIN person_merges m ON m.absorbed_person_id = e.person_id AND m.in_force
  WHERE e.visit_type = 'inpatient' AND e.person_id IS NOT NULL AND e.cancelled_sequence IS NULL
    AND e.admitted_on < :before AND coalesce(e.discharged_on, 'infinity') >= :first
)
SELECT count(*) OVER () AS found, a.encounter_id, a.facility_code, b.encounter_id AS other,
  b.facility_code AS other_facility
FROM stays a JOIN stays b ON b.who = a.who AND b.encounter_id > a.encounter_id
WHERE a.admitted_on < b.left_on AND b.admitted_on < a.left_on
ORDER BY a.encounter_id LIMIT :most
""")
_HOMELESS = text("""
SELECT count(*) OVER () AS found, 'unknown' AS township, count(*) AS persons
FROM persons p WHERE p.township IS NULL
  AND EXISTS (SELECT FROM person_categories c WHERE c.person_id = p.person_id
    AND c.valid_from < :before AND (c.valid_to IS NULL OR c.valid_to >= :first))
HAVING count(*) > 0 LIMIT :most
""")
_SET_ASIDE = text("""
SELECT count(*) OVER () AS found, d.type, count(*) AS events
FROM dead_letters d WHERE d.status <> 'resolved' GROUP BY d.type ORDER BY d.type LIMIT :most
""")
_UNCONFIRMED = text("""
SELECT count(*) OVER () AS found, e.code, e.period, e.township
FROM indicator_entries e WHERE e.region = :region AND e.state = 'entered'
  AND e.first_day < :before AND e.day >= :first
ORDER BY e.code, e.period, e.township LIMIT :most
""")
_CONTRADICTED = text("""
SELECT count(*) OVER () AS found, e.code, e.period, e.township, e.denominator, r.persons
FROM indicator_entries e
CROSS JOIN LATERAL (
  SELECT count(*) AS persons FROM persons p
  WHERE (e.township IS NULL OR p.township = e.township)
    AND NOT EXISTS (
      SELECT FROM person_merges m WHERE m.absorbed_person_id = p.person_id AND m.in_force)
    AND EXISTS (SELECT FROM person_categories c WHERE c.person_id = p.person_id
      AND c.valid_from <= e.day AND (c.valid_to IS NULL OR c.valid_to >= e.day))
) r
WHERE e.region = :region AND e.state <> 'withdrawn' AND e.code = ANY(:of_persons)
  AND e.denominator IS NOT NULL AND e.denominator <> r.persons
  AND e.first_day < :before AND e.day >= :first
ORDER BY e.code, e.period, e.township LIMIT :most
""")

CHECKS: dict[str, TextClause] = {
    "township_silent": _SILENT,
    "home_unknown": _HOMELESS,
    "outlier": _OUTLIERS,
    "impossible_visit": _IMPOSSIBLE,
    "bill_twice": _DOUBLE_BILLS,
    "two_beds": _TWO_BEDS,
    "events_set_aside": _SET_ASIDE,
    "entry_unconfirmed": _UNCONFIRMED,
    "entry_contradicts_registry": _CONTRADICTED,
}


async def run(
    session: ReadSession, check: str, values: dict[str, Any]
) -> tuple[int, Sequence[RowMapping]]:
    """How many findings a check has, and the first of them."""
    statement = CHECKS[check]
    named = {name: values[name] for name in statement.compile().params if name in values}
    rows = (await session.execute(statement, named | {"most": MOST})).mappings().all()
    return (int(rows[0]["found"]) if rows else 0), rows


async def entered_codes(session: ReadSession, region: str, period: str | None) -> set[str]:
    """The indicators of which a figure for the period (None: for any) stands."""
    found = await session.execute(
        text(
            "SELECT DISTINCT code FROM indicator_entries"
            " WHERE region = :region AND state <> 'withdrawn'"
            " AND period = coalesce(cast(:period AS text), period)"
        ),
        {"region": region, "period": period},
    )
    return set(found.scalars())
