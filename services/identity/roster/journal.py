"""The journal of values in which sources differ about a person."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.roster.differences import Difference, differences
from services.identity.roster.preparing import RECORD_COLUMN, row_from_text
from services.identity.roster.register import RegisterRepository
from services.identity.roster.sealing import Sealed
from shared.ids import new_id
from shared.security.crypto import Vault

VALUE_COLUMN = "value_differences.value"
_Standing = dict[tuple[UUID, Difference], UUID]


@dataclass(frozen=True)
class Journal:
    """Differences between one import's source and all others."""

    register: RegisterRepository
    vault: Vault
    source: str
    import_id: UUID
    now: datetime

    async def compare(self, sealed: Sequence[Sealed]) -> None:
        """Note where these rows differ from what other sources say, and where no longer."""
        rows = {each.person_id: each for each in sealed}
        if not rows:
            return
        others = await self.register.records_of_others(list(rows), self.source)
        standing = await self.register.open_differences(list(rows), self.source)
        if not others and not standing:
            return
        added, gone = await asyncio.to_thread(self._compare, rows, others, standing)
        await self.register.supersede_differences(gone, at=self.now)
        await self.register.add_differences(added)

    async def close(self, person_ids: Sequence[UUID]) -> None:
        """End the differences about persons whom the source no longer lists."""
        standing = await self.register.open_differences(person_ids, self.source)
        await self.register.supersede_differences(
            [each["difference_id"] for each in standing], at=self.now
        )

    def _compare(
        self,
        rows: dict[UUID, Sealed],
        others: Sequence[RowMapping],
        standing: Sequence[RowMapping],
    ) -> tuple[list[dict[str, Any]], list[UUID]]:
        known = self._standing(standing)
        found: set[tuple[UUID, Difference]] = set()
        for other in others:
            person_id = other["person_id"]
            said = row_from_text(
                self.vault.decrypt(other["record_enc"], column=RECORD_COLUMN), row=0
            )
            found |= {
                (person_id, each)
                for each in differences(self.source, rows[person_id].row, other["source"], said)
            }
        gone = [known[each] for each in known if each not in found]
        added = [self._sealed(*each) for each in found if each not in known]
        return added, gone

    def _standing(self, standing: Sequence[RowMapping]) -> _Standing:
        return {
            (row["person_id"], opened(self.vault, row)): row["difference_id"] for row in standing
        }

    def _sealed(self, person_id: UUID, difference: Difference) -> dict[str, Any]:
        return {
            "difference_id": new_id(),
            "person_id": person_id,
            "field": difference.field,
            "source": difference.source,
            "value_enc": self.vault.encrypt(difference.value, column=VALUE_COLUMN),
            "other_source": difference.other_source,
            "other_value_enc": self.vault.encrypt(difference.other_value, column=VALUE_COLUMN),
            "import_id": self.import_id,
            "recorded_at": self.now,
        }


def opened(vault: Vault, row: RowMapping) -> Difference:
    """A journaled difference with its values decrypted."""
    return Difference(
        row["field"],
        row["source"],
        vault.decrypt(row["value_enc"], column=VALUE_COLUMN),
        row["other_source"],
        vault.decrypt(row["other_value_enc"], column=VALUE_COLUMN),
    )
