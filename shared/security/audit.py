"""The audit log: who saw or decided what, append-only and sealed into a hash chain.

A row is written in the transaction of what it tells of. Shortly after the commit one writer
*seals* new rows (:mod:`shared.security.chain`); :func:`verify` says what was changed since. Keep a
verdict's ``head`` elsewhere (the operator's daily note) and give it to the next verification as
``anchor``: then a log that was cut short is noticed too.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncSession

from shared.db.bulk import Encoded, copy_rows
from shared.db.direct import Gathered
from shared.db.mechanics import AUDIT_LOG, mechanics_metadata
from shared.ids import new_id
from shared.security.chain import Chain, Head, Sealed, moment

__all__ = ["AuditDetailTooLarge", "AuditVerdict", "Head", "audit_table", "record", "seal", "verify"]

audit_table = mechanics_metadata.tables[AUDIT_LOG]
"""Same shape in every service's database; the session decides in which it is written."""

_INSERT = insert(audit_table)
_MAX_DETAIL_BYTES = 8_192


class AuditDetailTooLarge(ValueError):
    """The detail is more than 8 KiB; it should hold ids and counts."""


@dataclass(frozen=True)
class AuditVerdict:
    """What a verification found."""

    rows: int
    """Sealed rows that were checked."""
    unsealed: int
    """Rows not sealed yet, late ones included."""
    head: Head | None
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
    await session.execute(
        _INSERT,
        audit_row(
            actor=actor,
            organisation=organisation,
            action=action,
            subject=subject,
            at=at,
            detail=detail,
        ),
    )


async def record_many(session: AsyncSession, entries: Sequence[Mapping[str, Any]]) -> None:
    """As :func:`record`, for many entries of one change, in one round trip.

    Raises:
        AuditDetailTooLarge: as :func:`record`.
    """
    await copy_rows(session, audit_table, [audit_row(**entry) for entry in entries])


def record_directly(direct: Gathered, **entry: Any) -> None:
    """As :func:`record`, among what is gathered on the driver."""
    detail = _checked(entry["action"], entry.pop("detail", None))
    direct.insert(audit_table, _row(**entry) | {"detail": Encoded(detail)})


def audit_row(
    *,
    actor: str,
    organisation: str,
    action: str,
    subject: str,
    at: datetime,
    detail: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """The row of :func:`record`, for a path that writes it with others.

    Raises:
        AuditDetailTooLarge: as :func:`record`.
    """
    _checked(action, detail)
    entry = _row(actor=actor, organisation=organisation, action=action, subject=subject, at=at)
    return entry | {"detail": dict(detail or {})}


def _row(
    *, actor: str, organisation: str, action: str, subject: str, at: datetime
) -> dict[str, Any]:
    return {
        "id": new_id(),
        "at": at,
        "actor": actor,
        "organisation": organisation,
        "action": action,
        "subject": subject,
    }


def _checked(action: str, detail: Mapping[str, Any] | None) -> str:
    """The detail as JSON, if it is not too large."""
    written = json.dumps(detail or {}, ensure_ascii=False)
    if len(written.encode()) > _MAX_DETAIL_BYTES:
        raise AuditDetailTooLarge(f"the audit detail of {action} is larger than 8 KiB")
    return written


async def seal(session: AsyncSession, limit: int = 500) -> int:
    """Number and chain up to ``limit`` unsealed rows, oldest first; gives how many.

    One writer at a time: 0 when another one is at it. The caller commits.
    """
    return await _CHAIN.seal(session, limit)


async def verify(session: AsyncSession, anchor: Head | None = None) -> AuditVerdict:
    """Walk the whole chain and find what does not fit.

    Args:
        session: any session on the service's database.
        anchor: a head that an earlier verification gave.
    """
    walk = await _CHAIN.walk(session, () if anchor is None else (anchor,))
    return AuditVerdict(walk.rows, walk.unsealed, walk.head(), tuple(walk.faults[:20]))


def _document(row: Sealed) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "at": moment(row.at),
        "actor": row.actor,
        "organisation": row.organisation,
        "action": row.action,
        "subject": row.subject,
        "detail": row.detail,
        "recorded_at": moment(row.recorded_at),
    }


_CHAIN = Chain(
    table=audit_table,
    lock=0x59495A48414E02,
    rows=select(
        audit_table.c.id,
        audit_table.c.at,
        audit_table.c.actor,
        audit_table.c.organisation,
        audit_table.c.action,
        audit_table.c.subject,
        audit_table.c.detail,
        audit_table.c.recorded_at,
    ),
    document=_document,
)
