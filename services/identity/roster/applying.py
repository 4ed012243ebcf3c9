"""Changing the register by the staged rows of one import, a chunk at a time.

Everything happens in the caller's one transaction. Memberships and what a source said are never
overwritten: the old row is marked superseded and a new one is written beside it.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import (
    Period,
    Statement,
    registered_on_or_after,
    restate,
    union,
)
from services.identity.persons.indexes import household_index, person_indexes
from services.identity.roster.domain import RosterRow
from services.identity.roster.repository import RosterRepository
from services.identity.roster.staging import RECORD_COLUMN, decrypt_rows, row_text
from shared.clock import start_of_business_day
from shared.db.session import WriteSession
from shared.events.catalog import CategoryPeriod, PersonChanged, PersonEntered, PersonLeft
from shared.ids import new_id
from shared.messaging.outbox import Recorded, record_many
from shared.security.crypto import Vault


@dataclass(frozen=True)
class Place:
    """Where a person is registered."""

    household_id: UUID | None = None
    township: str | None = None
    village: str | None = None


@dataclass(frozen=True)
class Sealed:
    """A row's values, encrypted and indexed for the tables."""

    row: RosterRow
    person: dict[str, Any]
    record_enc: bytes
    household_idx: bytes | None
    household_no_enc: bytes | None


