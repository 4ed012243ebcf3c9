"""Encrypting anew: every value under the key in use, and the proof that none is left under another.

When a key may be known to somebody, a new one is made (:func:`shared.security.crypto.add_key`) and
the old values are encrypted under it, while the services go on: a portion of rows is one
transaction, which holds all its rows or none. It never waits for a row while it holds another, so no
service's work is ended because of it; rows that a service is changing are taken later, as it wrote
them. A transaction that began before the work did may have written under an old key what nobody else
sees yet: it is waited for. What a portion has done stays done, whenever the work ends; started again,
it finds only what is left.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Column,
    ColumnElement,
    LargeBinary,
    MetaData,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    tuple_,
    update,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.sealed import sealed_columns
from shared.db.session import Database
from shared.security.crypto import Vault

PORTION_ROWS = 1_000
PORTION_BYTES = 32 * 1024 * 1024
_MOST_ROUNDS = 5
"""Services may write under an old key until they have read the keys file again."""
_HELD: Final = "55P03"
"""PostgreSQL's state for a row that another transaction holds."""
_ASK_AGAIN_S = 0.2
_LONGEST_HELD_S = 1800.0
"""Longer than the largest roster takes; whoever holds rows longer has been forgotten."""
_NOW: Final = text("SELECT clock_timestamp()")
_OTHERS: Final = text("""
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend'
  AND pid <> pg_backend_pid() AND xact_start < :began
""")
_VERSION = b"\x01"
_ID_PLACE = 2
_ID_BYTES = 4


class StillUnderOldKeys(RuntimeError):
    """Some process writes under an old key again and again."""


class RowsHeld(RuntimeError):
    """Some transaction does not let go of rows."""


@dataclass(frozen=True)
class Portion:
    """How far a table is."""

    table: str
    done: int
    total: int


async def reseal(
    db: Database,
    metadata: MetaData,
    vault: Vault,
    *,
    moved: Callable[[Portion], None],
    portion_rows: int = PORTION_ROWS,
) -> int:
    """Encrypt every value under the key in use; gives how many rows were written anew.

    Raises:
        StillUnderOldKeys: after five rounds values of old keys still come in.
        RowsHeld: a transaction has held rows for half an hour, or has not ended for so long.
        KeyUnknown, CiphertextMalformed: a value that no key of the file opens; nothing is lost, the
            work ends there.
    """
    async with db.reading() as session:
        began = (await session.execute(_NOW)).scalar_one()
    written = 0
    for _ in range(_MOST_ROUNDS):
        left = 0
        for table, columns in sealed_columns(metadata).items():
            work = _Work(table, columns, vault, portion_rows)
            async with db.reading() as session:
                total = await work.left(session)
            left += total
            after: tuple[Any, ...] | None = None
            done = 0
            while done < total:
                some, after = await _when_free(db, work, after)
                if after is None:
                    break
                done += some
                moved(Portion(table.name, done, total))
            written += done
        if not left and not await _waited_for_others(db, began):
            return written
    raise StillUnderOldKeys(
        "a process still writes under an old key: it has not read the keys file again; start it anew"
    )


async def _waited_for_others(db: Database, began: datetime) -> bool:
    """Wait until every transaction of before that moment has ended; whether there was one."""
    waited_s = 0.0
    while True:
        async with db.reading() as session:
            others = (await session.execute(_OTHERS, {"began": began})).scalar_one()
        if not others:
            return waited_s > 0
        if waited_s > _LONGEST_HELD_S:
            raise RowsHeld(
                "a transaction that began before this work has not ended for half an hour, and may"
                " have written under an old key: end it, then start this again"
            )
        await asyncio.sleep(_ASK_AGAIN_S)
        waited_s += _ASK_AGAIN_S


async def _when_free(
    db: Database, work: _Work, after: tuple[Any, ...] | None
) -> tuple[int, tuple[Any, ...] | None]:
    """The next portion, once nobody holds one of its rows."""
    waited_s = 0.0
    while True:
        try:
            async with db.writing() as session:
                return await work.portion(session, after)
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) != _HELD:
                raise
        if waited_s > _LONGEST_HELD_S:
            raise RowsHeld(
                f"a transaction has held rows of {work.table.name} for half an hour: end it, then"
                " start this again"
            )
        await asyncio.sleep(_ASK_AGAIN_S)
        waited_s += _ASK_AGAIN_S


