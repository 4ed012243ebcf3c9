"""SQL of roster imports: their states, what is staged, and the register's lock and revision."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, delete, func, insert, select, text, tuple_, update
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    households,
    incomplete_households,
    persons,
    recognition_revisions,
    recognitions,
    registers,
    roster_imports,
    roster_mappings,
    roster_progress,
    row_faults,
    staged_removals,
    staged_rows,
)
from services.identity.roster.faults import RowFault
from shared.db.bulk import copy_rows

_APPLY_LOCK = 0x59495A48414E10
"""Advisory lock key: one import at a time changes the register of this database."""
_LOCK_WAIT = "50s"


class RosterRepository:
    """All SQL of the slice, in one session and region."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

    # --- imports ---------------------------------------------------------------------------

    async def plan_afresh(self) -> None:
        """Have statements planned for the register's size of now, until the transaction ends.

        A plan that a connection keeps from the time of an empty register scans everything for
        every row once the register is full: a second upload took thirty times the first.
        """
        await self._session.execute(
            text("SELECT set_config('plan_cache_mode', 'force_custom_plan', true)")
        )

    async def lock_register(self) -> None:
        """Wait until no other import changes the register; held until the transaction ends."""
        await self._session.execute(
            text("SELECT set_config('lock_timeout', :wait, true)"), {"wait": _LOCK_WAIT}
        )
        await self._session.execute(
            text("SELECT pg_advisory_xact_lock(:key)"), {"key": _APPLY_LOCK}
        )

    async def revision(self) -> int:
        """The register's revision: rises with every change; 0 for an empty register."""
        found = await self._session.scalar(
            select(registers.c.revision).where(registers.c.region == self._region)
        )
        return int(found or 0)

    async def roster_revision(self) -> int:
        """The revision of the last change that a roster's comparison must not miss."""
        found = await self._session.scalar(
            select(registers.c.roster_revision).where(registers.c.region == self._region)
        )
        return int(found or 0)

    async def raise_revision(self, *, outdates_rosters: bool = True) -> int:
        """Raise the register's revision, under its lock; gives the new one for the persons changed.

        Args:
            outdates_rosters: whether rosters that were compared before must be uploaded again. Not
                so for what no roster speaks of, such as a health card.
        """
        statement = upsert(registers).values(region=self._region, revision=1, roster_revision=1)
        risen = registers.c.revision + 1
        raised = await self._session.scalar(
            statement.on_conflict_do_update(
                index_elements=[registers.c.region],
                set_={"revision": risen} | ({"roster_revision": risen} if outdates_rosters else {}),
            ).returning(registers.c.revision)
        )
        return int(raised or 0)

    async def add_import(self, values: Mapping[str, Any]) -> None:
        await self._session.execute(insert(roster_imports).values(region=self._region, **values))

    async def get_import(self, import_id: UUID) -> RowMapping | None:
        result = await self._session.execute(
            select(roster_imports).where(
                roster_imports.c.import_id == import_id, roster_imports.c.region == self._region
            )
        )
        return result.mappings().one_or_none()

    async def count_import(self, import_id: UUID, counts: Mapping[str, int]) -> None:
        await self._session.execute(
            update(roster_imports).where(roster_imports.c.import_id == import_id).values(**counts)
        )

    async def lock_import(self, import_id: UUID) -> RowMapping | None:
        """As :meth:`get_import`, with the row locked until the transaction ends."""
        result = await self._session.execute(
            select(roster_imports)
            .where(roster_imports.c.import_id == import_id, roster_imports.c.region == self._region)
            .with_for_update()
        )
        return result.mappings().one_or_none()

    async def imports(
        self,
        *,
        organisation: str | None,
        status: str | None,
        before: tuple[datetime, UUID] | None,
        limit: int,
    ) -> Sequence[RowMapping]:
        """Imports, the latest first; of one organisation or (None) of all."""
        place = tuple_(roster_imports.c.uploaded_at, roster_imports.c.import_id)
        statement = select(roster_imports).where(roster_imports.c.region == self._region)
        if organisation is not None:
            statement = statement.where(roster_imports.c.organisation == organisation)
        if status is not None:
            statement = statement.where(roster_imports.c.status == status)
        if before is not None:
            statement = statement.where(place < before)
        result = await self._session.execute(
            statement.order_by(
                roster_imports.c.uploaded_at.desc(), roster_imports.c.import_id.desc()
            ).limit(limit)
        )
        return result.mappings().all()

    async def mark_confirmed(self, import_id: UUID, *, by: str, at: datetime) -> None:
        await self._session.execute(
            update(roster_imports)
            .where(roster_imports.c.import_id == import_id)
            .values(status="confirmed", confirmed_by=by, confirmed_at=at)
        )

    async def mark_applied(
        self, import_id: UUID, *, by: str, at: datetime, recognitions_affected: int
    ) -> None:
        await self._session.execute(
            update(roster_imports)
            .where(roster_imports.c.import_id == import_id)
            .values(
                status="applied",
                applied_by=by,
                applied_at=at,
                recognitions_affected=recognitions_affected,
            )
        )

    async def add_faults(self, import_id: UUID, faults: Sequence[RowFault]) -> None:
        await copy_rows(
            self._session,
            row_faults,
            [
                {"import_id": import_id, "number": number, "fault": asdict(fault)}
                for number, fault in enumerate(faults, start=1)
            ],
        )

    async def faults(self, import_id: UUID, *, limit: int | None = None) -> list[dict[str, Any]]:
        """The faults of an import in the order of the file; all of them without a limit."""
        result = await self._session.execute(
            select(row_faults.c.fault)
            .where(row_faults.c.import_id == import_id)
            .order_by(row_faults.c.number)
            .limit(limit)
        )
        return [dict(fault) for fault in result.scalars()]

    async def stage(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await copy_rows(self._session, staged_rows, rows)

    async def stage_removals(self, import_id: UUID, person_ids: Iterable[UUID]) -> None:
        await copy_rows(
            self._session,
            staged_removals,
            [{"import_id": import_id, "person_id": person_id} for person_id in person_ids],
        )

    async def staged(self, import_id: UUID, *, chunk: int) -> AsyncIterator[Sequence[RowMapping]]:
        """The staged rows in the order of the file, those of ``chunk`` of its rows at a time.

        Both ends are given: with one alone a table whose size nobody has told the planner yet is
        sorted whole for each piece, which grows with the square of the roster.
        """
        mine = staged_rows.c.import_id == import_id
        last = await self._session.scalar(select(func.max(staged_rows.c.row_no)).where(mine))
        for start in range(0, last or 0, chunk):
            within = staged_rows.c.row_no.between(start + 1, start + chunk)
            result = await self._session.execute(
                select(staged_rows).where(mine, within).order_by(staged_rows.c.row_no)
            )
            rows = result.mappings().all()
            if rows:
                yield rows

    async def removals(self, import_id: UUID) -> list[UUID]:
        result = await self._session.scalars(
            select(staged_removals.c.person_id)
            .where(staged_removals.c.import_id == import_id)
            .order_by(staged_removals.c.person_id)
        )
        return list(result)

    async def staged_count(self, import_id: UUID) -> int:
        found = await self._session.scalar(
            select(func.count())
            .select_from(staged_rows)
            .where(staged_rows.c.import_id == import_id)
        )
        return int(found or 0)

    # --- households of which members are missing -------------------------------------------

    async def add_incomplete(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await copy_rows(self._session, incomplete_households, rows)

    async def incomplete(
        self, import_id: UUID, *, after: UUID | None, limit: int
    ) -> Sequence[RowMapping]:
        statement = select(incomplete_households).where(
            incomplete_households.c.import_id == import_id
        )
        if after is not None:
            statement = statement.where(incomplete_households.c.household_id > after)
        result = await self._session.execute(
            statement.order_by(incomplete_households.c.household_id).limit(limit)
        )
        return result.mappings().all()

    async def missing_members(
        self, import_id: UUID, household_ids: Sequence[UUID]
    ) -> Sequence[RowMapping]:
        """The members of these households whom the file leaves out."""
        result = await self._session.execute(
            select(
                persons.c.person_id,
                persons.c.household_id,
                persons.c.name_enc,
                persons.c.birth_date,
                persons.c.township,
                persons.c.village,
            )
            .join(households, households.c.household_id == persons.c.household_id)
            .join(staged_removals, staged_removals.c.person_id == persons.c.person_id)
            .where(
                staged_removals.c.import_id == import_id,
                persons.c.household_id.in_(household_ids),
            )
            .order_by(persons.c.person_id)
        )
        return result.mappings().all()

    # --- recognitions told anew ------------------------------------------------------------

    async def affected_recognitions(
        self, import_id: UUID, *, after: UUID | None, limit: int
    ) -> Sequence[RowMapping]:
        """What the import made of earlier recognitions, in the order in which they were told."""
        revised = recognition_revisions
        statement = (
            select(
                revised,
                recognitions.c.facility_code,
                recognitions.c.visit_no,
                recognitions.c.visit_type,
                recognitions.c.occurred_at,
            )
            .join(recognitions, recognitions.c.recognition_id == revised.c.recognition_id)
            .where(revised.c.import_id == import_id)
        )
        if after is not None:
            statement = statement.where(revised.c.revision_id > after)
        result = await self._session.execute(statement.order_by(revised.c.revision_id).limit(limit))
        return result.mappings().all()

    # --- what a source's headers mean ------------------------------------------------------

    async def mapping(self, source: str) -> RowMapping | None:
        result = await self._session.execute(
            select(roster_mappings).where(
                roster_mappings.c.region == self._region, roster_mappings.c.source == source
            )
        )
        return result.mappings().one_or_none()

    async def set_mapping(
        self, source: str, headers: Mapping[str, str | None], *, by: str, at: datetime
    ) -> None:
        values = {"headers": dict(headers), "updated_by": by, "updated_at": at}
        await self._session.execute(
            upsert(roster_mappings)
            .values(region=self._region, source=source, **values)
            .on_conflict_do_update(
                index_elements=[roster_mappings.c.region, roster_mappings.c.source], set_=values
            )
        )

    # --- progress --------------------------------------------------------------------------

    async def write_progress(
        self, import_id: UUID, values: Mapping[str, Any], *, at: datetime, afresh: bool
    ) -> None:
        changing = {**values, "updated_at": at}
        statement = upsert(roster_progress).values(
            import_id=import_id, region=self._region, started_at=at, **changing
        )
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[roster_progress.c.import_id],
                set_=changing | ({"started_at": at} if afresh else {}),
            )
        )

    async def forget_progress(self, *, before: datetime) -> None:
        await self._session.execute(
            delete(roster_progress).where(roster_progress.c.updated_at < before)
        )

    async def progress(self, *, organisation: str | None) -> Sequence[RowMapping]:
        """Imports under way or lately ended, the latest first; of one organisation or of all."""
        statement = select(roster_progress).where(roster_progress.c.region == self._region)
        if organisation is not None:
            statement = statement.where(roster_progress.c.organisation == organisation)
        result = await self._session.execute(
            statement.order_by(roster_progress.c.started_at.desc(), roster_progress.c.import_id)
        )
        return result.mappings().all()
