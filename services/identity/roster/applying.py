"""Changing the register by the staged rows of one import, a chunk at a time.

Everything happens in the caller's one transaction. Memberships and what a source said are never
overwritten: the old row is marked superseded and a new one is written beside it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import AsyncIterable, AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import Period, restate, union
from services.identity.categories.leaving import Reason
from services.identity.revisions.repository import RevisionRepository
from services.identity.roster.causes import poverty_cause
from services.identity.roster.journal import Journal
from services.identity.roster.preparing import Opened
from services.identity.roster.register import RegisterRepository
from services.identity.roster.rows import RosterRow
from services.identity.roster.sealing import Sealed, Sealing
from services.identity.roster.telling import Place, Telling
from shared.db.session import WriteSession
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Recorded
from shared.runtime import crashpoints

Histories = tuple[tuple[Period, ...], tuple[Period, ...]]
"""A person's periods from every source, before and after."""


@dataclass(frozen=True)
class Chunk:
    """Some staged rows and what the register holds of their persons."""

    staged: Sequence[RowMapping]
    known: Mapping[UUID, RowMapping]
    listing: Mapping[UUID, set[str]]
    held: Mapping[UUID, Sequence[RowMapping]]
    household_ids: Mapping[bytes, UUID]
    households_new: Mapping[bytes, UUID]


@dataclass
class Changes:
    """What one chunk does to the tables."""

    known: list[UUID] = field(default_factory=list)
    households: list[dict[str, Any]] = field(default_factory=list)
    entered: list[dict[str, Any]] = field(default_factory=list)
    leading: list[dict[str, Any]] = field(default_factory=list)
    further: list[dict[str, Any]] = field(default_factory=list)
    records: list[dict[str, Any]] = field(default_factory=list)
    superseded: list[UUID] = field(default_factory=list)
    memberships: list[dict[str, Any]] = field(default_factory=list)
    events: list[Recorded] = field(default_factory=list)
    outbox: list[dict[str, Any]] = field(default_factory=list)
    listed_elsewhere: list[Sealed] = field(default_factory=list)
    """Rows of persons of whom other sources speak too."""
    rows: int = 0


