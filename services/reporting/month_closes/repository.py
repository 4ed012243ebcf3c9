"""SQL of month closes: the closing, its steps, what was signed.

The rows that a closing keeps are cut by :mod:`cuts_repository` and read by :mod:`rows_repository`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any, cast
from uuid import UUID

from sqlalchemy import RowMapping, and_, func, insert, select, text, update
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting.models import close_rows, close_steps, month_closes
from services.reporting.month_closes.domain import Close, Status, Step
from shared.db.session import ReadSession, WriteSession

_c = month_closes.c
_r = close_rows.c
_WITHOUT_FILE = [column for column in month_closes.columns if column.name != "file"]


async def hold_region(session: WriteSession, region: str) -> None:
    """One closing is begun or signed at a time: both number, and look at each other's months."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('month close ' || :region, 0))"),
        {"region": region},
    )


async def add(session: WriteSession, values: Mapping[str, Any]) -> bool:
    """Keep a new closing; False when the month has a live one."""
    kept = await session.scalar(
        upsert(month_closes).values(values).on_conflict_do_nothing().returning(_c.id)
    )
    return kept is not None


async def next_revision(session: ReadSession, region: str, month: str) -> int:
    last = await session.scalar(
        select(func.max(_c.revision)).where(_c.region == region, _c.month == month)
    )
    return int(last or 0) + 1


async def live_of(session: ReadSession, region: str, month: str) -> UUID | None:
    found: UUID | None = await session.scalar(
        select(_c.id).where(_c.region == region, _c.month == month, _c.status != "reopened")
    )
    return found


async def change(session: WriteSession, close_id: UUID, **values: Any) -> None:
    """Change columns of a held closing."""
    await session.execute(update(month_closes).where(_c.id == close_id).values(**values))


async def add_step(session: WriteSession, close_id: UUID, step: Step) -> None:
    number = select(func.count() + 1).where(close_steps.c.close_id == close_id).scalar_subquery()
    await session.execute(
        insert(close_steps).values(close_id=close_id, number=number, **asdict(step))
    )


async def get(session: ReadSession, region: str, close_id: UUID) -> Close | None:
    return await _one(session, select(*_WITHOUT_FILE).where(_c.id == close_id, _c.region == region))


async def lock(session: WriteSession, region: str, close_id: UUID) -> Close | None:
    """The closing, held until the transaction ends."""
    return await _one(
        session,
        select(*_WITHOUT_FILE).where(_c.id == close_id, _c.region == region).with_for_update(),
    )


async def _one(session: ReadSession, statement: Any) -> Close | None:
    row = (await session.execute(statement)).mappings().one_or_none()
    return None if row is None else (await _whole(session, [row]))[0]


async def find(
    session: ReadSession,
    *,
    region: str,
    month: str | None,
    status: str | None,
    after: UUID | None,
    limit: int,
) -> list[Close]:
    """A region's closings, oldest first."""
    statement = select(*_WITHOUT_FILE).where(_c.region == region).order_by(_c.id).limit(limit)
    if month is not None:
        statement = statement.where(_c.month == month)
    if status is not None:
        statement = statement.where(_c.status == status)
    if after is not None:
        statement = statement.where(_c.id > after)
    return await _whole(session, list((await session.execute(statement)).mappings()))


async def signed_before(session: ReadSession, close: Close) -> dict[str, str] | None:
    """Number and hash of the closing that was signed before this one."""
    found = await session.execute(
        select(_c.month, _c.revision, _c.sha256).where(
            _c.region == close.region, _c.place == (close.place or 0) - 1
        )
    )
    row = found.mappings().one_or_none()
    if row is None:
        return None
    return {
        "number": f"{close.region}-{row['month']}-{row['revision']}",
        "sha256": row["sha256"],
    }


async def newest(
    session: ReadSession, region: str, *, before: tuple[str, int] | None, limit: int
) -> list[Close]:
    """A region's closings, the newest month and its newest revision first."""
    statement = select(*_WITHOUT_FILE).where(_c.region == region)
    if before is not None:
        statement = statement.where(func.row(_c.month, _c.revision) < func.row(*before))
    statement = statement.order_by(_c.month.desc(), _c.revision.desc()).limit(limit)
    return await _whole(session, list((await session.execute(statement)).mappings()))


async def _whole(session: ReadSession, rows: Sequence[RowMapping]) -> list[Close]:
    s = close_steps.c
    steps: dict[UUID, list[Step]] = {row["id"]: [] for row in rows}
    for step in (
        await session.execute(
            select(close_steps).where(s.close_id.in_(list(steps))).order_by(s.close_id, s.number)
        )
    ).mappings():
        steps[step["close_id"]].append(
            Step(**{name: value for name, value in step.items() if name in _STEP_FIELDS})
        )
    return [
        Close(
            **cast("dict[str, Any]", dict(row)) | {"status": cast("Status", row["status"])},
            steps=tuple(steps[row["id"]]),
        )
        for row in rows
    ]


_STEP_FIELDS = frozenset(Step.__dataclass_fields__)


async def file_of(session: ReadSession, close_id: UUID) -> bytes | None:
    """The signed file."""
    found: bytes | None = await session.scalar(select(_c.file).where(_c.id == close_id))
    return found


async def last_signed(session: ReadSession, region: str) -> RowMapping | None:
    """The closing that was signed last, reopened ones included: the chain goes through it."""
    found = await session.execute(
        select(_c.place, _c.month, _c.revision, _c.sha256)
        .where(_c.region == region, _c.place.is_not(None))
        .order_by(_c.place.desc())
        .limit(1)
    )
    return found.mappings().one_or_none()


async def closed_months(session: ReadSession, region: str, *, before: str) -> list[str]:
    """Months earlier than one that are signed."""
    found = await session.scalars(
        select(_c.month)
        .where(_c.region == region, _c.status == "closed", _c.month < before)
        .order_by(_c.month)
    )
    return list(found)


async def corrected_by(session: ReadSession, close: Close) -> list[str]:
    """The signed months that hold corrections of this one."""
    found = await session.scalars(
        select(_c.month)
        .distinct()
        .join(close_rows, and_(_r.close_id == _c.id, _r.cut == _c.cut))
        .where(
            _c.region == close.region,
            _c.status == "closed",
            _r.of_month == close.month,
            _c.id != close.id,
        )
        .order_by(_c.month)
    )
    return list(found)
