"""Rows judged, hashed and encrypted, a piece of a roster at a time: the heavy part of an upload.

Runs in helper processes (shared.runtime.helpers) or right here. What this module imports every
helper has to load: rules and encryption, nothing of the web or the database.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple

from pydantic_core import from_json, to_json

from services.identity.persons.indexes import household_index, person_indexes, phone_index
from services.identity.roster.domain import Likeness, judge, likeness
from services.identity.roster.faults import RowFault
from services.identity.roster.rows import RawRow, Readable, RosterRow, Stated
from shared.security.crypto import Vault

RECORD_COLUMN = "source_records.record"
_DATES = ("birth_date", "valid_from", "valid_to")


class Prepared(NamedTuple):
    """An accepted row as the comparison with the register needs it."""

    row: int
    stated: Stated
    id_number_idx: bytes | None
    name_idx: bytes
    name_birth_idx: bytes | None
    name_birth_village_idx: bytes | None
    household_idx: bytes | None
    fingerprint: bytes
    row_enc: bytes


class Piece(NamedTuple):
    """What was made of some rows, of plain tuples: named ones take four times as long to pass."""

    rows: int
    plain_accepted: list[tuple[Any, ...]]
    plain_likenesses: list[tuple[Any, ...]]
    """Of the accepted, in their order."""
    faults: list[RowFault]
    rejected: list[Readable]

    def accepted(self) -> Iterator[Prepared]:
        return map(Prepared._make, self.plain_accepted)

    def likenesses(self) -> Iterator[Likeness]:
        return map(Likeness._make, self.plain_likenesses)


@dataclass(frozen=True)
class Preparing:
    """How the rows of one file are made ready."""

    vault: Vault
    source: str
    on: date
    needs_category: bool

    def __call__(self, raws: Sequence[RawRow]) -> Piece:
        made = Piece(len(raws), [], [], [], [])
        for raw in raws:
            verdict = judge(raw, on=self.on, needs_category=self.needs_category)
            if verdict.accepted is None:
                made.faults.extend(verdict.faults)
                made.rejected.append(verdict.readable)
            else:
                made.plain_accepted.append(tuple(self._prepared(verdict.accepted)))
                made.plain_likenesses.append(tuple(likeness(verdict.accepted)))
        return made

    def _prepared(self, row: RosterRow) -> Prepared:
        vault = self.vault
        indexes = person_indexes(
            vault,
            id_number=row.id_number,
            name=row.name,
            birth_date=row.birth_date,
            village=row.village,
            phone=None,
        )
        content = row_text(row)
        return Prepared(
            row=row.row,
            stated=_once(row.stated),
            id_number_idx=indexes.id_number_idx,
            name_idx=indexes.name_idx,
            name_birth_idx=indexes.name_birth_idx,
            name_birth_village_idx=indexes.name_birth_village_idx,
            household_idx=(
                household_index(vault, self.source, row.household_no) if row.household_no else None
            ),
            fingerprint=vault.blind_index(content, purpose="roster_row"),
            row_enc=vault.encrypt(content, column=RECORD_COLUMN),
        )


@lru_cache(maxsize=1_024)
def _once(stated: Stated) -> Stated:
    """One object for the many rows that say the same: it is passed and kept once a piece."""
    return stated


class Opened(NamedTuple):
    """A staged row decrypted, and what has a column of its own encrypted for it."""

    row: RosterRow
    name_enc: bytes
    id_number_enc: bytes | None
    phone_enc: bytes | None
    phone_idx: bytes | None


@dataclass(frozen=True)
class Opening:
    """How staged rows are made ready for the register."""

    vault: Vault

    def __call__(self, staged: Sequence[tuple[int, bytes]]) -> list[Opened]:
        """Of (row number, encrypted values) as :class:`Preparing` made them."""
        return [self._opened(row) for row in decrypt_rows(self.vault, staged)]

    def _opened(self, row: RosterRow) -> Opened:
        vault = self.vault
        return Opened(
            row,
            vault.encrypt(row.name, column="persons.name"),
            vault.encrypt(row.id_number, column="persons.id_number") if row.id_number else None,
            vault.encrypt(row.phone, column="persons.phone") if row.phone else None,
            phone_index(vault, row.phone) if row.phone else None,
        )


def row_text(row: RosterRow) -> str:
    """The row's values as canonical JSON (keys in order), without its place in the file."""
    values: dict[str, Any] = {
        "birth_date": row.birth_date,
        "categories": row.categories,
        "ethnicity": row.ethnicity,
        "extras": dict(sorted(row.extras.items())),
        "household_no": row.household_no,
        "id_number": row.id_number,
        "name": row.name,
        "phone": row.phone,
        "relation": row.relation,
        "sex": row.sex,
        "township": row.township,
        "valid_from": row.valid_from,
        "valid_to": row.valid_to,
        "village": row.village,
    }
    # At the end and left out when blank: a row reads the same whether the columns are there or not.
    if row.reason is not None:
        values["reason"] = row.reason
    if row.kept:
        values["kept"] = dict(sorted(row.kept.items()))
    return to_json(values).decode()


def row_from_text(text: str, *, row: int) -> RosterRow:
    """The row that :func:`row_text` wrote."""
    values: dict[str, Any] = from_json(text)
    for name in _DATES:
        if values[name] is not None:
            values[name] = date.fromisoformat(values[name])
    values["categories"] = tuple(values["categories"])
    return RosterRow(row=row, **values)


def decrypt_rows(vault: Vault, staged: Sequence[tuple[int, bytes]]) -> list[RosterRow]:
    """The staged rows as (row number, encrypted values) were written."""
    return [
        row_from_text(vault.decrypt(blob, column=RECORD_COLUMN), row=number)
        for number, blob in staged
    ]
