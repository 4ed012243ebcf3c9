"""SQL of roster imports: staging, comparing, and changing the register in bulk."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    bindparam,
    func,
    insert,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.dialects.postgresql import insert as upsert
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    households,
    memberships,
    persons,
    registers,
    roster_imports,
    row_faults,
    source_records,
    staged_removals,
    staged_rows,
)
from services.identity.roster.domain import RowFault

_APPLY_LOCK = 0x59495A48414E10
"""Advisory lock key: one import at a time changes the register of this database."""
_LOCK_WAIT = "50s"
_INSERT_ROWS = 2_000


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
        """How many imports have been applied; 0 for an empty register."""
        found = await self._session.scalar(
            select(registers.c.revision).where(registers.c.region == self._region)
        )
        return int(found or 0)

    async def raise_revision(self) -> None:
        statement = upsert(registers).values(region=self._region, revision=1)
        await self._session.execute(
            statement.on_conflict_do_update(
                index_elements=[registers.c.region],
                set_={"revision": registers.c.revision + 1},
            )
        )

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

    async def mark_applied(self, import_id: UUID, *, by: str, at: datetime) -> None:
        await self._session.execute(
            update(roster_imports)
            .where(roster_imports.c.import_id == import_id)
            .values(status="applied", applied_by=by, applied_at=at)
        )

    async def add_faults(self, import_id: UUID, faults: Sequence[RowFault]) -> None:
        await self._insert(
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
        await self._insert(staged_rows, rows)

    async def stage_removals(self, import_id: UUID, person_ids: Iterable[UUID]) -> None:
        await self._insert(
            staged_removals,
            [{"import_id": import_id, "person_id": person_id} for person_id in person_ids],
        )

    async def staged(self, import_id: UUID, *, chunk: int) -> AsyncIterator[Sequence[RowMapping]]:
        """The staged rows, ``chunk`` at a time, in the order of the file."""
        after = 0
        while True:
            result = await self._session.execute(
                select(staged_rows)
                .where(staged_rows.c.import_id == import_id, staged_rows.c.row_no > after)
                .order_by(staged_rows.c.row_no)
                .limit(chunk)
            )
            rows = result.mappings().all()
            if not rows:
                return
            yield rows
            after = rows[-1]["row_no"]

    async def removals(self, import_id: UUID) -> list[UUID]:
        result = await self._session.scalars(
            select(staged_removals.c.person_id)
            .where(staged_removals.c.import_id == import_id)
            .order_by(staged_removals.c.person_id)
        )
        return list(result)

    # --- comparing -------------------------------------------------------------------------

    async def linkable(
        self, source: str, *, id_number_idxs: Sequence[bytes], name_birth_idxs: Sequence[bytes]
    ) -> Sequence[RowMapping]:
        """Persons with one of the numbers, or one of the names and birth dates."""
        listed = (
            select(source_records.c.record_id)
            .where(
                source_records.c.person_id == persons.c.person_id,
                source_records.c.source == source,
                source_records.c.superseded_at.is_(None),
            )
            .exists()
        )
        columns = (
            persons.c.person_id,
            persons.c.id_number_idx,
            persons.c.name_idx,
            persons.c.name_birth_idx,
            persons.c.name_birth_village_idx,
            listed.label("listed"),
        )
        here = persons.c.region == self._region
        result = await self._session.execute(
            union_all(
                select(*columns).where(here, _among(persons.c.id_number_idx, id_number_idxs)),
                select(*columns).where(here, _among(persons.c.name_birth_idx, name_birth_idxs)),
            )
        )
        return result.mappings().all()

    async def current_records(self, person_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """What each source now says of these persons: fingerprints."""
        result = await self._session.execute(
            select(
                source_records.c.person_id, source_records.c.source, source_records.c.fingerprint
            ).where(
                _among(source_records.c.person_id, person_ids),
                source_records.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def current_memberships(self, person_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """The memberships of these persons as now known, from every source."""
        result = await self._session.execute(
            select(
                memberships.c.membership_id,
                memberships.c.person_id,
                memberships.c.source,
                memberships.c.category,
                memberships.c.valid_from,
                memberships.c.valid_to,
            ).where(
                _among(memberships.c.person_id, person_ids),
                memberships.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def holding(self, source: str, day: date) -> list[UUID]:
        """Persons to whom the source gives a category that holds on ``day``."""
        result = await self._session.scalars(
            select(memberships.c.person_id)
            .distinct()
            .where(
                memberships.c.region == self._region,
                memberships.c.source == source,
                memberships.c.superseded_at.is_(None),
                memberships.c.valid_from <= day,
                or_(memberships.c.valid_to.is_(None), memberships.c.valid_to >= day),
            )
        )
        return list(result)

    async def for_protection(self, person_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """What is needed to tell whether a rejected row may be one of these persons."""
        result = await self._session.execute(
            select(
                persons.c.person_id,
                persons.c.id_number_enc,
                persons.c.name_idx,
                persons.c.birth_date,
                persons.c.village,
                households.c.household_idx,
            )
            .select_from(
                persons.outerjoin(households, households.c.household_id == persons.c.household_id)
            )
            .where(_among(persons.c.person_id, person_ids))
        )
        return result.mappings().all()

    # --- changing --------------------------------------------------------------------------

    async def registered(self, person_ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
        """The persons' rows without their encrypted values."""
        result = await self._session.execute(
            select(
                persons.c.person_id,
                persons.c.source,
                persons.c.version,
                persons.c.household_id,
                persons.c.township,
                persons.c.village,
            ).where(_among(persons.c.person_id, person_ids))
        )
        return {row["person_id"]: row for row in result.mappings()}

    async def household_ids(self, source: str, idxs: Sequence[bytes]) -> dict[bytes, UUID]:
        result = await self._session.execute(
            select(households.c.household_idx, households.c.household_id).where(
                households.c.region == self._region,
                households.c.source == source,
                _among(households.c.household_idx, idxs),
            )
        )
        return {row.household_idx: row.household_id for row in result}

    async def add_households(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._insert(households, rows)

    async def add_persons(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._insert(persons, rows)

    async def update_leading(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take over the leading source's values; a blank number or telephone erases none."""
        if not rows:
            return
        filled = ("id_number_enc", "id_number_idx", "phone_enc", "phone_idx")
        plain = [
            name
            for name in rows[0]
            if name not in filled and name not in ("person_id", "region", "created_at")
        ]
        statement = (
            update(persons)
            .where(persons.c.person_id == bindparam("b_person_id"))
            .values(
                {name: bindparam(f"b_{name}") for name in plain}
                | {
                    name: func.coalesce(
                        bindparam(f"b_{name}", type_=persons.c[name].type), persons.c[name]
                    )
                    for name in filled
                }
            )
        )
        names = (*plain, *filled, "person_id")
        await self._session.execute(
            statement, [{f"b_{name}": row[name] for name in names} for row in rows]
        )

    async def fill_in(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take a further source's number and telephone where none is known; raise the version."""
        if not rows:
            return
        filled = ("id_number_enc", "id_number_idx", "phone_enc", "phone_idx")
        statement = (
            update(persons)
            .where(persons.c.person_id == bindparam("b_person_id"))
            .values(
                {
                    name: func.coalesce(
                        persons.c[name], bindparam(f"b_{name}", type_=persons.c[name].type)
                    )
                    for name in filled
                }
                | {"version": bindparam("b_version"), "updated_at": bindparam("b_updated_at")}
            )
        )
        names = (*filled, "person_id", "version", "updated_at")
        await self._session.execute(
            statement, [{f"b_{name}": row[name] for name in names} for row in rows]
        )

    async def set_versions(self, versions: Mapping[UUID, int], *, at: datetime) -> None:
        if not versions:
            return
        await self._session.execute(
            update(persons)
            .where(persons.c.person_id == bindparam("b_person_id"))
            .values(version=bindparam("b_version"), updated_at=at),
            [
                {"b_person_id": person_id, "b_version": version}
                for person_id, version in versions.items()
            ],
        )

    async def supersede_records(
        self, source: str, person_ids: Sequence[UUID], *, at: datetime
    ) -> None:
        await self._session.execute(
            update(source_records)
            .where(
                _among(source_records.c.person_id, person_ids),
                source_records.c.source == source,
                source_records.c.superseded_at.is_(None),
            )
            .values(superseded_at=at)
        )

    async def add_records(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._insert(source_records, rows)

    async def supersede_memberships(self, ids: Sequence[UUID], *, at: datetime) -> None:
        if not ids:
            return
        await self._session.execute(
            update(memberships)
            .where(_among(memberships.c.membership_id, ids))
            .values(superseded_at=at)
        )

    async def add_memberships(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await self._insert(memberships, rows)

    async def _insert(self, table: Any, rows: Sequence[Mapping[str, Any]]) -> None:
        for start in range(0, len(rows), _INSERT_ROWS):
            await self._session.execute(insert(table), list(rows[start : start + _INSERT_ROWS]))


def _among(column: Column[Any], values: Sequence[UUID] | Sequence[bytes]) -> ColumnElement[bool]:
    """Whether the column's value is one of many.

    Joined rather than compared with ``= ANY``: under a generic plan PostgreSQL compares every row
    with every element of the array, which grows with the square of the roster.
    """
    array = bindparam(None, list(values), type_=ARRAY(column.type), unique=True)
    return column.in_(select(func.unnest(array)))
