"""All SQL of institution standards."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.dialects.postgresql import insert as upsert

from services.reporting.models import standard_facts, standard_maps
from shared.db.session import ReadSession, WriteSession

_f = standard_facts.c
_m = standard_maps.c
_MANY = 1_000


async def hold(session: WriteSession, region: str) -> None:
    """One at a time records facts of a region: each is compared with what stands."""
    await session.execute(
        text("SELECT pg_advisory_xact_lock(hashtextextended('standards ' || :region, 0))"),
        {"region": region},
    )


async def in_force(session: ReadSession, region: str, day: date) -> list[RowMapping]:
    """Of each thing the fact with the latest first day up to a day, ended or not."""
    found = await session.execute(
        select(_f.kind, _f.key, _f.content)
        .where(_f.region == region, _f.replaced_at.is_(None), _f.valid_from <= day)
        .ext(distinct_on(_f.kind, _f.key))
        .order_by(_f.kind, _f.key, _f.valid_from.desc())
    )
    return list(found.mappings())


async def page(
    session: ReadSession,
    region: str,
    kind: str,
    *,
    township: str | None,
    after: tuple[str, date] | None,
    limit: int,
) -> list[RowMapping]:
    """Facts of a kind with their whole history, corrected ones left out."""
    statement = (
        select(_f.key, _f.content, _f.valid_from, _f.recorded_at, _f.recorded_by)
        .where(_f.region == region, _f.kind == kind, _f.replaced_at.is_(None))
        .order_by(_f.key, _f.valid_from)
        .limit(limit)
    )
    if township is not None:
        statement = statement.where(_f.township == township)
    if after is not None:
        statement = statement.where(tuple_(_f.key, _f.valid_from) > tuple_(*after))
    return list((await session.execute(statement)).mappings())


async def standing(
    session: ReadSession, region: str, kind: str, keys: Sequence[str]
) -> dict[tuple[str, date], RowMapping]:
    """What stands of these things, by key and first day."""
    found: dict[tuple[str, date], RowMapping] = {}
    for start in range(0, len(keys), _MANY):
        rows = await session.execute(
            select(_f.fact_id, _f.key, _f.valid_from, _f.content).where(
                _f.region == region,
                _f.kind == kind,
                _f.replaced_at.is_(None),
                _f.key.in_(keys[start : start + _MANY]),
            )
        )
        found |= {(row["key"], row["valid_from"]): row for row in rows.mappings()}
    return found


async def facility_townships(session: ReadSession, region: str) -> dict[str, str | None]:
    """Institutions that facts speak of, each with the township of its latest fact."""
    found = await session.execute(
        select(_f.key, _f.township)
        .where(_f.region == region, _f.kind == "facilities", _f.replaced_at.is_(None))
        .ext(distinct_on(_f.key))
        .order_by(_f.key, _f.valid_from.desc())
    )
    return {row.key: row.township for row in found}


async def replace(session: WriteSession, fact_ids: Sequence[UUID], at: datetime) -> None:
    """Mark facts as corrected: they are kept, and count no more."""
    for start in range(0, len(fact_ids), _MANY):
        await session.execute(
            update(standard_facts)
            .where(_f.fact_id.in_(fact_ids[start : start + _MANY]))
            .values(replaced_at=at)
        )


async def add(session: WriteSession, rows: Sequence[Mapping[str, Any]]) -> None:
    for start in range(0, len(rows), _MANY):
        await session.execute(
            insert(standard_facts), [dict(row) for row in rows[start : start + _MANY]]
        )


async def keep_map(session: WriteSession, values: Mapping[str, Any]) -> None:
    """Keep the region's map in place of the one before."""
    statement = upsert(standard_maps).values(values)
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=[_m.region],
            set_={name: statement.excluded[name] for name in values if name != "region"},
        )
    )


async def map_of(session: ReadSession, region: str, *columns: str) -> RowMapping | None:
    """The region's map, of it the columns asked for."""
    chosen = [_m[name] for name in columns]
    found = await session.execute(select(*chosen).where(_m.region == region))
    return found.mappings().one_or_none()
