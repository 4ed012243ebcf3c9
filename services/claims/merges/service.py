"""What becomes of standings when two persons are found to be one, and when that was a mistake.

What an absorbed person's year held counts for the one who stands for him, from the moment at which
claims learns of the merge; undoing gives exactly that back, less what was reversed meanwhile. What
was settled under the merge was settled for the kept person and stays with him.

Locks are taken in one order everywhere: the encounter, then the persons, then their years, then
accounts. A merge takes no encounter.
"""

from __future__ import annotations

from services.claims.merges import repository
from services.claims.merges.repository import Move
from services.claims.settlement.bill import Standing
from services.claims.standings import repository as standings
from shared.db.session import WriteSession
from shared.merges.rule import Merge, turn

_NOTHING = Standing()


async def follow(session: WriteSession, told: Merge) -> None:
    """Let the news of a merge take effect; the same news again has none.

    Args:
        told: as :func:`services.claims.merges.repository.keep` gave it; the caller holds the
            merges.
    """
    others = await repository.sharing(session, told)
    change = turn(told, others)
    if not change.ended and change.begun is None:
        return
    concerned = [told, *(other for other in others if other.in_force)]
    await repository.hold_alone(session, frozenset().union(*(each.persons for each in concerned)))
    for merge in change.ended:
        await _give_back(session, merge)
    if change.begun is not None:
        await _take_along(session, change.begun)


async def _take_along(session: WriteSession, merge: Merge) -> None:
    moves = []
    for year in await standings.lock_all(session, merge.absorbed):
        if year.standing == _NOTHING:
            continue
        kept = await standings.lock(session, area=year.area, person_id=merge.kept, year=year.year)
        await standings.write(session, kept, kept.standing.plus(year.standing))
        await standings.write(session, year, _NOTHING)
        moves.append(Move(year.area, year.year, year.standing))
    await repository.add_moves(session, merge.merge_id, moves)
    await repository.set_in_force(session, merge.merge_id, in_force=True)


async def _give_back(session: WriteSession, merge: Merge) -> None:
    # First, so that the absorbed person's years are his own again.
    await repository.set_in_force(session, merge.merge_id, in_force=False)
    for move in await repository.moves_of(session, merge.merge_id):
        own = await standings.lock(
            session, area=move.area, person_id=merge.absorbed, year=move.year
        )
        kept = await standings.lock(session, area=move.area, person_id=merge.kept, year=move.year)
        await standings.write(session, kept, kept.standing.minus(move.amounts))
        await standings.write(session, own, own.standing.plus(move.amounts))
