"""Which persons may be merged, and what a merged person looks like. Pure.

Merges make stars, never chains: a kept person stands for himself, an absorbed one for nobody
else. So one step leads from any id to the person meant, and undoing one merge touches no other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

Refusal = Literal[
    "same_id", "merged_already", "kept_is_absorbed", "other_is_absorbed", "other_keeps_persons"
]

FILLED = (
    "id_number_enc",
    "phone_enc",
    "birth_date",
    "sex",
    "household_id",
    "household_no_enc",
    "township",
    "village",
)
"""What the kept person's picture takes from an absorbed one where he has nothing himself."""


@dataclass(frozen=True)
class Standing:
    """Where a person stands among merges."""

    person_id: UUID
    merged_into: UUID | None
    keeps: tuple[UUID, ...] = ()
    """Whom he has absorbed."""


def refusal(kept: Standing, other: Standing) -> Refusal | None:
    """Why ``other`` cannot be merged into ``kept``; None when he can."""
    if kept.person_id == other.person_id:
        return "same_id"
    if other.merged_into == kept.person_id:
        return "merged_already"
    if kept.merged_into is not None:
        return "kept_is_absorbed"
    if other.merged_into is not None:
        return "other_is_absorbed"
    if other.keeps:
        return "other_keeps_persons"
    return None


@dataclass(frozen=True)
class Group:
    """The registered persons that are one: the kept one first, then the absorbed by id."""

    kept: UUID
    absorbed: tuple[UUID, ...] = ()

    @property
    def members(self) -> tuple[UUID, ...]:
        return (self.kept, *self.absorbed)


def groups(asked: Iterable[UUID], links: Iterable[tuple[UUID, UUID]]) -> dict[UUID, Group]:
    """The group of each asked person.

    Args:
        asked: persons, absorbed or not.
        links: ``(absorbed, kept)`` of every merge in force that concerns them.
    """
    into: dict[UUID, UUID] = {}
    absorbed: dict[UUID, list[UUID]] = {}
    for other, kept in links:
        into[other] = kept
        absorbed.setdefault(kept, []).append(other)
    found: dict[UUID, Group] = {}
    for person_id in asked:
        kept = into.get(person_id, person_id)
        found[person_id] = Group(kept, tuple(sorted(absorbed.get(kept, ()))))
    return found


def picture(kept: Mapping[str, Any], absorbed: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """The kept person's row, filled from the absorbed ones' where he has nothing himself."""
    shown = dict(kept)
    for row in absorbed:
        for name in FILLED:
            if shown.get(name) is None:
                shown[name] = row.get(name)
    return shown
