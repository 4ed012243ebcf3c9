"""Comparing a judged file with the register: who is new, who changed, who would leave."""

from __future__ import annotations

import asyncio
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import EndsBeforeItStarts, Period
from services.identity.persons.indexes import household_index, name_index
from services.identity.roster.columns import TELLING_NO_CATEGORY
from services.identity.roster.faults import (
    RowFault,
    duplicate_row,
    ends_before_it_starts,
    person_ambiguous,
)
from services.identity.roster.linking import Candidate, Indexed, PersonAmbiguous, link
from services.identity.roster.pipeline import chunks
from services.identity.roster.preparing import Prepared
from services.identity.roster.progress import Progress
from services.identity.roster.protection import Protection
from services.identity.roster.register import RegisterRepository
from services.identity.roster.repository import RosterRepository
from services.identity.roster.staging import Judged, readables
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
    passed_over: int = 0
    """Of the unchanged: rows that give nobody on the register a category."""
    households_incomplete: int = 0
    faults: list[RowFault] = field(default_factory=list)
    """Rejections that only the register could tell."""
    persons: dict[UUID, int] = field(default_factory=dict)
    """Person → the row that speaks of him."""
    households: Counter[bytes] = field(default_factory=Counter)
    """Household's index → members whom the file lists."""


_Linked = tuple[Prepared, UUID, bool]
"""A row, the person whom it means, and whether he is new."""


@dataclass(frozen=True)
class Comparing:
    """One file against the register of one source."""

    repository: RosterRepository
    register: RegisterRepository
    vault: Vault
    import_id: UUID
    source: str
    effective_on: date
    chunk_rows: int
    progress: Progress

    async def compare(self, judged: Judged, *, full: bool) -> Comparison:
        """Link every accepted row, stage what changes, and in a full file who leaves."""
        outcome = Comparison()
        self.progress.enter("comparing", len(judged.accepted))
        for chunk in chunks(judged.accepted, self.chunk_rows):
            await self._compare_chunk(chunk, outcome)
            self.progress.done += len(chunk)
        if full:
            await self._stage_removals(judged, outcome)
        return outcome

    async def _compare_chunk(self, chunk: Sequence[Prepared], outcome: Comparison) -> None:
        candidates = await self._candidates(chunk)
        linked = await asyncio.to_thread(_link, chunk, candidates, outcome)
        known_ids = [person_id for _, person_id, new in linked if not new]
        said: Sequence[RowMapping] = ()
        periods: dict[UUID, tuple[Period, ...]] = {}
        if known_ids:
            said = await self.register.current_records(known_ids)
            held = await self.register.current_memberships(known_ids)
            periods = periods_by_person(held, self.source)
        fingerprints = {
            row["person_id"]: row["fingerprint"] for row in said if row["source"] == self.source
        }
        staged = await asyncio.to_thread(self._stage, linked, fingerprints, periods, outcome)
        await self.repository.stage(staged)

    def _stage(
        self,
        linked: Sequence[_Linked],
        fingerprints: Mapping[UUID, bytes],
        periods: Mapping[UUID, tuple[Period, ...]],
        outcome: Comparison,
    ) -> list[dict[str, Any]]:
        staged = []
        for row, person_id, new in linked:
            before = periods.get(person_id, ())
            try:
                after = row.stated.restated(before, effective_on=self.effective_on)
            except EndsBeforeItStarts:
                outcome.faults.append(ends_before_it_starts(row.row))
                continue
            if row.household_idx is not None:
                outcome.households[row.household_idx] += 1
            if new and not after:
                outcome.unchanged += 1
                outcome.passed_over += 1
                continue
            if person_id not in fingerprints:
                action = "added"
                outcome.added += 1
            elif fingerprints[person_id] == row.fingerprint and set(after) == set(before):
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
                    "fingerprint": row.fingerprint,
                    "row_enc": row.row_enc,
                    "id_number_idx": row.id_number_idx,
                    "name_idx": row.name_idx,
                    "name_birth_idx": row.name_birth_idx,
                    "name_birth_village_idx": row.name_birth_village_idx,
                    "household_idx": row.household_idx,
                }
            )
        return staged

    async def _candidates(self, chunk: Sequence[Prepared]) -> list[Candidate]:
        found = await self.register.linkable(
            self.source,
            id_number_idxs=[h.id_number_idx for h in chunk if h.id_number_idx],
            name_birth_idxs=[h.name_birth_idx for h in chunk if h.name_birth_idx],
        )
        # Who shares both comes twice.
        return list({row["person_id"]: Candidate(**row) for row in found}.values())

    async def _stage_removals(self, judged: Judged, outcome: Comparison) -> None:
        holding = set(await self.register.holding(self.source, self.effective_on))
        if self.source in TELLING_NO_CATEGORY:
            holding |= set(await self.register.recorded(self.source))
        absent = sorted(person_id for person_id in holding if person_id not in outcome.persons)
        faulty = {fault.row for fault in outcome.faults}
        turned_down = [row for row in judged.accepted if row.row in faulty]
        leaving = absent
        if absent and (judged.rejected or turned_down):
            rejected = [*judged.rejected, *readables(self.vault, turned_down)]
            leaving = await self._unprotected(absent, Protection(rejected))
        outcome.removed = len(leaving)
        outcome.kept = len(absent) - len(leaving)
        await self.repository.stage_removals(self.import_id, leaving)
        await self._stage_incomplete(leaving, outcome)

    async def _stage_incomplete(self, leaving: Sequence[UUID], outcome: Comparison) -> None:
        """Note the households of which the file lists some members and leaves out others."""
        missing: Counter[UUID] = Counter()
        listed: dict[UUID, int] = {}
        for some in chunks(leaving, self.chunk_rows):
            for row in await self.register.households_of(some, self.source):
                if row["household_idx"] in outcome.households:
                    missing[row["household_id"]] += 1
                    listed[row["household_id"]] = outcome.households[row["household_idx"]]
        outcome.households_incomplete = len(missing)
        await self.repository.add_incomplete(
            [
                {
                    "import_id": self.import_id,
                    "household_id": household_id,
                    "listed": listed[household_id],
                    "missing": count,
                }
                for household_id, count in missing.items()
            ]
        )

    async def _unprotected(self, absent: Sequence[UUID], protection: Protection) -> list[UUID]:
        names = {name_index(self.vault, name) for name in protection.names}
        households = {
            household_index(self.vault, self.source, number) for number in protection.household_nos
        }
        leaving: list[UUID] = []
        for start in range(0, len(absent), self.chunk_rows):
            rows = await self.register.for_protection(absent[start : start + self.chunk_rows])
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


def _link(
    chunk: Sequence[Prepared], candidates: Sequence[Candidate], outcome: Comparison
) -> list[_Linked]:
    by_number: dict[bytes, list[Candidate]] = defaultdict(list)
    by_birth: dict[bytes, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        if candidate.id_number_idx is not None:
            by_number[candidate.id_number_idx].append(candidate)
        if candidate.name_birth_idx is not None:
            by_birth[candidate.name_birth_idx].append(candidate)
    linked = []
    for row in chunk:
        indexed = Indexed(
            row.id_number_idx, row.name_idx, row.name_birth_idx, row.name_birth_village_idx
        )
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
            outcome.faults.append(person_ambiguous(row.row))
            continue
        if person_id is not None and person_id in outcome.persons:
            outcome.faults.append(duplicate_row(row.row, outcome.persons[person_id]))
            continue
        new = person_id is None
        person_id = person_id or new_id()
        outcome.persons[person_id] = row.row
        linked.append((row, person_id, new))
    return linked


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
