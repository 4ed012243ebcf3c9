"""A whole file judged by itself, before the register is looked at. Heavy; run in a thread."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from services.identity.roster.domain import Likeness, duplicate_faults, lost_digits, readable
from services.identity.roster.faults import RowFault
from services.identity.roster.files import about_rows, read_roster
from services.identity.roster.pipeline import gathered
from services.identity.roster.preparing import Prepared, Preparing, decrypt_rows
from services.identity.roster.progress import Progress
from services.identity.roster.rows import RawRow, Readable
from shared.runtime.helpers import spread
from shared.security.crypto import Vault


@dataclass(frozen=True)
class Judged:
    """A whole file judged by itself."""

    rows: int
    accepted: list[Prepared]
    faults: list[RowFault]
    rejected: list[Readable]
    """What can be made out of the rows that were not accepted."""


def judge_file(
    content: bytes,
    preparing: Preparing,
    *,
    max_rows: int,
    chunk_rows: int,
    helpers: int = 0,
    mapping: Mapping[str, str | None] | None = None,
    progress: Progress | None = None,
) -> Judged:
    """Read, judge and encrypt a file, with ``helpers`` processes if it is long.

    Raises:
        RosterUnreadable, RosterColumnsMissing, RosterEmpty, RosterTooLong: as
            :func:`read_roster` does.
    """
    raws = read_roster(
        content, max_rows=max_rows, mapping=mapping, needs_category=preparing.needs_category
    )
    judged = Judged(0, [], [], [])
    likenesses: list[Likeness] = []
    rows = 0
    for piece in spread(
        preparing,
        gathered(_counted(raws, progress, about_rows(content)), chunk_rows),
        helpers=helpers,
    ):
        rows += piece.rows
        judged.accepted.extend(piece.accepted())
        judged.faults.extend(piece.faults)
        judged.rejected.extend(piece.rejected)
        likenesses.extend(piece.likenesses())
        if progress is not None:
            progress.done += piece.rows
    faults = lost_digits(likenesses, judged.faults)
    faults |= duplicate_faults([each for each in likenesses if each.row not in faults])
    turned_down = [each for each in judged.accepted if each.row in faults]
    return Judged(
        rows=rows,
        accepted=[each for each in judged.accepted if each.row not in faults],
        faults=[*judged.faults, *faults.values()],
        rejected=[*judged.rejected, *readables(preparing.vault, turned_down)],
    )


def readables(vault: Vault, rows: list[Prepared]) -> list[Readable]:
    """What rows say that were accepted at first."""
    return [
        readable(row) for row in decrypt_rows(vault, [(each.row, each.row_enc) for each in rows])
    ]


def _counted(raws: Iterator[RawRow], progress: Progress | None, about: int) -> Iterator[RawRow]:
    if progress is None:
        yield from raws
        return
    progress.enter("judging", about)
    for count, raw in enumerate(raws, start=1):
        progress.total = max(count, progress.total)
        yield raw
