"""Who is offered room that came free under a yearly cap.

A proposal is not an event but a fact that can be worked out at any moment: a settlement that still
stands was cut by a cap, and under that cap there is room now, because another bill of the person
was reversed or another visit's reservation ended. The oldest bill comes first: a younger one is
offered what would be left. When the room is taken or the settlement replaced, the fact is gone; the
proposal has lapsed without anybody doing anything, and in whatever order the news came.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True, slots=True)
class CutBill:
    """A standing settlement that a cap cut; ``place`` orders the bills of a person's year."""

    settlement_id: UUID
    place: UUID
    cuts: Mapping[str, int]
    """Benefit to the amount cut, in fen."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What a bill is offered now, per benefit (fen); ``blocked_by`` are older bills of its room."""

    settlement_id: UUID
    amounts: Mapping[str, int]
    blocked_by: tuple[UUID, ...]


def offers(bills: Iterable[CutBill], room: Mapping[str, int]) -> list[Offer]:
    """Share a person's free room out among his cut bills, the oldest first.

    Args:
        bills: of one person and year, not dismissed.
        room: per benefit what its cap leaves after the settled bills and the live reservations.
    """
    left = {benefit: max(0, amount) for benefit, amount in room.items()}
    takers: dict[str, list[UUID]] = {}
    found = []
    for bill in sorted(bills, key=lambda bill: bill.place):
        amounts = {}
        older: dict[UUID, None] = {}
        for benefit, cut in bill.cuts.items():
            offered = min(cut, left.get(benefit, 0))
            if offered <= 0:
                continue
            left[benefit] -= offered
            amounts[benefit] = offered
            older |= dict.fromkeys(takers.get(benefit, ()))
            takers.setdefault(benefit, []).append(bill.settlement_id)
        if amounts:
            found.append(Offer(bill.settlement_id, amounts, tuple(older)))
    return found
