"""Which merges of two registered persons hold. Pure.

Identity never lets a kept person be absorbed, nor an absorbed one be kept or absorbed again, while
a merge of his holds. Events of different kept persons may come in any order, so that for a while
two merges may be known that cannot both hold: the earlier one was undone before the later was
made, and only the news of it is still under way. Whatever the order, the end state is the same,
and there is never a chain: one step leads from any person to him who stands for him.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True)
class Merge:
    """What identity has told of one merge so far."""

    merge_id: str
    kept: str
    absorbed: str
    merged_at: datetime | None
    """None while only the undoing has been told."""
    undone: bool
    in_force: bool = False
    """As last decided."""

    @property
    def persons(self) -> frozenset[str]:
        return frozenset((self.kept, self.absorbed))


def excludes(one: Merge, other: Merge) -> bool:
    """Whether the two cannot hold together: they share a person, other than as kept by both."""
    return one.absorbed in other.persons or other.absorbed in one.persons


def ended_by(earlier: Merge, later: Merge) -> bool:
    """Whether ``later`` shows that ``earlier`` was undone before it."""
    if earlier.merged_at is None or later.merged_at is None:
        return False
    if (earlier.merged_at, earlier.merge_id) >= (later.merged_at, later.merge_id):
        return False
    return excludes(earlier, later)


def holds(merge: Merge, others: Iterable[Merge]) -> bool:
    """Whether a merge is in force, given every other one that is known.

    A merge that has ended stays ended: nothing that may still be told brings it back.
    """
    if merge.undone or merge.merged_at is None:
        return False
    return not any(ended_by(merge, other) for other in others)


@dataclass(frozen=True)
class Turn:
    """What the news of one merge changes."""

    ended: tuple[Merge, ...] = ()
    """No longer in force; to be taken back first."""
    begun: Merge | None = None

    @property
    def persons(self) -> frozenset[str]:
        """Everybody for whom something changes."""
        concerned = [*self.ended, *((self.begun,) if self.begun is not None else ())]
        return frozenset().union(*(merge.persons for merge in concerned))


def turn(told: Merge, others: Sequence[Merge]) -> Turn:
    """What changes by the news of ``told``; the same news again changes nothing.

    Args:
        told: with ``in_force`` as it was decided before the news.
        others: every other known merge that shares a person with it.
    """
    now = holds(told, others)
    ended = [other for other in others if other.in_force and ended_by(other, told)]
    if told.in_force and not now:
        ended.append(told)
    return Turn(
        ended=tuple(sorted(ended, key=lambda merge: merge.merge_id)),
        begun=told if now and not told.in_force else None,
    )
