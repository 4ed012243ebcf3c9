"""What the night does with referrals: who was not answered in time is told so."""

from __future__ import annotations

from datetime import date

from services.contracts.merges.repository import MERGES
from services.contracts.plans import repository as plans
from services.contracts.referrals import repository
from services.contracts.referrals.telling import tell
from shared.runtime.context import ServiceContext
from shared.security import audit

_NIGHTLY = "system:nightly"
_AT_ONCE, _MOST_PORTIONS = 500, 10_000


async def expire(context: ServiceContext, *, today: date) -> int:
    """Tell both ends of referrals that nobody answered in time; gives how many.

    A patient who was handed down is followed up all the same: his task stays.
    """
    told = 0
    for _ in range(_MOST_PORTIONS):
        async with context.db.writing() as session:
            waiting = await repository.unanswered(session, today, _AT_ONCE)
            if not waiting:
                break
            # The persons first, then the referrals: the order in which everybody locks.
            await MERGES.hold(session)
            persons = {person_id for _, person_id in waiting}
            merged = await plans.merged_ids(session)
            await plans.lock_many(session, sorted({merged.get(each, each) for each in persons}))
            expired = await repository.expire(session, [each for each, _ in waiting])
            now = context.clock.now()
            for referral in expired:
                await repository.add_step(
                    session,
                    {
                        "referral_id": referral.referral_id,
                        "number": referral.version,
                        "step": "expire",
                        "done_at": now,
                        "done_by": _NIGHTLY,
                        "organisation": f"region:{referral.region}",
                        "note": None,
                    },
                )
                await tell(session, referral, "expire", at=now)
                await audit.record(
                    session,
                    actor=_NIGHTLY,
                    organisation=f"region:{referral.region}",
                    action="referral.expire",
                    subject=str(referral.referral_id),
                    at=now,
                    detail={"person_id": referral.person_id},
                )
        told += len(expired)
    return told
