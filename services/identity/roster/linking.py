"""Which registered person a roster row speaks of. Pure; compares blind indexes, never values.

Cautious: a row under another name than the number's holder is linked only when the same source
already lists that holder (a correction of his name); else he is entered as another person, and a
later review decides. Two persons joined by mistake are harder to part than two entries to join.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple
from uuid import UUID


class PersonAmbiguous(ValueError):
    """Several registered persons fit the row."""


class Indexed(NamedTuple):
    """A row's blind indexes."""

    id_number_idx: bytes | None
    name_idx: bytes
    name_birth_idx: bytes | None
    name_birth_village_idx: bytes | None


@dataclass(frozen=True)
class Candidate:
    """A registered person who shares the number, or name and birth date, with a row."""

    person_id: UUID
    listed: bool
    """Whether the row's source lists him now."""
    id_number_idx: bytes | None
    name_idx: bytes
    name_birth_idx: bytes | None
    name_birth_village_idx: bytes | None


def link(row: Indexed, candidates: Sequence[Candidate]) -> UUID | None:
    """The registered person whom the row means; None when he is new.

    Raises:
        PersonAmbiguous: several fit equally well.
    """
    if row.id_number_idx is not None:
        holders = [c for c in candidates if c.id_number_idx == row.id_number_idx]
        namesakes = [c for c in holders if c.name_idx == row.name_idx]
        for fitting in (
            [c for c in namesakes if c.listed],
            namesakes,
            [c for c in holders if c.listed],
        ):
            if fitting:
                return _only(fitting)
        # A newborn whom the register knows without a number, and who now has one.
        unnumbered = [
            c
            for c in candidates
            if c.id_number_idx is None
            and c.name_birth_village_idx is not None
            and c.name_birth_village_idx == row.name_birth_village_idx
        ]
        return unnumbered[0].person_id if len(unnumbered) == 1 else None
    if row.name_birth_village_idx is not None:
        fitting = [c for c in candidates if c.name_birth_village_idx == row.name_birth_village_idx]
    else:
        fitting = [c for c in candidates if c.name_birth_idx == row.name_birth_idx]
    fitting = [c for c in fitting if c.listed] or fitting
    return _only(fitting) if fitting else None


def _only(fitting: Sequence[Candidate]) -> UUID:
    if len(fitting) > 1:
        raise PersonAmbiguous
    return fitting[0].person_id
