"""SQL of the register as a roster compares and changes it, many persons at a time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import (
    Column,
    ColumnElement,
    RowMapping,
    bindparam,
    exists,
    func,
    or_,
    select,
    text,
    union_all,
    update,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.models import (
    households,
    memberships,
    persons,
    source_records,
    value_differences,
)
from shared.db.bulk import copy_rows, update_rows

_FILLED = ("id_number_enc", "id_number_idx", "phone_enc", "phone_idx")
"""What a blank cell of a roster never erases."""


class RegisterRepository:
    """The register of one region, in one session."""

    def __init__(self, session: AsyncSession, region: str) -> None:
        self._session = session
        self._region = region

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
                memberships.c.import_id,
            ).where(
                _among(memberships.c.person_id, person_ids),
                memberships.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def superseded_by(
        self, import_id: UUID, person_ids: Sequence[UUID], *, at: datetime
    ) -> Sequence[RowMapping]:
        """The memberships of these persons that the import, at this moment, has taken back."""
        result = await self._session.execute(
            select(
                memberships.c.person_id,
                memberships.c.category,
                memberships.c.valid_from,
                memberships.c.valid_to,
            ).where(
                _among(memberships.c.person_id, person_ids),
                memberships.c.superseded_at == at,
                memberships.c.import_id != import_id,
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

    async def records_of_others(
        self, person_ids: Sequence[UUID], source: str
    ) -> Sequence[RowMapping]:
        """What sources other than ``source`` now say of these persons, encrypted."""
        result = await self._session.execute(
            select(
                source_records.c.person_id, source_records.c.source, source_records.c.record_enc
            ).where(
                _among(source_records.c.person_id, person_ids),
                source_records.c.source != source,
                source_records.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def recorded(self, source: str) -> list[UUID]:
        """Persons of whom the source says anything now."""
        result = await self._session.scalars(
            select(source_records.c.person_id)
            .join(persons, persons.c.person_id == source_records.c.person_id)
            .where(
                persons.c.region == self._region,
                source_records.c.source == source,
                source_records.c.superseded_at.is_(None),
            )
        )
        return list(result)

    async def households_of(self, person_ids: Sequence[UUID], source: str) -> Sequence[RowMapping]:
        """Household of each of these persons, if it is one of the source's."""
        result = await self._session.execute(
            select(persons.c.person_id, households.c.household_id, households.c.household_idx)
            .join(households, households.c.household_id == persons.c.household_id)
            .where(_among(persons.c.person_id, person_ids), households.c.source == source)
        )
        return result.mappings().all()

    # --- changing --------------------------------------------------------------------------

    async def registered(self, person_ids: Sequence[UUID]) -> dict[UUID, RowMapping]:
        """The persons' rows without their encrypted values, and whether others were merged in."""
        absorbed = persons.alias("absorbed")
        result = await self._session.execute(
            select(
                persons.c.person_id,
                persons.c.source,
                persons.c.version,
                persons.c.household_id,
                persons.c.township,
                persons.c.village,
                persons.c.merged_into,
                exists().where(absorbed.c.merged_into == persons.c.person_id).label("keeps_others"),
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
        await copy_rows(self._session, households, rows)

    async def add_persons(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await copy_rows(self._session, persons, rows)

    async def update_leading(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take over the leading source's values; a blank number or telephone erases none."""
        await update_rows(
            self._session,
            persons,
            [_without(row, ("region", "created_at")) for row in rows],
            key="person_id",
            keep_known=_FILLED,
        )

    async def fill_in(self, rows: Sequence[Mapping[str, Any]]) -> None:
        """Take a further source's number and telephone where none is known; raise the version."""
        names = ("person_id", *_FILLED, "version", "revision", "updated_at")
        await update_rows(
            self._session,
            persons,
            [{name: row[name] for name in names} for row in rows],
            key="person_id",
            fill_only=_FILLED,
        )

    async def set_versions(
        self, versions: Mapping[UUID, int], *, revision: int, at: datetime
    ) -> None:
        await update_rows(
            self._session,
            persons,
            [
                {
                    "person_id": person_id,
                    "version": version,
                    "revision": revision,
                    "updated_at": at,
                }
                for person_id, version in versions.items()
            ],
            key="person_id",
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
        await copy_rows(self._session, source_records, rows)

    async def supersede_memberships(self, ids: Sequence[UUID], *, at: datetime) -> None:
        if not ids:
            return
        await self._session.execute(
            update(memberships)
            .where(_among(memberships.c.membership_id, ids))
            .values(superseded_at=at)
        )

    async def add_memberships(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await copy_rows(self._session, memberships, rows)

    async def count_afresh(self) -> None:
        """Have the planner know the register's size at once, not when autovacuum comes by.

        With the statistics of an empty register the next comparison took fifty seconds for a
        hundred thousand persons instead of ten.
        """
        for table in (persons, source_records, memberships, households):
            await self._session.execute(text(f'ANALYZE "{table.name}"'))

    # --- differing values ------------------------------------------------------------------

    async def open_differences(
        self, person_ids: Sequence[UUID], source: str
    ) -> Sequence[RowMapping]:
        """The differences between the source and others that now stand."""
        differing = value_differences
        result = await self._session.execute(
            select(differing).where(
                _among(differing.c.person_id, person_ids),
                or_(differing.c.source == source, differing.c.other_source == source),
                differing.c.superseded_at.is_(None),
            )
        )
        return result.mappings().all()

    async def differences(self, person_ids: Sequence[UUID]) -> Sequence[RowMapping]:
        """Every difference there ever was about these persons, the latest first."""
        result = await self._session.execute(
            select(value_differences)
            .where(_among(value_differences.c.person_id, person_ids))
            .order_by(
                value_differences.c.recorded_at.desc(), value_differences.c.difference_id.desc()
            )
        )
        return result.mappings().all()

    async def add_differences(self, rows: Sequence[Mapping[str, Any]]) -> None:
        await copy_rows(self._session, value_differences, rows)

    async def supersede_differences(self, ids: Sequence[UUID], *, at: datetime) -> None:
        if not ids:
            return
        await self._session.execute(
            update(value_differences)
            .where(_among(value_differences.c.difference_id, ids))
            .values(superseded_at=at)
        )


def _without(row: Mapping[str, Any], names: Sequence[str]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name not in names}


def _among(column: Column[Any], values: Sequence[UUID] | Sequence[bytes]) -> ColumnElement[bool]:
    """Whether the column's value is one of many.

    Joined rather than compared with ``= ANY``: under a generic plan PostgreSQL compares every row
    with every element of the array, which grows with the square of the roster.
    """
    array = bindparam(None, list(values), type_=ARRAY(column.type), unique=True)
    return column.in_(select(func.unnest(array)))
