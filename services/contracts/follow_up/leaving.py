"""Tasks of stays and whether their person is on the registry. Expects to hold the person's lock.

What is open afterwards depends only on what is known, not on the order in which it became known.
"""

from __future__ import annotations

from datetime import datetime

from services.contracts.contracts import repository as contracts
from services.contracts.follow_up import repository, tasks
from services.contracts.follow_up.domain import LET_GO, let_go
from services.contracts.people import repository as people
from services.contracts.programme.service import programme_of
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext


async def follow_registry(
    session: WriteSession, context: ServiceContext, kept: str, *, at: datetime
) -> None:
    """Close what is pointless because the person left; open it again when he is back.

    Args:
        session: holds the person's lock, or alone who stands for whom.
        context: of the service.
        kept: who stands for himself.
        at: when the change was recorded; the time of the tasks' events.
    """
    person = await people.get(session, kept)
    if person is None:
        return
    left = not person.registered
    because = programme_of(context).reason_of_leaving(person.reason) if left else ""
    back = False
    for task in await repository.open_or(session, kept, LET_GO):
        pointless = left and let_go(task.rule, because)
        if task.status == "open" and pointless:
            await tasks.close(session, task, outcome=because, at=at)
        elif task.status == "closed" and not pointless:
            await tasks.reopen(session, task, at=at)
            back = True
    if back:  # what was signed meanwhile, or holds again with him, answers what waited for it
        for term in await contracts.terms_of(session, kept):
            await tasks.signed(session, context, kept, term, at=at)
