"""The ledger's chain: each entry's hash is over what was booked and the hash of the one before.

Entries are sealed like the audit log (ADR 0004), shortly after their commit and by one writer, so
that two settlements never wait for each other.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Text, cast, collate, func, select
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from services.claims.ledger import repository
from services.claims.models import journal_entries, postings
from shared.db.session import ReadSession, WriteSession
from shared.security import audit
from shared.security.chain import Chain, Head, Sealed, moment

MAX_FAULTS = 20
ANCHORED = "ledger.anchored"
_SUBJECT = "ledger"

_entry = journal_entries.c
_POSTINGS = (
    select(
        func.jsonb_agg(
            aggregate_order_by(
                func.jsonb_build_array(postings.c.account_code, postings.c.amount_fen),
                collate(cast(postings.c.account_code, Text), "C"),
            ),
            type_=JSONB,
        )
    )
    .where(postings.c.entry_id == _entry.id)
    .scalar_subquery()
    .label("postings")
)


def _document(row: Sealed) -> dict[str, Any]:
    return {
        "id": str(row.id),
        "region": row.region,
        "kind": row.kind,
        "settlement_id": _text(row.settlement_id),
        "source_id": _text(row.source_id),
        "reverses_id": _text(row.reverses_id),
        "booked_on": row.booked_on.isoformat(),
        "recorded_at": moment(row.recorded_at),
        "postings": row.postings,
    }


def _text(value: object) -> str | None:
    return None if value is None else str(value)


CHAIN = Chain(
    table=journal_entries,
    lock=0x59495A48414E03,
    rows=select(
        _entry.id,
        _entry.region,
        _entry.kind,
        _entry.settlement_id,
        _entry.source_id,
        _entry.reverses_id,
        _entry.booked_on,
        _entry.recorded_at,
        _POSTINGS,
    ),
    document=_document,
    name=lambda row: f"entry {row.number} ({row.id})",
)


async def seal(session: WriteSession) -> int:
    """Seal entries that are committed; gives how many. The worker runs it again and again."""
    return await CHAIN.seal(session)


@dataclass(frozen=True)
class LedgerVerdict:
    """What a verification of the ledger found."""

    entries: int
    """Sealed entries that were checked."""
    unsealed: int
    head: Head | None
    faults: tuple[str, ...]
    """Each in words, naming the entry or the settlement; at most twenty of the chain and of the book."""

    @property
    def sound(self) -> bool:
        return not self.faults


async def verify(session: ReadSession, anchors: Iterable[Head] = ()) -> LedgerVerdict:
    """Recompute the chain, the balance of every entry, and its equality with the settlement.

    Args:
        session: a session on the claims database.
        anchors: heads of the chain that were kept elsewhere; those that :func:`anchor` left in
            the audit log are compared in any case.
    """
    walk = await CHAIN.walk(session, [*await _anchors(session), *anchors])
    faults = (*walk.faults[:MAX_FAULTS], *await repository.faults_of(session, MAX_FAULTS))
    return LedgerVerdict(walk.rows, walk.unsealed, walk.head(), faults)


async def anchor(session: WriteSession, head: Head, at: datetime) -> None:
    """Note the chain's head in the audit log, which is a chain of its own."""
    if head in await _anchors(session):
        return
    await audit.record(
        session,
        actor="system:ledger",
        organisation="system",
        action=ANCHORED,
        subject=_SUBJECT,
        at=at,
        detail={"head": str(head)},
    )


async def _anchors(session: ReadSession) -> list[Head]:
    log = audit.audit_table.c
    found = await session.scalars(
        select(log.detail["head"].astext).where(log.subject == _SUBJECT, log.action == ANCHORED)
    )
    return [Head.from_text(head) for head in found]
