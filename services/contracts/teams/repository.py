"""SQL over all that the teams do: tasks, contracts, flags by team, cases by disease."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from sqlalchemy import RowMapping, text

from services.contracts.plans.domain import CANCELLING, MISSED
from shared.db.session import ReadSession

_TASKS = text("""
SELECT team,
  count(*) FILTER (WHERE waiting) AS ready,
  count(*) FILTER (WHERE waiting AND due_on < :day) AS overdue,
  count(*) FILTER (WHERE status = 'closed' AND outcome <> :missed
    AND NOT outcome = ANY(:cancelling) AND closed_at >= :since) AS done,
  count(*) FILTER (WHERE (outcome = :missed OR (status = 'open' AND closes_on < :day))
    AND closes_on BETWEEN :first AND :day) AS missed
FROM (
  SELECT *, status = 'open' AND opens_on <= :day
    AND (closes_on IS NULL OR closes_on >= :day) AS waiting
  FROM tasks WHERE team = ANY(:teams) AND (status = 'open' OR closed_at >= :since
    OR closes_on >= :first)
) t
GROUP BY team
""")
_IN_FORCE = text("""
SELECT team, count(*) AS contracts FROM contracts
WHERE team = ANY(:teams) AND in_force @> CAST(:day AS date) GROUP BY team
""")
_LATE = text("""
SELECT team, count(*) AS late FROM (
  SELECT team, recorded_at, timezone('Asia/Shanghai', performed_at)::date AS done_on
  FROM follow_ups WHERE performed_at >= timezone('Asia/Shanghai', CAST(:since AS date)::timestamp)
  UNION ALL SELECT team, recorded_at, performed_on FROM check_ups WHERE performed_on >= :since
  UNION ALL SELECT team, recorded_at, dispensed_on FROM dispensings
  WHERE dispensed_on >= :since AND status <> 'withdrawn'
) s
WHERE team = ANY(:teams)
  AND timezone('Asia/Shanghai', recorded_at)::date - done_on > CAST(:after_days AS integer)
GROUP BY team
""")
_CASES = text("""
SELECT disease, state, count(*) AS cases FROM disease_cases
WHERE region = :region AND state <> 'withdrawn'
  AND (CAST(:township AS text) IS NULL OR township = :township)
GROUP BY disease, state
""")


async def tasks_by_team(
    session: ReadSession, teams: Sequence[str], *, day: date, since: Any
) -> Mapping[str, RowMapping]:
    """``ready``, ``overdue`` as of a day; ``done`` and ``missed`` since the month began.

    Args:
        session: to read with.
        teams: their codes.
        day: the business day.
        since: the moment at which the day's month began.
    """
    found = await session.execute(
        _TASKS,
        {
            "teams": list(teams),
            "day": day,
            "first": day.replace(day=1),
            "since": since,
            "missed": MISSED,
            "cancelling": sorted(CANCELLING),
        },
    )
    return {row["team"]: row for row in found.mappings()}


async def contracts_by_team(
    session: ReadSession, teams: Sequence[str], *, day: date
) -> Mapping[str, int]:
    """How many contracts hold on a day."""
    found = await session.execute(_IN_FORCE, {"teams": list(teams), "day": day})
    return {row.team: int(row.contracts) for row in found}


async def late_by_team(
    session: ReadSession, teams: Sequence[str], *, since: date, after_days: int
) -> Mapping[str, int]:
    """How many services since a day were entered more than so many days after them."""
    found = await session.execute(
        _LATE, {"teams": list(teams), "since": since, "after_days": after_days}
    )
    return {row.team: int(row.late) for row in found}


async def cases_by_disease(
    session: ReadSession, *, region: str, township: str | None
) -> Mapping[tuple[str, str], int]:
    """How many cases of the register are in each state."""
    found = await session.execute(_CASES, {"region": region, "township": township})
    return {(row.disease, row.state): int(row.cases) for row in found}
