"""All SQL of merges: what was told of them, who stands for whom, and what moved."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from typing import Final

from sqlalchemy import (
    ColumnElement,
    FromClause,
    String,
    and_,
    bindparam,
    select,
    text,
    update,
)
from sqlalchemy.dialects.postgresql import insert

from services.claims.models import BENEFITS, person_merges, standing_moves
from services.claims.settlement.bill import Standing
from shared.db.session import ReadSession, WriteSession
from shared.merges.store import MergeStore

_m = person_merges.c
_BENEFIT_COLUMNS: Final = {benefit: f"{benefit}_fen" for benefit in BENEFITS}


_STORE = MergeStore(person_merges)
kept_or_self = _STORE.kept_or_self
keep = _STORE.keep
sharing = _STORE.sharing
set_in_force = _STORE.set_in_force

# Made once: putting a statement together costs more than sending it.
_HOLD = text("SELECT pg_advisory_xact_lock_shared(:key)")
_HOLD_ALONE = text("SELECT pg_advisory_xact_lock(:key)")
_KEPT_OF = select(kept_or_self(bindparam("person_id", type_=String)))
_GROUP = select(_m.absorbed_person_id).where(
    _m.kept_person_id == bindparam("kept", type_=String), _m.in_force
)
_TAKE_BACK: Final = (
    update(standing_moves)
    .where(
        standing_moves.c.area == bindparam("of_area"),
        standing_moves.c.year == bindparam("of_year"),
        standing_moves.c.merge_id.in_(
            select(_m.merge_id).where(
                _m.absorbed_person_id == bindparam("of_person", type_=String), _m.in_force
            )
        ),
    )
    .values(
        {
            standing_moves.c[column]: standing_moves.c[column] - bindparam(f"less_{benefit}")
            for benefit, column in _BENEFIT_COLUMNS.items()
        }
    )
)


def lock_key(person_id: str) -> int:
    """Two persons with one key only wait for each other."""
    digest = hashlib.blake2b(f"claims.standing:{person_id}".encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


_MERGES_KEY: Final = lock_key("*")


async def hold_all(session: WriteSession, person_ids: Collection[str]) -> None:
    """Keep whoever stands for these persons, until the transaction ends.

    Settlements of one person do not wait for each other here, only for a merge of his: a row that
    a settlement is about to make cannot be locked by the merge that must move it. A statement
    begun after this sees the merge that was waited for. The order is that in which a merge would
    take them; ``claims_hold_year`` does the same for one person.
    """
    for key in sorted({lock_key(person_id) for person_id in person_ids}):
        await session.execute(_HOLD, {"key": key})


async def hold_merges(session: WriteSession) -> None:
    """Let one transaction at a time decide which merges hold."""
    await session.execute(_HOLD_ALONE, {"key": _MERGES_KEY})


async def hold_alone(session: WriteSession, person_ids: Collection[str]) -> None:
    """Wait until nobody holds one of these persons, and let nobody until the transaction ends."""
    for key in sorted({lock_key(person_id) for person_id in person_ids}):
        await session.execute(_HOLD_ALONE, {"key": key})


async def kept_of(session: ReadSession, person_id: str) -> str:
    """The id of him who stands for a person: his own, unless he was absorbed."""
    return str((await session.execute(_KEPT_OF, {"person_id": person_id})).scalar_one())


async def group_of(session: ReadSession, person_id: str) -> tuple[str, ...]:
    """Every id that means the same person now, the kept one first."""
    kept = await kept_of(session, person_id)
    absorbed = await session.execute(_GROUP, {"kept": kept})
    return (kept, *sorted(absorbed.scalars()))


@dataclass(frozen=True)
class Move:
    """What a merge took along of one year."""

    area: str
    year: int
    amounts: Standing


async def add_moves(session: WriteSession, merge_id: str, moves: Iterable[Move]) -> None:
    rows = [
        {
            "merge_id": merge_id,
            "area": move.area,
            "year": move.year,
            **{column: getattr(move.amounts, name) for name, column in _BENEFIT_COLUMNS.items()},
        }
        for move in moves
    ]
    if rows:
        await session.execute(insert(standing_moves), rows)


async def moves_of(session: WriteSession, merge_id: str) -> list[Move]:
    """What a merge took along, less what was reversed since; by area and year."""
    moves = standing_moves.c
    rows = await session.execute(
        select(standing_moves)
        .where(moves.merge_id == merge_id)
        .order_by(moves.area, moves.year)
        .with_for_update()
    )
    return [
        Move(
            row.area,
            row.year,
            Standing(**{name: getattr(row, column) for name, column in _BENEFIT_COLUMNS.items()}),
        )
        for row in rows
    ]


async def take_back(
    session: WriteSession, *, area: str, person_id: str, year: int, amounts: Standing
) -> None:
    """Forget part of what was moved for an absorbed person: a bill of his was reversed since."""
    await session.execute(
        _TAKE_BACK,
        {
            "of_area": area,
            "of_person": person_id,
            "of_year": year,
            **{f"less_{benefit}": getattr(amounts, benefit) for benefit in BENEFITS},
        },
    )


def joins(merge: FromClause, person_id: ColumnElement[str]) -> ColumnElement[bool]:
    """Joins the merge in force, if any, that absorbed a person."""
    return and_(merge.c.absorbed_person_id == person_id, merge.c.in_force)