@dataclass(frozen=True)
class Applying:
    """One import, being applied."""

    session: WriteSession
    repository: RosterRepository
    vault: Vault
    region: str
    import_id: UUID
    source: str
    effective_on: date
    now: datetime

    async def apply_rows(self, staged: Sequence[RowMapping]) -> None:
        """Enter or change the persons of some staged rows."""
        ids = [row["person_id"] for row in staged]
        known = await self.repository.registered(ids)
        listing = await self._listing(ids)
        held = await self._held(ids)
        sealed = await asyncio.to_thread(self._seal, staged, known)
        household_ids = await self._households(sealed)

        entered: list[dict[str, Any]] = []
        leading: list[dict[str, Any]] = []
        further: list[dict[str, Any]] = []
        events: list[Recorded] = []
        changes = _MembershipChanges()
        for row, values in zip(staged, sealed, strict=True):
            person_id = row["person_id"]
            old = known.get(person_id)
            leads = (
                old is None
                or old["source"] == self.source
                or (old["source"] not in listing.get(person_id, ()))
            )
            before = Place() if old is None else _place(old)
            after = before
            if leads:
                after = Place(
                    household_ids.get(values.household_idx or b"", before.household_id),
                    values.row.township or before.township,
                    values.row.village or before.village,
                )
            histories = self._restate(person_id, held, values.row.statement(), changes)
            version = 1 if old is None else old["version"]
            event = self._event(person_id, histories, before, after, new=old is None)
            if event is not None:
                version += old is not None
                events.append(self._recorded(person_id, version, event))
            person = values.person | {
                "version": version,
                "household_id": after.household_id,
                "township": after.township,
                "village": after.village,
            }
            (entered if old is None else leading if leads else further).append(person)
        await self.repository.add_persons(entered)
        await self.repository.update_leading(leading)
        await self.repository.fill_in(further)
        await self._write_records(staged, sealed)
        await self._write_memberships(changes)
        await record_many(self.session, events)

    async def remove(self, person_ids: Sequence[UUID]) -> None:
        """End what the source gave to these persons on the day before the roster's."""
        known = await self.repository.registered(person_ids)
        held = await self._held(person_ids)
        changes = _MembershipChanges()
        events: list[Recorded] = []
        versions: dict[UUID, int] = {}
        for person_id in person_ids:
            place = _place(known[person_id])
            histories = self._restate(person_id, held, {}, changes)
            event = self._event(person_id, histories, place, place, new=False)
            if event is not None:
                versions[person_id] = known[person_id]["version"] + 1
                events.append(self._recorded(person_id, versions[person_id], event))
        await self.repository.set_versions(versions, at=self.now)
        await self.repository.supersede_records(self.source, person_ids, at=self.now)
        await self._write_memberships(changes)
        await record_many(self.session, events)

    # --- reading ---------------------------------------------------------------------------

    async def _listing(self, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
        found: dict[UUID, set[str]] = defaultdict(set)
        for record in await self.repository.current_records(ids):
            found[record["person_id"]].add(record["source"])
        return found

    async def _held(self, ids: Sequence[UUID]) -> dict[UUID, list[RowMapping]]:
        found: dict[UUID, list[RowMapping]] = defaultdict(list)
        for membership in await self.repository.current_memberships(ids):
            found[membership["person_id"]].append(membership)
        return found

    # --- deciding --------------------------------------------------------------------------

    def _restate(
        self,
        person_id: UUID,
        held: Mapping[UUID, Sequence[RowMapping]],
        statement: Statement,
        changes: _MembershipChanges,
    ) -> tuple[tuple[Period, ...], tuple[Period, ...]]:
        """Note what changes; gives the person's whole history before and after."""
        memberships = held.get(person_id, ())
        own = {_period(m): m["membership_id"] for m in memberships if m["source"] == self.source}
        others = [_period(m) for m in memberships if m["source"] != self.source]
        stated = restate(tuple(own), statement, effective_on=self.effective_on)
        changes.superseded += [known for period, known in own.items() if period not in stated]
        changes.added += [(person_id, period) for period in stated if period not in own]
        return union((*own, *others)), union((*stated, *others))

    def _event(
        self,
        person_id: UUID,
        histories: tuple[tuple[Period, ...], tuple[Period, ...]],
        before: Place,
        after: Place,
        *,
        new: bool,
    ) -> PersonEntered | PersonChanged | PersonLeft | None:
        past, present = histories
        if not new and past == present and before == after:
            return None
        was = not new and registered_on_or_after(past, self.effective_on)
        stays = registered_on_or_after(present, self.effective_on)
        kind: type[PersonEntered | PersonChanged | PersonLeft] = PersonChanged
        if new or (stays and not was):
            kind = PersonEntered
        elif was and not stays:
            kind = PersonLeft
        return kind(
            person_id=str(person_id),
            household_id=str(after.household_id) if after.household_id else None,
            township=after.township,
            village=after.village,
            categories=tuple(
                CategoryPeriod(code=p.code, valid_from=p.valid_from, valid_to=p.valid_to)
                for p in present
            ),
            effective_on=self.effective_on,
            recorded_at=self.now,
            reason="roster",
        )

    def _recorded(
        self, person_id: UUID, version: int, event: PersonEntered | PersonChanged | PersonLeft
    ) -> Recorded:
        return Recorded(
            event,
            subject=str(person_id),
            sequence=version,
            occurred_at=start_of_business_day(self.effective_on),
        )

    # --- writing ---------------------------------------------------------------------------

    async def _households(self, sealed: Sequence[Sealed]) -> dict[bytes, UUID]:
        wanted = {
            values.household_idx: values.household_no_enc
            for values in sealed
            if values.household_idx is not None
        }
        ids = await self.repository.household_ids(self.source, list(wanted))
        missing = {idx: new_id() for idx in wanted if idx not in ids}
        await self.repository.add_households(
            [
                {
                    "household_id": household_id,
                    "region": self.region,
                    "source": self.source,
                    "household_idx": idx,
                    "household_no_enc": wanted[idx],
                    "recorded_at": self.now,
                }
                for idx, household_id in missing.items()
            ]
        )
        return ids | missing

    async def _write_records(self, staged: Sequence[RowMapping], sealed: Sequence[Sealed]) -> None:
        existing = [row["person_id"] for row in staged if not row["new_person"]]
        if existing:
            await self.repository.supersede_records(self.source, existing, at=self.now)
        await self.repository.add_records(
            [
                {
                    "record_id": new_id(),
                    "person_id": row["person_id"],
                    "source": self.source,
                    "import_id": self.import_id,
                    "fingerprint": row["fingerprint"],
                    "record_enc": values.record_enc,
                    "recorded_at": self.now,
                }
                for row, values in zip(staged, sealed, strict=True)
            ]
        )

    async def _write_memberships(self, changes: _MembershipChanges) -> None:
        await self.repository.supersede_memberships(changes.superseded, at=self.now)
        await self.repository.add_memberships(
            [
                {
                    "membership_id": new_id(),
                    "person_id": person_id,
                    "region": self.region,
                    "source": self.source,
                    "category": period.code,
                    "valid_from": period.valid_from,
                    "valid_to": period.valid_to,
                    "recorded_at": self.now,
                    "import_id": self.import_id,
                }
                for person_id, period in changes.added
            ]
        )

    def _seal(self, staged: Sequence[RowMapping], known: Mapping[UUID, RowMapping]) -> list[Sealed]:
        rows = decrypt_rows(self.vault, [(row["row_no"], row["row_enc"]) for row in staged])
        return [
            self._seal_row(person["person_id"], row, known.get(person["person_id"]))
            for person, row in zip(staged, rows, strict=True)
        ]

    def _seal_row(self, person_id: UUID, row: RosterRow, old: RowMapping | None) -> Sealed:
        vault = self.vault
        indexes = person_indexes(
            vault,
            id_number=row.id_number,
            name=row.name,
            birth_date=row.birth_date,
            village=row.village or (old["village"] if old is not None else None),
            phone=row.phone,
        )
        person = {
            "person_id": person_id,
            "region": self.region,
            "source": self.source,
            "name_enc": vault.encrypt(row.name, column="persons.name"),
            "id_number_enc": _encrypted(vault, row.id_number, "persons.id_number"),
            "phone_enc": _encrypted(vault, row.phone, "persons.phone"),
            "birth_date": row.birth_date,
            "sex": row.sex,
            "id_number_idx": indexes.id_number_idx,
            "name_idx": indexes.name_idx,
            "name_birth_idx": indexes.name_birth_idx,
            "name_birth_village_idx": indexes.name_birth_village_idx,
            "phone_idx": indexes.phone_idx,
            "created_at": self.now,
            "updated_at": self.now,
        }
        return Sealed(
            row=row,
            person=person,
            record_enc=vault.encrypt(row_text(row), column=RECORD_COLUMN),
            household_idx=(
                household_index(vault, self.source, row.household_no) if row.household_no else None
            ),
            household_no_enc=_encrypted(vault, row.household_no, "households.household_no"),
        )


class _MembershipChanges:
    """What a chunk supersedes and adds."""

    def __init__(self) -> None:
        self.superseded: list[UUID] = []
        self.added: list[tuple[UUID, Period]] = []


def _encrypted(vault: Vault, text: str | None, column: str) -> bytes | None:
    return vault.encrypt(text, column=column) if text else None


def _period(membership: RowMapping) -> Period:
    return Period(membership["category"], membership["valid_from"], membership["valid_to"])


def _place(person: RowMapping) -> Place:
    return Place(person["household_id"], person["township"], person["village"])