@dataclass(frozen=True)
class Applying:
    """One import, being applied."""

    session: WriteSession
    register: RegisterRepository
    sealing: Sealing
    opening: Callable[[Sequence[tuple[int, bytes]]], list[Opened]]
    """An ``Opening``, or a helper process that is one."""
    journal: Journal
    telling: Telling
    source: str
    effective_on: date
    now: datetime
    revision: int
    """The register's, once this import is applied."""
    changed: list[UUID] = field(default_factory=list)
    """Registered persons whose categories changed on any day."""
    merged: list[UUID] = field(default_factory=list)
    """Persons changed who are one with others: they are told of together, at the end."""
    households: dict[bytes, UUID] = field(default_factory=dict)
    """Households that this import enters, by their index."""

    async def read(self, pieces: AsyncIterable[Sequence[RowMapping]]) -> AsyncIterator[Chunk]:
        """Look up what the register holds of the persons of staged rows.

        A chunk is read before the one ahead of it is written: no person stands in two of them, and
        a household that both enter is remembered.
        """
        async for staged in pieces:
            ids = [row["person_id"] for row in staged if not row["new_person"]]
            known: Mapping[UUID, RowMapping] = {}
            listing: Mapping[UUID, set[str]] = {}
            held: Mapping[UUID, Sequence[RowMapping]] = {}
            if ids:
                known = await self.register.registered(ids)
                listing = await self._listing(ids)
                held = await self._held(ids)
            wanted = {row["household_idx"] for row in staged} - {None} - self.households.keys()
            found = await self.register.household_ids(self.source, list(wanted)) if wanted else {}
            new = {idx: new_id() for idx in sorted(wanted - found.keys())}
            self.households.update(new)
            yield Chunk(staged, known, listing, held, self.households | found, new)

    def decide(self, chunk: Chunk) -> Changes:
        """What the rows change, encrypted and ready to be written. Heavy; run in a thread."""
        changes = Changes(known=list(chunk.known), rows=len(chunk.staged))
        opened = self.opening([(row["row_no"], row["row_enc"]) for row in chunk.staged])
        sealed = self.sealing.seal(chunk.staged, opened)
        self._decide(changes, sealed, chunk)
        changes.households = self._households(sealed, chunk.households_new)
        changes.records = [{"record_id": new_id(), **each.record} for each in sealed]
        changes.outbox = outbox.prepare(changes.events)
        changes.listed_elsewhere = [
            each for each in sealed if chunk.listing.get(each.person_id, set()) - {self.source}
        ]
        return changes

    async def write(self, changes: Changes) -> None:
        """Enter or change the persons of some staged rows."""
        await self.register.add_households(changes.households)
        await self.register.add_persons(changes.entered)
        await self.register.update_leading(changes.leading)
        await self.register.fill_in(changes.further)
        if changes.known:
            await self.register.supersede_records(self.source, changes.known, at=self.now)
        await self.register.add_records(changes.records)
        await self._write(changes)
        await self.journal.compare(changes.listed_elsewhere)
        crashpoints.reach("roster.mid_apply")

    async def remove(self, person_ids: Sequence[UUID]) -> None:
        """End what the source gave to these persons on the day before the roster's."""
        known = await self.register.registered(person_ids)
        held = await self._held(person_ids)
        changes = Changes()
        versions: dict[UUID, int] = {}
        for person_id in person_ids:
            old = known[person_id]
            own = self._own(held.get(person_id, ()))
            after = restate(tuple(own), {}, effective_on=self.effective_on)
            histories = self._note(
                changes, person_id, held.get(person_id, ()), after, reason="not_listed"
            )
            version = self._tell(changes, old, person_id, histories, _place(old), "not_listed")
            versions[person_id] = version or int(old["version"])
        changes.outbox = outbox.prepare(changes.events)
        await self.register.set_versions(versions, revision=self.revision, at=self.now)
        await self.register.supersede_records(self.source, person_ids, at=self.now)
        await self._write(changes)
        await self.journal.close(person_ids)
        crashpoints.reach("roster.mid_apply")

    async def finish(self) -> None:
        """Tell of the changed persons who are merged with others: of each group once, whole."""
        if not self.merged:
            return
        revisions = RevisionRepository(self.session, self.sealing.region)
        together = await revisions.groups(self.merged)
        by_kept = {group.kept: group for group in together.values()}
        known = await self.register.registered(list(by_kept))
        members = [member for group in by_kept.values() for member in group.members]
        held = await self._held(members)
        ended = await self.register.superseded_by(self.sealing.import_id, members, at=self.now)
        events: list[Recorded] = []
        versions: dict[UUID, int] = {}
        for kept, group in by_kept.items():
            now_held = [m for member in group.members for m in held.get(member, ())]
            before = [m for m in now_held if m["import_id"] != self.sealing.import_id]
            before += [m for m in ended if m["person_id"] in group.members]
            versions[kept] = int(known[kept]["version"]) + 1
            events.append(
                self.telling.event(
                    kept,
                    versions[kept],
                    before=union(_period(m) for m in before),
                    after=union(_period(m) for m in now_held),
                    place=_place(known[kept]),
                )
            )
        await self.register.set_versions(versions, revision=self.revision, at=self.now)
        await outbox.record_many(self.session, events)

    # --- reading ---------------------------------------------------------------------------

    async def _listing(self, ids: Sequence[UUID]) -> dict[UUID, set[str]]:
        found: dict[UUID, set[str]] = defaultdict(set)
        for record in await self.register.current_records(ids):
            found[record["person_id"]].add(record["source"])
        return found

    async def _held(self, ids: Sequence[UUID]) -> dict[UUID, list[RowMapping]]:
        found: dict[UUID, list[RowMapping]] = defaultdict(list)
        for membership in await self.register.current_memberships(ids):
            found[membership["person_id"]].append(membership)
        return found

    # --- deciding --------------------------------------------------------------------------

    def _decide(self, changes: Changes, sealed: Sequence[Sealed], chunk: Chunk) -> None:
        for each in sealed:
            person_id, row = each.person_id, each.row
            old = chunk.known.get(person_id)
            leads = (
                old is None
                or old["source"] == self.source
                or (old["source"] not in chunk.listing.get(person_id, ()))
            )
            before = Place() if old is None else _place(old)
            after = before
            if leads:
                after = Place(
                    chunk.household_ids.get(each.household_idx or b"", before.household_id),
                    row.township or before.township,
                    row.village or before.village,
                )
                if before.village is not None:
                    self.sealing.place_known(each, before.village)
            memberships = chunk.held.get(person_id, ())
            own = tuple(self._own(memberships))
            periods = row.stated.restated(own, effective_on=self.effective_on)
            histories = self._note(changes, person_id, memberships, periods, reason=row.reason)
            version = self._tell(changes, old, person_id, histories, after, row.reason, row)
            person = each.person
            person["version"] = version or (1 if old is None else old["version"])
            person["household_id"] = after.household_id
            person["township"] = after.township
            person["village"] = after.village
            if old is None:
                changes.entered.append(person)
            else:
                (changes.leading if leads else changes.further).append(person)

    def _own(self, memberships: Sequence[RowMapping]) -> dict[Period, UUID]:
        return {_period(m): m["membership_id"] for m in memberships if m["source"] == self.source}

    def _note(
        self,
        changes: Changes,
        person_id: UUID,
        memberships: Sequence[RowMapping],
        after: Sequence[Period],
        *,
        reason: Reason | None,
    ) -> Histories:
        """Note what the source's periods become; gives the whole history before and after."""
        own = self._own(memberships)
        others = [_period(m) for m in memberships if m["source"] != self.source]
        changes.superseded += [known for period, known in own.items() if period not in after]
        changes.memberships += [
            {
                "membership_id": new_id(),
                "person_id": person_id,
                "region": self.sealing.region,
                "source": self.source,
                "category": period.code,
                "valid_from": period.valid_from,
                "valid_to": period.valid_to,
                "recorded_at": self.now,
                "import_id": self.sealing.import_id,
                "reason": reason if period.valid_to is not None else None,
            }
            for period in after
            if period not in own
        ]
        return union((*own, *others)), union((*after, *others))

    def _tell(
        self,
        changes: Changes,
        old: RowMapping | None,
        person_id: UUID,
        histories: Histories,
        after: Place,
        reason: Reason | None,
        row: RosterRow | None = None,
    ) -> int | None:
        """Note the event, if there is one; gives the person's new version."""
        if old is not None and histories[0] != histories[1]:
            self.changed.append(person_id)
        before = Place() if old is None else _place(old)
        if old is not None and histories[0] == histories[1] and before == after:
            return None
        if old is not None and (old["merged_into"] is not None or old["keeps_others"]):
            self.merged.append(person_id)
            return None
        version = 1 if old is None else int(old["version"]) + 1
        changes.events.append(
            self.telling.event(
                person_id,
                version,
                before=None if old is None else histories[0],
                after=histories[1],
                place=after,
                reason=reason,
                birth_year=row.birth_date.year if row and row.birth_date else None,
                sex=row.sex if row else None,
                poverty_cause=poverty_cause(row.kept.get("poverty_cause")) if row else None,
            )
        )
        return version

    # --- writing ---------------------------------------------------------------------------

    def _households(
        self, sealed: Sequence[Sealed], new: Mapping[bytes, UUID]
    ) -> list[dict[str, Any]]:
        numbers = {each.household_idx: each.row.household_no or "" for each in sealed}
        return [
            {
                "household_id": household_id,
                "region": self.sealing.region,
                "source": self.source,
                "household_idx": idx,
                "household_no_enc": self.sealing.household_no_enc(numbers[idx]),
                "recorded_at": self.now,
            }
            for idx, household_id in new.items()
        ]

    async def _write(self, changes: Changes) -> None:
        await self.register.supersede_memberships(changes.superseded, at=self.now)
        await self.register.add_memberships(changes.memberships)
        await outbox.record_prepared(self.session, changes.outbox)


def _period(membership: RowMapping) -> Period:
    return Period(membership["category"], membership["valid_from"], membership["valid_to"])


def _place(person: RowMapping) -> Place:
    return Place(person["household_id"], person["township"], person["village"])
