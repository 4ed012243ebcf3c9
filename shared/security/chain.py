"""Rows sealed into a hash chain shortly after they are committed.

A row is written unnumbered in the transaction of what it tells of. One writer at a time then gives
each committed row a number and the hash of the row before it (ADR 0004): nobody waits for another's
commit. From then on a changed, removed or reordered row breaks the chain, and a walk along it says
where. What the chain alone cannot show is that its newest rows were cut off, or that everything was
sealed anew: for that, keep a :class:`Head` elsewhere and give it to a later walk as an anchor.

A sealed table has the columns ``id, number, prev_hash, hash, recorded_at`` and an index on the
rows without a number; a trigger of its own allows sealing a row once, and no other change.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Select, Table, bindparam, func, select, text, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession

GENESIS = bytes(32)
"""What the first row is linked to."""

SEAL_WITHIN_S = 60
"""A committed row that is older and still unsealed is a fault: the sealer does not work."""

_FETCH_ROWS = 1_000
_LATE = "recorded_at < now() - make_interval(secs => :late_s)"

Sealed = Row[*tuple[Any, ...]]


@dataclass(frozen=True)
class Head:
    """The newest sealed row: keep it elsewhere to notice a chain that was cut short."""

    number: int
    hash: str
    """Hexadecimal SHA-256."""

    def __str__(self) -> str:
        return f"{self.number}:{self.hash}"

    @classmethod
    def from_text(cls, text: str) -> Head:
        """Read ``"<number>:<64 hexadecimal digits>"``.

        Raises:
            ValueError: not of that form.
        """
        number, _, digest = text.strip().partition(":")
        if not number.isdecimal() or len(bytes.fromhex(digest)) != len(GENESIS):
            raise ValueError("an anchor is the number and the hash that a verification printed")
        return cls(int(number), digest.lower())


@dataclass(frozen=True)
class Chain:
    """One table's chain."""

    table: Table
    lock: int
    """Advisory lock key of the one writer, per database."""
    rows: Select[*tuple[Any, ...]]
    """What is read of each row: its ``id`` and everything that :attr:`document` needs."""
    document: Callable[[Sealed], Mapping[str, Any]]
    """The row as it is sealed, without its number; only JSON values."""
    name: Callable[[Sealed], str] = lambda row: f"row {row.number}"
    """The row in words, for a fault."""

    async def seal(self, session: AsyncSession, limit: int = 500) -> int:
        """Number and chain up to ``limit`` unsealed rows, oldest first; gives how many.

        One writer at a time: 0 when another one is at it. The caller commits.
        """
        mine = await session.scalar(select(func.pg_try_advisory_xact_lock(self.lock)))
        if not mine:
            return 0
        c = self.table.c
        last = (
            await session.execute(
                select(c.number, c.hash)
                .where(c.number.is_not(None))
                .order_by(c.number.desc())
                .limit(1)
            )
        ).one_or_none()
        number, previous = (last.number, last.hash) if last else (0, GENESIS)
        unsealed = self.rows.where(c.number.is_(None)).order_by(c.id).limit(limit)
        seals = []
        for row in (await session.execute(unsealed)).all():
            number += 1
            own = self.hash_of(previous, number, row)
            seals.append({"row_id": row.id, "number": number, "prev_hash": previous, "hash": own})
            previous = own
        if seals:
            await session.execute(
                update(self.table)
                .where(c.id == bindparam("row_id"))
                .values(
                    number=bindparam("number"),
                    prev_hash=bindparam("prev_hash"),
                    hash=bindparam("hash"),
                ),
                seals,
                execution_options={"synchronize_session": None},
            )
        return len(seals)

    async def walk(self, session: AsyncSession, anchors: Iterable[Head] = ()) -> Walk:
        """Recompute the whole chain and find what does not fit.

        Args:
            session: any session on the service's database.
            anchors: heads that earlier verifications gave.
        """
        walk = Walk(self, {head.number: head for head in anchors})
        async for row in self._sealed(session):
            walk.take(row)
        unsealed = self.table.c.number.is_(None)
        walk.unsealed = await session.scalar(select(func.count()).where(unsealed)) or 0
        late = (
            await session.scalar(
                select(func.count()).where(unsealed, text(_LATE)), {"late_s": SEAL_WITHIN_S}
            )
            or 0
        )
        if late:
            walk.faults.append(f"{late} rows are older than {SEAL_WITHIN_S} s and not sealed")
        for anchor in walk.anchors.values():
            if walk.number < anchor.number:
                walk.faults.append(
                    f"the log ends at row {walk.number}, but row {anchor.number} was there before"
                )
        return walk

    async def _sealed(self, session: AsyncSession) -> AsyncIterator[Sealed]:
        c = self.table.c
        stream = await session.stream(
            self.rows.add_columns(c.number, c.prev_hash, c.hash)
            .where(c.number.is_not(None))
            .order_by(c.number)
            .execution_options(yield_per=_FETCH_ROWS)
        )
        async for row in stream:
            yield row

    def hash_of(self, previous: bytes, number: int, row: Sealed) -> bytes:
        """SHA-256 over the previous hash and the row, with its number, as canonical JSON.

        Sorted keys, no spaces, UTF-8: an auditor can do it with other tools.
        """
        document = {"number": number, **self.document(row)}
        canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(previous + canonical.encode()).digest()


@dataclass
class Walk:
    """What a walk along a chain saw."""

    chain: Chain
    anchors: Mapping[int, Head]
    rows: int = 0
    number: int = 0
    unsealed: int = 0
    """Rows not sealed yet, late ones included."""
    previous: bytes = GENESIS
    faults: list[str] = field(default_factory=list)

    def take(self, row: Sealed) -> None:
        name = self.chain.name(row)
        self.rows += 1
        if row.number != self.number + 1:
            self.faults.append(
                f"rows {self.number + 1} to {row.number - 1} are missing"
                if row.number > self.number
                else f"{name} stands where row {self.number + 1} belongs"
            )
        elif row.prev_hash != self.previous:
            self.faults.append(f"{name} is not linked to the row before it")
        if self.chain.hash_of(row.prev_hash or GENESIS, row.number, row) != row.hash:
            self.faults.append(f"{name} was changed after it was sealed")
        anchor = self.anchors.get(row.number)
        if anchor and anchor.hash != (row.hash or b"").hex():
            self.faults.append(f"{name} is not the one that was there before")
        self.number, self.previous = row.number, row.hash or b""

    def head(self) -> Head | None:
        return Head(self.number, self.previous.hex()) if self.rows else None


def moment(value: datetime) -> str:
    """A time as it is sealed: UTC with microseconds."""
    return value.astimezone(UTC).isoformat(timespec="microseconds")
