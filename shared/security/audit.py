"""The audit log: who saw or decided what, append-only and sealed into a hash chain.

A row is written in the transaction of what it tells of. Shortly after the commit one writer
*seals* new rows: each gets a number and the hash of the row before it. From then on a changed,
removed or reordered row breaks the chain, and :func:`verify` says where. What the chain alone
cannot show is that its newest rows were cut off; for that, keep a verdict's ``head`` elsewhere
(the operator's daily note) and give it to the next verification as ``anchor``.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, func, insert, select, text, update
from sqlalchemy.engine import Row
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.mechanics import AUDIT_LOG, mechanics_metadata
from shared.ids import new_id

audit_table = mechanics_metadata.tables[AUDIT_LOG]
"""Same shape in every service's database; the session decides in which it is written."""

GENESIS = bytes(32)
"""What the first row is linked to."""

SEAL_WITHIN_S = 60
"""A committed row that is older and still unsealed is a fault: the sealer does not work."""

_INSERT = insert(audit_table)
_SEAL_LOCK = 0x59495A48414E02
_FETCH_ROWS = 1_000
_MAX_DETAIL_BYTES = 8_192
_LATE = "recorded_at < now() - make_interval(secs => :late_s)"
_COLUMNS = (
    audit_table.c.id,
    audit_table.c.at,
    audit_table.c.actor,
    audit_table.c.organisation,
    audit_table.c.action,
    audit_table.c.subject,
    audit_table.c.detail,
    audit_table.c.recorded_at,
)


class AuditDetailTooLarge(ValueError):
    """The detail is more than 8 KiB; it should hold ids and counts."""


@dataclass(frozen=True)
class AuditHead:
    """The newest sealed row: keep it elsewhere to notice a log that was cut short."""

    number: int
    hash: str
    """Hexadecimal SHA-256."""


@dataclass(frozen=True)
class AuditVerdict:
    """What a verification found."""

    rows: int
    """Sealed rows that were checked."""
    unsealed: int
    """Rows not sealed yet, late ones included."""
    head: AuditHead | None
    faults: tuple[str, ...]
    """Each in words, naming the row's number or id; at most twenty."""

    @property
    def sound(self) -> bool:
        return not self.faults


async def record(
    session: AsyncSession,
    *,
    actor: str,
    organisation: str,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> None:
    """Write an audit row in the caller's transaction.

    Args:
        actor: the client (or "system:<part>") that acted.
        organisation: as in :class:`shared.security.principal.Principal`.
        action: ``noun.verb``, such as ``person.revealed``.
        subject: id of what it was done to.
        at: when, timezone-aware.
        detail: ids, codes, counts and reasons; never a direct identifier.

    Raises:
        AuditDetailTooLarge: more than 8 KiB as JSON.
    """
    facts = dict(detail or {})
    if len(json.dumps(facts, ensure_ascii=False).encode()) > _MAX_DETAIL_BYTES:
        raise AuditDetailTooLarge(f"the audit detail of {action} is larger than 8 KiB")
    row = {
        "id": new_id(),
        "at": at,
        "actor": actor,
        "organisation": organisation,
        "action": action,
        "subject": subject,
        "detail": facts,
    }
    await session.execute(_INSERT, row)


async def seal(session: AsyncSession, limit: int = 500) -> int:
    """Number and chain up to ``limit`` unsealed rows, oldest first; gives how many.

    One writer at a time: 0 when another one is at it. The caller commits.
    """
    mine = await session.scalar(select(func.pg_try_advisory_xact_lock(_SEAL_LOCK)))
    if not mine:
        return 0
    last = (
        await session.execute(
            select(audit_table.c.number, audit_table.c.hash)
            .where(audit_table.c.number.is_not(None))
            .order_by(audit_table.c.number.desc())
            .limit(1)
        )
    ).one_or_none()
    number, previous = (last.number, last.hash) if last else (0, GENESIS)
    rows = (
        await session.execute(
            select(*_COLUMNS)
            .where(audit_table.c.number.is_(None))
            .order_by(audit_table.c.id)
            .limit(limit)
        )
    ).all()
    seals = []
    for row in rows:
        number += 1
        own = row_hash(previous, number, row)
        seals.append({"row_id": row.id, "number": number, "prev_hash": previous, "hash": own})
        previous = own
    if seals:
        await session.execute(
            update(audit_table)
            .where(audit_table.c.id == bindparam("row_id"))
            .values(
                number=bindparam("number"), prev_hash=bindparam("prev_hash"), hash=bindparam("hash")
            ),
            seals,
            execution_options={"synchronize_session": None},
        )
    return len(seals)


async def verify(session: AsyncSession, anchor: AuditHead | None = None) -> AuditVerdict:
    """Walk the whole chain and find what does not fit.

    Args:
        session: any session on the service's database.
        anchor: a head that an earlier verification gave.
    """
    chain = _Chain(anchor)
    stream = await session.stream(
        select(*_COLUMNS, audit_table.c.number, audit_table.c.prev_hash, audit_table.c.hash)
        .where(audit_table.c.number.is_not(None))
        .order_by(audit_table.c.number)
        .execution_options(yield_per=_FETCH_ROWS)
    )
    async for row in stream:
        chain.take(row)
    unsealed = audit_table.c.number.is_(None)
    waiting = await session.scalar(select(func.count()).where(unsealed)) or 0
    late = (
        await session.scalar(
            select(func.count()).where(unsealed, text(_LATE)), {"late_s": SEAL_WITHIN_S}
        )
        or 0
    )
    if late:
        chain.faults.append(f"{late} rows are older than {SEAL_WITHIN_S} s and not sealed")
    if anchor is not None and chain.number < anchor.number:
        chain.faults.append(
            f"the log ends at row {chain.number}, but row {anchor.number} was there before"
        )
    return AuditVerdict(chain.rows, waiting, chain.head(), tuple(chain.faults[:20]))


class _Chain:
    """The walk along the chain."""

    def __init__(self, anchor: AuditHead | None) -> None:
        self.rows = 0
        self.number = 0
        self.previous = GENESIS
        self.faults: list[str] = []
        self._anchor = anchor

    def take(self, row: Row[*tuple[Any, ...]]) -> None:
        self.rows += 1
        if row.number != self.number + 1:
            self.faults.append(
                f"rows {self.number + 1} to {row.number - 1} are missing"
                if row.number > self.number
                else f"row {row.number} stands where row {self.number + 1} belongs"
            )
        elif row.prev_hash != self.previous:
            self.faults.append(f"row {row.number} is not linked to the row before it")
        own = row_hash(row.prev_hash or GENESIS, row.number, row)
        if own != row.hash:
            self.faults.append(f"row {row.number} was changed after it was sealed")
        anchor = self._anchor
        if anchor and anchor.number == row.number and anchor.hash != (row.hash or b"").hex():
            self.faults.append(f"row {row.number} is not the one that was there before")
        self.number, self.previous = row.number, row.hash or b""

    def head(self) -> AuditHead | None:
        return AuditHead(self.number, self.previous.hex()) if self.rows else None


def row_hash(previous: bytes, number: int, row: Row[*tuple[Any, ...]]) -> bytes:
    """SHA-256 over the previous hash and the row as canonical JSON.

    Sorted keys, no spaces, UTF-8, times in UTC with microseconds: an auditor can do it with
    other tools.
    """
    document = {
        "number": number,
        "id": str(row.id),
        "at": _moment(row.at),
        "actor": row.actor,
        "organisation": row.organisation,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
        "recorded_at": _moment(row.recorded_at),
    }
    canonical = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(previous + canonical.encode()).digest()


def _moment(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="microseconds")
