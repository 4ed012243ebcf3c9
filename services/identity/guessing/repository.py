"""SQL of the limit against guessing: what each client has spent, and who was stopped."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, func, select, text, tuple_, update
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import guess_alarms
from shared.ids import new_id

# In the order of the keys, so that two processes never wait for each other crosswise.
_CHARGE = text("""
INSERT INTO guess_budgets AS b (client_id, facility_code, spent, at)
SELECT client_id, facility_code, cost, :at
FROM unnest(CAST(:clients AS text[]), CAST(:facilities AS text[]), CAST(:costs AS float8[]))
  AS counted(client_id, facility_code, cost)
ORDER BY client_id, facility_code
ON CONFLICT (client_id, facility_code) DO UPDATE SET
  spent = greatest(0, b.spent
    - greatest(0, extract(epoch FROM excluded.at - b.at)::float8) * :refill_per_s) + excluded.spent,
  at = greatest(b.at, excluded.at)
""")
_SPENT = text("""
SELECT b.client_id, b.facility_code, b.spent, b.at
FROM unnest(CAST(:clients AS text[]), CAST(:facilities AS text[])) AS k(client_id, facility_code)
JOIN guess_budgets b USING (client_id, facility_code)
""")
_FULL_AGAIN = text(
    "DELETE FROM guess_budgets WHERE at < CAST(:at AS timestamptz) - interval '1 day'"
)
_ALARM = text("""
INSERT INTO guess_alarms AS a
  (alarm_id, region, client_id, place, on_day, first_at, last_at, refused)
VALUES (:alarm_id, :region, :client, :place, :on_day, :at, :at, :refused)
ON CONFLICT (region, client_id, place, on_day) DO UPDATE SET
  refused = a.refused + excluded.refused, last_at = greatest(a.last_at, excluded.last_at)
RETURNING alarm_id
""")


class GuessRepository:
    """How often clients have found nobody, as all processes have counted, and who was stopped."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    async def charge(
        self, costs: Mapping[tuple[str, str], float], *, at: datetime, refill_per_s: float
    ) -> None:
        """Add what a process has counted; what was spent before has filled up until ``at``."""
        if not costs:
            return
        values = self._keys(costs) | {
            "costs": list(costs.values()),
            "at": at,
            "refill_per_s": refill_per_s,
        }
        await self._session.execute(_CHARGE, values)
        await self._session.execute(_FULL_AGAIN, {"at": at})

    async def spent(
        self, keys: Collection[tuple[str, str]]
    ) -> dict[tuple[str, str], tuple[float, float]]:
        """What these have spent, and when (seconds since 1970) that was so."""
        rows = await self._session.execute(_SPENT, self._keys(keys))
        return {(row.client_id, row.facility_code): (row.spent, row.at.timestamp()) for row in rows}

    async def alarm(
        self, client: str, place: str, *, on: date, at: datetime, refused: int
    ) -> UUID | None:
        """Count refused questions in the day's alarm; gives its id if this opened it."""
        new = new_id()
        kept = await self._session.scalar(
            _ALARM,
            {
                "alarm_id": new,
                "region": self._region,
                "client": client,
                "place": place,
                "on_day": on,
                "at": at,
                "refused": refused,
            },
        )
        return new if kept == new else None

    async def alarms(self, *, after: tuple[date, UUID] | None, limit: int) -> Sequence[RowMapping]:
        """Newest day first, behind ``after``."""
        c = guess_alarms.c
        statement = select(guess_alarms).where(c.region == self._region)
        if after is not None:
            statement = statement.where(tuple_(c.on_day, c.alarm_id) < tuple_(*after))
        result = await self._session.execute(
            statement.order_by(c.on_day.desc(), c.alarm_id.desc()).limit(limit)
        )
        return result.mappings().all()

    async def unseen(self) -> int:
        c = guess_alarms.c
        count = await self._session.scalar(
            select(func.count()).where(c.region == self._region, c.seen_at.is_(None))
        )
        return int(count or 0)

    async def see(self, alarm_id: UUID, *, by: str, at: datetime) -> RowMapping | None:
        """Note who looked into it first; None: there is no such alarm."""
        c = guess_alarms.c
        result = await self._session.execute(
            update(guess_alarms)
            .where(c.alarm_id == alarm_id, c.region == self._region)
            .values(seen_by=func.coalesce(c.seen_by, by), seen_at=func.coalesce(c.seen_at, at))
            .returning(guess_alarms)
        )
        found: RowMapping | None = result.mappings().one_or_none()
        return found

    def _keys(self, keys: Iterable[tuple[str, str]]) -> dict[str, Any]:
        found = list(keys)
        return {
            "clients": [client for client, _ in found],
            "facilities": [facility for _, facility in found],
        }
