"""Comparing a judged file with the register: who is new, who changed, who would leave."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import EndsBeforeItStarts, Period, restate
from services.identity.persons.indexes import household_index, name_index
from services.identity.roster import domain
from services.identity.roster.domain import RowFault
from services.identity.roster.linking import Candidate, PersonAmbiguous, link
from services.identity.roster.protection import Protection
from services.identity.roster.repository import RosterRepository
from services.identity.roster.staging import Hashed, Judged, hash_rows
from shared.ids import new_id
from shared.security.crypto import Vault


@dataclass
class Comparison:
    """The outcome, counted; the rows to apply were staged on the way."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    removed: int = 0
    kept: int = 0
    faults: list[RowFault] = field(default_factory=list)
    """Rejections that only the register could tell."""
    persons: dict[UUID, int] = field(default_factory=dict)
    """Person → the row that speaks of him."""


@dataclass(frozen=True)
class Comparing:
    """One file against the register of one source."""

    repository: RosterRepository
    vault: Vault
    import_id: UUID
    source: str
    effective_on: date
    chunk_rows: int

    async def compare(self, judged: Judged, *, full: bool) -> Comparison:
        """Link every accepted row, stage what changes, and in a full file who leaves."""
        outcome = Comparison()
        rows = judged.accepted
        for start in range(0, len(rows), self.chunk_rows):
            chunk = rows[start : start + self.chunk_rows]
            hashed = await asyncio.to_thread(hash_rows, self.vault, chunk)
            await self._compare_chunk(hashed, outcome)
        if full:
            await self._stage_removals(judged, outcome)
        return outcome

    async def _compare_chunk(self, chunk: Sequence[Hashed], outcome: Comparison) -> None:
        linked = await self._link(chunk, outcome)
        known_ids = [person_id for _, person_id, new in linked if not new]
        said = {
            row["person_id"]: row["fingerprint"]
            for row in await self.repository.current_records(known_ids)
            if row["source"] == self.source
        }
        periods = periods_by_person(
            await self.repository.current_memberships(known_ids), self.source
        )
        staged = []
        for hashed, person_id, new in linked:
            row = hashed.row
            before = periods.get(person_id, ())
            try:
                after = restate(before, row.statement(), effective_on=self.effective_on)
            except EndsBeforeItStarts:
                outcome.faults.append(domain.ends_before_it_starts(row.row))
                continue
            if person_id not in said:
                action = "added"
                outcome.added += 1
            elif said[person_id] == hashed.fingerprint and set(after) == set(before):
                outcome.unchanged += 1
                continue
            else:
                action = "changed"
                outcome.changed += 1
            staged.append(
                {
                    "import_id": self.import_id,
                    "row_no": row.row,
                    "action": action,
                    "person_id": person_id,
                    "new_person": new,
                    "fingerprint": hashed.fingerprint,
                    "row_enc": hashed.row_enc,
                }
            )
        await self.repository.stage(staged)

    async def _link(
        self, chunk: Sequence[Hashed], outcome: Comparison
    ) -> list[tuple[Hashed, UUID, bool]]:
        by_number: dict[bytes, list[Candidate]] = defaultdict(list)
        by_birth: dict[bytes, list[Candidate]] = defaultdict(list)
        for candidate in await self._candidates(chunk):
            if candidate.id_number_idx is not None:
                by_number[candidate.id_number_idx].append(candidate)
            if candidate.name_birth_idx is not None:
                by_birth[candidate.name_birth_idx].append(candidate)
        linked = []
        for hashed in chunk:
            indexed, row = hashed.indexed, hashed.row
            fitting = {
                candidate.person_id: candidate
                for candidate in (
                    *by_number.get(indexed.id_number_idx or b"", ()),
                    *by_birth.get(indexed.name_birth_idx or b"", ()),
                )
            }
            try:
                person_id = link(indexed, list(fitting.values()))
            except PersonAmbiguous:
                outcome.faults.append(domain.person_ambiguous(row.row))
                continue
            if person_id is not None and person_id in outcome.persons:
                other = outcome.persons[person_id]
                outcome.faults.append(domain.duplicate_row(row.row, other))
                continue
            new = person_id is None
            person_id = person_id or new_id()
            outcome.persons[person_id] = row.row
            linked.append((hashed, person_id, new))
        return linked

    async def _candidates(self, chunk: Sequence[Hashed]) -> list[Candidate]:
        found = await self.repository.linkable(
            self.source,
            id_number_idxs=[h.indexed.id_number_idx for h in chunk if h.indexed.id_number_idx],
            name_birth_idxs=[h.indexed.name_birth_idx for h in chunk if h.indexed.name_birth_idx],
        )
        # Who shares both comes twice.
        return list({row["person_id"]: Candidate(**row) for row in found}.values())

    async def _stage_removals(self, judged: Judged, outcome: Comparison) -> None:
        holding = await self.repository.holding(self.source, self.effective_on)
        absent = [person_id for person_id in holding if person_id not in outcome.persons]
        accepted = {row.row for row in judged.accepted} - {fault.row for fault in outcome.faults}
        rejected = [readable for readable in judged.readables if readable.row not in accepted]
        leaving = absent
        if rejected and absent:
            leaving = await self._unprotected(absent, Protection(rejected))
        outcome.removed = len(leaving)
        outcome.kept = len(absent) - len(leaving)
        await self.repository.stage_removals(self.import_id, leaving)

    async def _unprotected(self, absent: Sequence[UUID], protection: Protection) -> list[UUID]:
        names = {name_index(self.vault, name) for name in protection.names}
        households = {
            household_index(self.vault, self.source, number) for number in protection.household_nos
        }
        leaving: list[UUID] = []
        for start in range(0, len(absent), self.chunk_rows):
            rows = await self.repository.for_protection(absent[start : start + self.chunk_rows])
            leaving += await asyncio.to_thread(
                self._leaving, rows, protection, names=names, households=households
            )
        return leaving

    def _leaving(
        self,
        rows: Sequence[RowMapping],
        protection: Protection,
        *,
        names: set[bytes],
        households: set[bytes],
    ) -> list[UUID]:
        return [
            row["person_id"]
            for row in rows
            if not protection.keeps(
                id_number=(
                    self.vault.decrypt(row["id_number_enc"], column="persons.id_number")
                    if row["id_number_enc"]
                    else None
                ),
                same_name=row["name_idx"] in names,
                same_household=row["household_idx"] in households,
                birth_date=row["birth_date"],
                village=row["village"],
            )
        ]


def periods_by_person(
    memberships: Sequence[RowMapping], source: str | None = None
) -> dict[UUID, tuple[Period, ...]]:
    """The periods of each person, of one source or (None) of all."""
    found: dict[UUID, list[Period]] = defaultdict(list)
    for row in memberships:
        if source is None or row["source"] == source:
            found[row["person_id"]].append(
                Period(row["category"], row["valid_from"], row["valid_to"])
            )
    return {person_id: tuple(periods) for person_id, periods in found.items()}
