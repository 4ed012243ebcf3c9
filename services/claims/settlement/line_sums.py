"""What a settlement's lines came to, by kind and class."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import BigInteger, cast, func, select

from services.claims.models import settlement_lines
from shared.db.session import ReadSession


@dataclass(frozen=True)
class LineSums:
    """The lines of one kind and class added up, in fen; None: kept before these were."""

    kind: str | None
    catalogue_class: str | None
    amount: int
    waived: int
    out_of_catalogue: int
    over_limit: int
    self_first: int
    in_scope: int


async def line_sums(session: ReadSession, settlement_id: UUID) -> list[LineSums]:
    """A settlement's lines by kind and class."""
    columns = settlement_lines.c
    parts = ("amount", "waived", "out_of_catalogue", "over_limit", "self_first", "in_scope")
    rows = await session.execute(
        select(
            columns.kind,
            columns.catalogue_class,
            *(cast(func.sum(columns[f"{part}_fen"]), BigInteger) for part in parts),
        )
        .where(columns.settlement_id == settlement_id)
        .group_by(columns.kind, columns.catalogue_class)
    )
    return [LineSums(*row) for row in rows]
