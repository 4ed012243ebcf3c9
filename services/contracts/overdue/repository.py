"""All SQL about overdue people and the calls to them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final

from sqlalchemy import RowMapping, insert, text

from services.contracts.models import OverdueCall
from shared.db.session import ReadSession, WriteSession

_KEPT: Final = """
  coalesce((SELECT m.kept_person_id FROM person_merges m
            WHERE m.absorbed_person_id = {column} AND m.in_force), {column})
"""
# A contact that came about, by whichever team; the absence of one is what the list is about.
_SERVED: Final = """
  SELECT person_id, timezone('Asia/Shanghai', performed_at)::date AS done_on FROM follow_ups
  WHERE outcome NOT IN ('not_reached', 'lost_contact', 'refused')
  UNION ALL SELECT person_id, performed_on FROM check_ups
  UNION ALL SELECT person_id, dispensed_on FROM dispensings WHERE status <> 'withdrawn'
"""
_VISIBLE: Final = {
    "region": "t.region = :value",
    "township": "t.township = :value",
    "facility": "t.team = :value",
}
# The state is that of domain.state_on; a test holds both to each other.
_LATE: Final = """
WITH late AS (
  SELECT {kept} AS person_id, t.team, min(t.township) AS township, min(t.village) AS village,
         min(t.due_on) AS since, min(t.priority) AS priority,
         count(*) FILTER (WHERE t.status = 'open') AS overdue,
         count(*) FILTER (WHERE t.status = 'closed') AS missed,
         array_agg(DISTINCT t.rule ORDER BY t.rule) AS rules
  FROM tasks t
  WHERE {visible} AND (CAST(:team AS text) IS NULL OR t.team = :team)
    AND t.rule <> 'contract_to_sign'
    AND t.due_on < :day
    AND ((t.status = 'open') OR (t.outcome = 'missed' AND t.due_on >= :back AND NOT EXISTS (
          SELECT FROM ({served}) AS s WHERE s.person_id = t.person_id AND s.done_on > t.due_on
            AND s.done_on <= :day)))
  GROUP BY 1, 2
), stated AS (
  SELECT late.*, c.call_id, c.called_on, c.outcome, c.agreed_on, c.again_on, p.household_id,
         coalesce(k.consent, 'given') AS consent,
    CASE
      WHEN c.call_id IS NOT NULL AND c.agreed_on IS NULL AND c.again_on IS NULL THEN 'closed'
      WHEN c.agreed_on >= :day THEN 'agreed'
      WHEN k.consent = 'refused' THEN 'do_not_call'
      WHEN c.call_id IS NULL THEN 'to_call'
      WHEN c.agreed_on IS NOT NULL THEN 'broken'
      WHEN c.again_on > :day THEN 'waiting'
      ELSE 'call_again'
    END AS state
  FROM late
  LEFT JOIN people p ON p.person_id = late.person_id
  LEFT JOIN LATERAL (
    SELECT o.* FROM overdue_calls o WHERE o.person_id = ANY(
      SELECT late.person_id UNION ALL SELECT m.absorbed_person_id FROM person_merges m
      WHERE m.kept_person_id = late.person_id AND m.in_force)
      AND o.called_on >= late.since AND o.called_on <= :day
    ORDER BY o.called_at DESC, o.call_id DESC LIMIT 1
  ) AS c ON true
  LEFT JOIN LATERAL (
    SELECT o.consent FROM overdue_calls o WHERE o.person_id = ANY(
      SELECT late.person_id UNION ALL SELECT m.absorbed_person_id FROM person_merges m
      WHERE m.kept_person_id = late.person_id AND m.in_force)
      AND o.consent IS NOT NULL AND o.called_on <= :day
    ORDER BY o.called_at DESC, o.call_id DESC LIMIT 1
  ) AS k ON true
)
SELECT * FROM stated
WHERE state = ANY(CAST(:states AS text[]))
  AND (CAST(:after_day AS date) IS NULL OR (since, person_id, team) > (:after_day, :after_id, :after_team))
