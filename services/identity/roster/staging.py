"""Rows on their way into the register: judged, hashed and encrypted. Heavy; run in a thread."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic_core import from_json, to_json

from services.identity.persons.indexes import household_index, person_indexes
from services.identity.roster.domain import duplicate_faults, judge, lost_digits
from services.identity.roster.faults import RowFault
from services.identity.roster.files import read_roster
from services.identity.roster.linking import Indexed
from services.identity.roster.progress import Progress
from services.identity.roster.rows import Readable, RosterRow
from shared.security.crypto import Vault

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


@dataclass(frozen=True, slots=True)
class Hashed:
    """A row with what the comparison with the register needs."""

    row: RosterRow
    indexed: Indexed
    household_idx: bytes | None
    fingerprint: bytes
    row_enc: bytes


def judge_file(
    content: bytes,
    *,
    max_rows: int,
    on: date,
    mapping: Mapping[str, str | None] | None = None,
    needs_category: bool = True,
    progress: Progress | None = None,
) -> Judged:
    """Read and judge a file; raises what :func:`read_roster` raises."""
    raws = read_roster(content, max_rows=max_rows, mapping=mapping, needs_category=needs_category)
    if progress is not None:
        progress.enter("judging", len(raws))
    verdicts = []
    for raw in raws:
        verdicts.append(judge(raw, on=on, needs_category=needs_category))
        if progress is not None:
            progress.done += 1
    accepted = [verdict.accepted for verdict in verdicts if verdict.accepted is not None]
    faults = [fault for verdict in verdicts for fault in verdict.faults]
    rejected = lost_digits(accepted, faults)
    sound = [row for row in accepted if row.row not in rejected]
    rejected |= duplicate_faults(sound)
    faults.extend(rejected.values())
    return Judged(
        rows=len(raws),
        accepted=tuple(row for row in accepted if row.row not in rejected),
        faults=tuple(faults),
        readables=tuple(verdict.readable for verdict in verdicts),
    )


def hash_rows(vault: Vault, source: str, rows: Iterable[RosterRow]) -> list[Hashed]:
    """Blind indexes, fingerprint and encrypted form of each row."""
    return [_hash_row(vault, source, row) for row in rows]


def _hash_row(vault: Vault, source: str, row: RosterRow) -> Hashed:
    indexes = person_indexes(
        vault,
        id_number=row.id_number,
        name=row.name,
        birth_date=row.birth_date,
        village=row.village,
        phone=None,
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
        household_idx=household_index(vault, source, row.household_no)
        if row.household_no
        else None,
        fingerprint=vault.blind_index(content, purpose="roster_row"),
        row_enc=vault.encrypt(content, column=RECORD_COLUMN),
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
