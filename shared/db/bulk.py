"""Many rows at once: by COPY into a table, by one UPDATE from arrays.

Row by row, half of the time of a large change goes into building and binding statements.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from operator import itemgetter
from typing import Any

from sqlalchemy import Table, bindparam, func, text, update
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.elements import ColumnElement


class Encoded(str):
    """JSON for a JSONB column that is text already."""

    __slots__ = ()


async def copy_rows(session: AsyncSession, table: Table, rows: Sequence[Mapping[str, Any]]) -> None:
    """Insert rows, all with the keys of the first, within the session's transaction.

    Columns that are not given get the default that the database has for them.
    """
    if not rows:
        return
    names = list(rows[0])
    as_json = [name for name in names if isinstance(table.c[name].type, JSONB)]
    if as_json:
        rows = [{**row, **{name: encoded(row[name]) for name in as_json}} for row in rows]
    values = itemgetter(*names) if len(names) > 1 else lambda row: (row[names[0]],)
    records = [values(row) for row in rows]
    connection = await session.connection()
    # The driver's transaction begins with the first statement; a COPY before it would stand alone.
    await connection.execute(text("SELECT 1"))
    raw: Any = (await connection.get_raw_connection()).driver_connection
    await raw.copy_records_to_table(table.name, records=records, columns=names)


def encoded(value: Any) -> str | None:
    """A value for a JSONB column, as the driver takes it."""
    if value is None or isinstance(value, Encoded):
        return value
    return json.dumps(value, ensure_ascii=False)


async def update_rows(
    session: AsyncSession,
    table: Table,
    rows: Sequence[Mapping[str, Any]],
    *,
    key: str,
    keep_known: Sequence[str] = (),
    fill_only: Sequence[str] = (),
) -> None:
    """Change rows by their key with one statement; all rows have the keys of the first.

    Args:
        session: whose transaction it happens in.
        table: the table.
        rows: the key and the new values of each.
        key: the column that tells the row.
        keep_known: columns in which NULL leaves what is there.
        fill_only: columns that change only where there is nothing yet.
    """
    if not rows:
        return
    names = list(rows[0])
    arrays = [
        bindparam(f"v_{name}", [row[name] for row in rows], type_=ARRAY(table.c[name].type))
        for name in names
    ]
    given = func.unnest(*arrays).table_valued(*names, name="given").render_derived()
    new: dict[str, ColumnElement[Any]] = {}
    for name in names:
        if name == key:
            continue
        if name in keep_known:
            new[name] = func.coalesce(given.c[name], table.c[name])
        elif name in fill_only:
            new[name] = func.coalesce(table.c[name], given.c[name])
        else:
            new[name] = given.c[name]
    await session.execute(update(table).where(table.c[key] == given.c[key]).values(new))
