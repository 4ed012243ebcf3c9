"""What a service was told of merges, in its own database, and who stands for whom by it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ColumnElement,
    DateTime,
    Index,
    MetaData,
    Row,
    String,
    Table,
    bindparam,
    func,
    literal,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import InstrumentedAttribute

from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import PersonMerged, PersonUnmerged
from shared.merges.rule import Merge, Turn, turn

PersonId = ColumnElement[str] | InstrumentedAttribute[str]
"""A column that holds an id."""

_HOLD: Final = text("SELECT pg_advisory_xact_lock_shared(hashtextextended('person_merges', 0))")
_HOLD_ALONE: Final = text("SELECT pg_advisory_xact_lock(hashtextextended('person_merges', 0))")


def merge_table(metadata: MetaData) -> Table:
    """The table ``person_merges``; :mod:`shared.merges.ddl` makes it in a migration."""
    timestamp = DateTime(timezone=True)
    return Table(
        "person_merges",
        metadata,
        Column("merge_id", String(64), primary_key=True),
        Column("region", String(16), nullable=False),
        Column("kept_person_id", String(64), nullable=False),
        Column("absorbed_person_id", String(64), nullable=False),
        # Null while only the undoing has been told.
        Column("merged_at", timestamp, nullable=True),
        Column("undone_at", timestamp, nullable=True),
        # Neither undone nor shown by a later merge to have been; see the rule.
        Column("in_force", Boolean, nullable=False),
        CheckConstraint("kept_person_id <> absorbed_person_id", name="two_persons"),
        CheckConstraint("merged_at IS NOT NULL OR undone_at IS NOT NULL", name="told"),
        CheckConstraint("merged_at IS NOT NULL OR NOT in_force", name="in_force"),
        # One step from an absorbed person to the one who stands for him.
        Index(
            "uq_person_merges_absorbed_in_force",
            "absorbed_person_id",
            unique=True,
            postgresql_where=text("in_force"),
        ),
        Index("ix_person_merges_absorbed", "absorbed_person_id"),
        Index("ix_person_merges_kept", "kept_person_id"),
    )


class MergeStore:
    """The statements over one service's ``person_merges``, made once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        statement = insert(table)
        told = statement.excluded
        self._keep = statement.on_conflict_do_update(
            index_elements=["merge_id"],
            set_={
                name: func.coalesce(table.c[name], told[name])
                for name in ("merged_at", "undone_at")
            },
        ).returning(*table.c)
        person_id = bindparam("person_id", type_=String)
        self._kept_of = select(self.kept_or_self(person_id))
        self._members = select(self.kept_or_self(person_id)).union(
            select(table.c.absorbed_person_id).where(
                table.c.kept_person_id == self.kept_or_self(person_id), table.c.in_force
            )
        )

    def kept_or_self(self, person_id: PersonId) -> ColumnElement[str]:
        """The id of him who stands for a person, in the statement's own snapshot."""
        merge = self._table.alias()
        kept = (
            select(merge.c.kept_person_id)
            .where(merge.c.absorbed_person_id == person_id, merge.c.in_force)
            .correlate_except(merge)
            .scalar_subquery()
        )
        return func.coalesce(kept, person_id)

    def means(self, person_id: PersonId, kept: ColumnElement[str] | str) -> ColumnElement[bool]:
        """Whether an id is that of ``kept``, who stands for himself, or of one he absorbed.

        As one array and not as an OR with a subquery: only so PostgreSQL finds the rows by an
        index on the id, and does not read every row there is.
        """
        merge = self._table.alias()
        him = literal(kept, String) if isinstance(kept, str) else kept
        ids = union_all(
            select(him),
            select(merge.c.absorbed_person_id).where(
                merge.c.kept_person_id == him, merge.c.in_force
            ),
        )
        return person_id == func.any(func.array(ids.scalar_subquery()))

    async def hold(self, session: WriteSession) -> None:
        """Let nobody change who stands for whom until the transaction ends.

        A statement begun after this sees the merge that was waited for. Take it before anything
        else that is locked.
        """
        await session.execute(_HOLD)

    async def kept_of(self, session: ReadSession, person_id: str) -> str:
        """The id of him who stands for a person: his own, unless he was absorbed."""
        return str((await session.execute(self._kept_of, {"person_id": person_id})).scalar_one())

    async def members(self, session: ReadSession, person_id: str) -> tuple[str, ...]:
        """Every id that means the same person now."""
        found = await session.execute(self._members, {"person_id": person_id})
        return tuple(sorted(found.scalars()))

    async def follow(
        self, session: WriteSession, said: PersonMerged | PersonUnmerged, *, region: str
    ) -> Turn:
        """Keep what was told of a merge and let it stand; the same news again changes nothing.

        Waits until nobody holds who stands for whom, and holds it alone until the transaction
        ends.
        """
        await session.execute(_HOLD_ALONE)
        merged = isinstance(said, PersonMerged)
        told = await self.keep(
            session,
            merge_id=said.merge_id,
            region=region,
            kept=said.kept_person_id,
            absorbed=said.absorbed_person_id,
            merged_at=said.recorded_at if merged else None,
            undone_at=None if merged else said.recorded_at,
        )
        change = turn(told, await self.sharing(session, told))
        for merge in change.ended:
            await self.set_in_force(session, merge.merge_id, in_force=False)
        if change.begun is not None:
            await self.set_in_force(session, change.begun.merge_id, in_force=True)
        return change

    async def keep(
        self,
        session: WriteSession,
        *,
        merge_id: str,
        region: str,
        kept: str,
        absorbed: str,
        merged_at: datetime | None,
        undone_at: datetime | None,
    ) -> Merge:
        """Add what was told of a merge; gives all that is known of it, ``in_force`` as before."""
        row = await session.execute(
            self._keep,
            {
                "merge_id": merge_id,
                "region": region,
                "kept_person_id": kept,
                "absorbed_person_id": absorbed,
                "merged_at": merged_at,
                "undone_at": undone_at,
                "in_force": False,
            },
        )
        return _merge(row.one())

    async def sharing(self, session: WriteSession, merge: Merge) -> Sequence[Merge]:
        """Every other known merge of one of the two persons."""
        persons, c = sorted(merge.persons), self._table.c
        rows = await session.execute(
            select(self._table)
            .where(
                c.merge_id != merge.merge_id,
                or_(c.kept_person_id.in_(persons), c.absorbed_person_id.in_(persons)),
            )
            .order_by(c.merge_id)
        )
        return [_merge(row) for row in rows]

    async def set_in_force(self, session: WriteSession, merge_id: str, *, in_force: bool) -> None:
        await session.execute(
            update(self._table).where(self._table.c.merge_id == merge_id).values(in_force=in_force)
        )


def _merge(row: Row[Any]) -> Merge:
    return Merge(
        merge_id=row.merge_id,
        kept=row.kept_person_id,
        absorbed=row.absorbed_person_id,
        merged_at=row.merged_at,
        undone=row.undone_at is not None,
        in_force=row.in_force,
    )
