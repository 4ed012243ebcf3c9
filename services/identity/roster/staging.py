"""Rows on their way into the register: judged, hashed and encrypted. Heavy; run in a thread."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from services.identity.persons.indexes import person_indexes
from services.identity.roster.domain import (
    Readable,
    RosterRow,
    RowFault,
    duplicate_faults,
    judge,
)
from services.identity.roster.files import read_roster
from services.identity.roster.linking import Indexed
from shared.security.crypto import Vault

ROW_COLUMN = "staged_rows.row"
RECORD_COLUMN = "source_records.record"
_DATES = ("birth_date", "valid_from", "valid_to")


@dataclass(frozen=True)
class Judged:
    """A whole file judged by itself."""

    rows: int
    accepted: tuple[RosterRow, ...]
    faults: tuple[RowFault, ...]
    readables: tuple[Readable, ...]
    """Of every row, accepted or not."""


@dataclass(frozen=True)
class Hashed:
    """A row with what the comparison with the register needs."""

    row: RosterRow
    indexed: Indexed
    fingerprint: bytes
    row_enc: bytes


def judge_file(content: bytes, *, max_rows: int, on: date) -> Judged:
    """Read and judge a file; raises what :func:`read_roster` raises."""
    raws = read_roster(content, max_rows=max_rows)
    verdicts = [judge(raw, on=on) for raw in raws]
    accepted = [verdict.accepted for verdict in verdicts if verdict.accepted is not None]
    duplicates = duplicate_faults(accepted)
    faults = [fault for verdict in verdicts for fault in verdict.faults]
    faults.extend(duplicates.values())
    return Judged(
        rows=len(raws),
        accepted=tuple(row for row in accepted if row.row not in duplicates),
        faults=tuple(faults),
        readables=tuple(verdict.readable for verdict in verdicts),
    )


def hash_rows(vault: Vault, rows: Iterable[RosterRow]) -> list[Hashed]:
    """Blind indexes, fingerprint and encrypted form of each row."""
    return [_hash_row(vault, row) for row in rows]


def _hash_row(vault: Vault, row: RosterRow) -> Hashed:
    indexes = person_indexes(
        vault,
        id_number=row.id_number,
        name=row.name,
        birth_date=row.birth_date,
        village=row.village,
        phone=row.phone,
    )
    content = row_text(row)
    return Hashed(
        row=row,
        indexed=Indexed(
            id_number_idx=indexes.id_number_idx,
            name_idx=indexes.name_idx,
            name_birth_idx=indexes.name_birth_idx,
            name_birth_village_idx=indexes.name_birth_village_idx,
        ),
        fingerprint=vault.blind_index(content, purpose="roster_row"),
        row_enc=vault.encrypt(content, column=ROW_COLUMN),
    )


def row_text(row: RosterRow) -> str:
    """The row's values as canonical JSON, without its place in the file."""
    values = asdict(row)
    del values["row"]
    return json.dumps(values, ensure_ascii=False, sort_keys=True, default=_encode)


def row_from_text(text: str, *, row: int) -> RosterRow:
    """The row that :func:`row_text` wrote."""
    values: dict[str, Any] = json.loads(text)
    for name in _DATES:
        if values[name] is not None:
            values[name] = date.fromisoformat(values[name])
    values["categories"] = tuple(values["categories"])
    return RosterRow(row=row, **values)


def decrypt_rows(vault: Vault, staged: Sequence[tuple[int, bytes]]) -> list[RosterRow]:
    """The staged rows as (row number, encrypted values) were written."""
    return [
        row_from_text(vault.decrypt(blob, column=ROW_COLUMN), row=number) for number, blob in staged
    ]


def _encode(value: object) -> object:
    if isinstance(value, date):
        return value.isoformat()
    raise TypeError(type(value).__name__)