class _Work:
    """One table's values under other keys than the one in use."""

    def __init__(
        self, table: Table, columns: dict[Column[bytes], str], vault: Vault, portion_rows: int
    ) -> None:
        self.table = table
        self._columns = columns
        self._vault = vault
        self._rows = portion_rows
        self._key = list(table.primary_key.columns)
        active = bytes.fromhex(vault.active)
        self._old: ColumnElement[bool] = or_(*(_key_id(each) != active for each in columns))
        self._update = (
            update(table)
            .where(and_(*(each == bindparam(f"k{at}") for at, each in enumerate(self._key))))
            .values(
                {each: bindparam(f"n{at}", type_=LargeBinary) for at, each in enumerate(columns)}
            )
        )

    async def left(self, session: AsyncSession) -> int:
        """How many rows are left; a portion holds fewer of them where one may be large."""
        size = sum(
            (func.coalesce(func.octet_length(each), 0) for each in self._columns), literal(0)
        )
        found = await session.execute(select(func.count(), func.max(size)).where(self._old))
        count, largest = found.one()
        self._rows = max(1, min(self._rows, PORTION_BYTES // max(1, largest or 0)))
        return int(count)

    async def portion(
        self, session: AsyncSession, after: tuple[Any, ...] | None
    ) -> tuple[int, tuple[Any, ...] | None]:
        """Encrypt the next rows anew; gives how many, and the key of the last one.

        Raises:
            DBAPIError: of the state :data:`_HELD` when one of them is being changed.
        """
        statement = select(*self._key, *self._columns).where(self._old)
        if after is not None:
            statement = statement.where(tuple_(*self._key) > tuple_(*map(literal, after)))
        # What refers to these rows may go on meanwhile.
        held = statement.order_by(*self._key).limit(self._rows)
        found = (await session.execute(held.with_for_update(nowait=True, key_share=True))).all()
        if not found:
            return 0, None
        width = len(self._key)
        await session.execute(
            self._update, [self._changed(row[:width], row[width:]) for row in found]
        )
        return len(found), tuple(found[-1][:width])

    def _changed(self, key: Any, values: Any) -> dict[str, Any]:
        changed = {f"k{at}": value for at, value in enumerate(key)}
        for at, (name, value) in enumerate(zip(self._columns.values(), values, strict=True)):
            changed[f"n{at}"] = None if value is None else self._anew(bytes(value), name)
        return changed

    def _anew(self, value: bytes, name: str) -> bytes:
        return self._vault.encrypt_bytes(self._vault.decrypt_bytes(value, column=name), column=name)


async def values_by_key(db: Database, vault: Vault) -> dict[str, Counter[str]]:
    """How many values of the whole database are under which key: column → key id → values.

    Every column of bytes of every table is looked at, whether or not it is known to be sealed: this
    is the proof that nothing was forgotten.
    """
    known = [_VERSION + bytes.fromhex(key_id) for key_id in vault.key_ids]
    found: dict[str, Counter[str]] = {}
    async with db.reading() as session:
        columns = await session.execute(_BYTES)
        for schema, table, column in columns.all():
            name = f"{table}.{column}"
            quoted = ".".join(_quoted(part) for part in (schema, table))
            counted = await session.execute(
                text(
                    # Names of tables and columns are the catalogue's own, quoted.
                    f"SELECT substring({_quoted(column)} FROM 1 FOR 5) AS head, count(*)"  # noqa: S608
                    f" FROM {quoted}"
                    f" WHERE substring({_quoted(column)} FROM 1 FOR 5) = ANY(:known)"
                    " GROUP BY 1"
                ),
                {"known": known},
            )
            here = Counter({bytes(head)[1:].hex(): int(count) for head, count in counted.all()})
            if here:
                found[name] = here
    return found


_BYTES = text("""
SELECT c.table_schema, c.table_name, c.column_name
FROM information_schema.columns c JOIN information_schema.tables t USING (table_schema, table_name)
WHERE c.data_type = 'bytea' AND t.table_type = 'BASE TABLE'
  AND c.table_schema NOT IN ('pg_catalog', 'information_schema')
ORDER BY 1, 2, 3
""")


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _key_id(column: Column[bytes]) -> ColumnElement[bytes]:
    return func.substring(column, _ID_PLACE, _ID_BYTES, type_=LargeBinary)
