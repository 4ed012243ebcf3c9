"""Staged rows, opened, made into rows of the register's tables."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.persons.indexes import name_birth_village_index
from services.identity.roster.preparing import Opened
from services.identity.roster.rows import RosterRow
from shared.security.crypto import Vault


@dataclass(frozen=True, slots=True)
class Sealed:
    """A row's values, encrypted and indexed for the tables."""

    person_id: UUID
    new: bool
    row: RosterRow
    person: dict[str, Any]
    record: dict[str, Any]
    household_idx: bytes | None


@dataclass(frozen=True)
class Sealing:
    """One import's rows on their way into the tables; most of it was computed when staging."""

    vault: Vault
    region: str
    source: str
    import_id: UUID
    now: datetime
    revision: int

    def seal(self, staged: Sequence[RowMapping], opened: Sequence[Opened]) -> list[Sealed]:
        """The staged rows, of which ``opened`` holds what was decrypted and encrypted anew."""
        return [self._seal_row(each, row) for each, row in zip(staged, opened, strict=True)]

    def _seal_row(self, staged: RowMapping, opened: Opened) -> Sealed:
        row, person_id = opened.row, staged["person_id"]
        person = {
            "person_id": person_id,
            "region": self.region,
            "source": self.source,
            "revision": self.revision,
            "name_enc": opened.name_enc,
            "id_number_enc": opened.id_number_enc,
            "phone_enc": opened.phone_enc,
            "birth_date": row.birth_date,
            "sex": row.sex,
            "id_number_idx": staged["id_number_idx"],
            "name_idx": staged["name_idx"],
            "name_birth_idx": staged["name_birth_idx"],
            "name_birth_village_idx": staged["name_birth_village_idx"],
            "phone_idx": opened.phone_idx,
            "created_at": self.now,
            "updated_at": self.now,
        }
        record = {
            "person_id": person_id,
            "source": self.source,
            "import_id": self.import_id,
            "fingerprint": staged["fingerprint"],
            "record_enc": staged["row_enc"],
            "recorded_at": self.now,
        }
        return Sealed(
            person_id=person_id,
            new=staged["new_person"],
            row=row,
            person=person,
            record=record,
            household_idx=staged["household_idx"],
        )

    def household_no_enc(self, household_no: str) -> bytes:
        return self.vault.encrypt(household_no, column="households.household_no")

    def place_known(self, sealed: Sealed, village: str) -> None:
        """Index the person by the village that the register knows, where the row names none."""
        row = sealed.row
        if row.village is None and row.birth_date is not None:
            sealed.person["name_birth_village_idx"] = name_birth_village_index(
                self.vault, row.name, row.birth_date, village
            )