ORDER BY since, person_id, team LIMIT :rows
"""
_SUMS: Final = """
SELECT count(*) AS calls,
       count(*) FILTER (WHERE t.outcome = ANY(CAST(:reached AS text[]))) AS reached,
       count(*) FILTER (WHERE t.judged_on IS NOT NULL) AS judged,
       count(t.returned_on) AS returned
FROM overdue_calls t
WHERE {visible} AND (CAST(:team AS text) IS NULL OR t.team = :team)
  AND t.called_on BETWEEN :first AND :last
"""
# Settled as soon as he comes, or when the days are over.
_JUDGE: Final = text(f"""
WITH waiting AS (
  SELECT c.call_id, c.called_on, (
    SELECT min(s.done_on) FROM ({_SERVED}) AS s
    WHERE s.person_id = ANY(
        SELECT {_KEPT.format(column="c.person_id")} UNION ALL
        SELECT m.absorbed_person_id FROM person_merges m
        WHERE m.in_force AND m.kept_person_id = {_KEPT.format(column="c.person_id")})
      AND s.done_on BETWEEN c.called_on AND c.called_on + CAST(:days AS integer)
  ) AS returned_on
  FROM overdue_calls c WHERE c.judged_on IS NULL
  ORDER BY c.called_on LIMIT :rows FOR UPDATE SKIP LOCKED
)
UPDATE overdue_calls c SET judged_on = :day, returned_on = w.returned_on
FROM waiting w
WHERE c.call_id = w.call_id
  AND (w.returned_on IS NOT NULL OR c.called_on + CAST(:days AS integer) < :day)
RETURNING c.call_id, c.person_id, c.team, c.called_on, c.returned_on
""")  # noqa: S608 - made of constants


@dataclass(frozen=True)
class OverdueQuery:
    """Which part of the list is asked for."""

    as_of: date
    back_days: int
    visible: tuple[str, str]
    team: str | None
    states: tuple[str, ...]
    limit: int
    after: tuple[date, str, str] | None = None


async def late(session: ReadSession, query: OverdueQuery) -> Sequence[RowMapping]:
    """One page, who has waited longest first; one row more tells of a next page."""
    kind, value = query.visible
    statement = _LATE.format(
        kept=_KEPT.format(column="t.person_id"), visible=_VISIBLE[kind], served=_SERVED
    )
    after = query.after or (None, None, None)
    found = await session.execute(
        text(statement),
        {
            "value": value,
            "team": query.team,
            "day": query.as_of,
            "back": query.as_of - timedelta(days=query.back_days),
            "states": list(query.states),
            "after_day": after[0],
            "after_id": after[1],
            "after_team": after[2],
            "rows": query.limit + 1,
        },
    )
    return found.mappings().all()


async def add(session: WriteSession, values: dict[str, Any]) -> None:
    await session.execute(insert(OverdueCall).values(values))


async def consent_of(session: ReadSession, members: Sequence[str]) -> str | None:
    """What a person last said about being called; None: nothing."""
    said: str | None = await session.scalar(
        text(
            "SELECT consent FROM overdue_calls WHERE person_id = ANY(:members)"
            " AND consent IS NOT NULL ORDER BY called_at DESC, call_id DESC LIMIT 1"
        ),
        {"members": list(members)},
    )
    return said


async def sums(
    session: ReadSession,
    *,
    visible: tuple[str, str],
    team: str | None,
    first: date,
    last: date,
    reached: Sequence[str],
) -> RowMapping:
    """Calls of a period: how many reached somebody, and how many came after it."""
    kind, value = visible
    found = await session.execute(
        text(_SUMS.format(visible=_VISIBLE[kind])),
        {"value": value, "team": team, "first": first, "last": last, "reached": list(reached)},
    )
    return found.mappings().one()


async def judge(
    session: WriteSession, *, day: date, return_days: int, rows: int
) -> Sequence[RowMapping]:
    """Settle whether the persons who were called came; gives what was settled now."""
    found = await session.execute(_JUDGE, {"day": day, "days": return_days, "rows": rows})
    return found.mappings().all()
