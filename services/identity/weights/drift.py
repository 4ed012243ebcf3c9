"""Use case: the tables of weights in the order in which they were learned, and how far each moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.matching.scoring import Weights
from services.identity.recognition.repository import WEIGHTS_COLUMN
from services.identity.weights import repository
from services.identity.weights.domain import Shift, shift
from shared.runtime.context import ServiceContext

TABLES = 12
"""Tables told: about a year of monthly rosters."""
_STATE = "identity.weights.shifts"


@dataclass(frozen=True)
class LearnedTable:
    """A table of weights.

    Attributes:
        people: registered then.
        moved: since the table before it; None for the first, and after a change of the model.
    """

    version: str
    learned_at: datetime
    people: int
    moved: Shift | None


async def learned_tables(session: AsyncSession, context: ServiceContext) -> list[LearnedTable]:
    """The latest tables, newest first."""
    rows = await repository.learned(session, context.region.region_code, limit=TABLES + 1)
    # A table never changes, and reading one decrypts the frequencies of all its names.
    known: dict[tuple[str, str], Shift | None] = context.state.setdefault(_STATE, {})
    tables: dict[str, Weights] = {}

    def read(row: repository.Learned) -> Weights:
        if row.version not in tables:
            text = context.vault.decrypt(row.content_enc, column=WEIGHTS_COLUMN)
            tables[row.version] = Weights.from_json(text)
        return tables[row.version]

    found: list[LearnedTable] = []
    for place, row in enumerate(rows[:TABLES]):
        before = rows[place + 1] if place + 1 < len(rows) else None
        moved = None
        if before is not None:
            pair = (before.version, row.version)
            if pair not in known:
                known[pair] = shift(read(before), read(row))
            moved = known[pair]
        found.append(LearnedTable(row.version, row.learned_at, row.people, moved))
    return found
