"""Asking again about newborns: who has a number now, and whose answer is over.

A newborn is recognised by his mother's number or a stand-in name, so the answer is provisional.
After each roster the same question is asked again. When the register now has a child with a number
there, the visit is told as his. When the time is over without one, nobody is told any more, roster or
no roster: the benefits were given on the word that a number would come.
"""

from __future__ import annotations

from collections import defaultdict
from datetime import date
from uuid import UUID

import structlog
from sqlalchemy import RowMapping

from services.identity.newborns.repository import NewbornRepository
from services.identity.persons.register import lock_register
from services.identity.recognition.schemas import Credentials
from services.identity.recognition.service import match
from services.identity.reviews.revising import Verdict, settle
from services.identity.revisions.domain import Reason
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import Problem
from shared.runtime.context import ServiceContext

log = structlog.get_logger(__name__)

_CREDENTIALS_COLUMN = "recognitions.credentials"
_MOST_AT_A_TIME = 5_000
_NOBODY = Verdict("possible", None)


async def lapse(context: ServiceContext) -> None:
    """End the answers whose time is over; what several processes do at once is told once."""
    today = business_date(context.clock.now())
    async with context.db.writing() as session:
        revised = await ask_again(session, context, over_on=today)
    if revised:
        log.info("provisional_answers_lapsed", recognitions=revised)


async def ask_again(
    session: WriteSession, context: ServiceContext, *, over_on: date | None = None
) -> int:
    """Ask again about every provisional answer; gives how many were told anew.

    Call it before anything in the transaction changes the register: the matcher reads what is
    committed, and must not keep in memory what may yet be rolled back.

    Args:
        session: in whose transaction it happens.
        context: of the service.
        over_on: only about answers whose time is over on this day.
    """
    region, now = context.region.region_code, context.clock.now()
    repository = NewbornRepository(session, region)
    waiting = await repository.waiting(_MOST_AT_A_TIME, over_on=over_on)
    if not waiting:
        return 0
    verdicts: dict[Reason, dict[UUID, Verdict]] = defaultdict(dict)
    ended: dict[str, set[UUID]] = defaultdict(set)
    for row in waiting:
        recognition_id = row["recognition_id"]
        if row["decided"]:
            ended["decided"].add(recognition_id)
            continue
        verdict, numbered = await _asked(session, context, row)
        if numbered:
            verdicts["number_arrived"][recognition_id] = verdict
            ended["number_arrived"].add(recognition_id)
        elif business_date(now) > row["valid_until"]:
            # The register, as it has stood all the while, has nobody for him.
            verdicts["roster_correction"][recognition_id] = _NOBODY
            ended["expired"].add(recognition_id)
        elif verdict.person_id is not None:
            verdicts["roster_correction"][recognition_id] = verdict
    await lock_register(session, region)
    # Another process may have asked as well, and with a newer register: its word stays.
    left = await repository.still_waiting([row["recognition_id"] for row in waiting])
    revised = 0
    for reason, found in verdicts.items():
        still = {each: verdict for each, verdict in found.items() if each in left}
        revised += await settle(session, context, still, reason=reason)
    for how, ids in ended.items():
        await repository.end(ids & left, at=now, how=how)
    return revised


async def _asked(
    session: WriteSession, context: ServiceContext, row: RowMapping
) -> tuple[Verdict, bool]:
    """What the question comes to today, and whether it is a person with a number."""
    given = Credentials.model_validate_json(
        context.vault.decrypt(row["credentials_enc"], column=_CREDENTIALS_COLUMN)
    )
    try:
        found = await match(session, context, given, at=row["occurred_at"])
    except Problem:
        # A card that was revoked since, say: the answer stays as it was until its time is over.
        return _NOBODY, False
    decision = found.decision
    if decision.person_id is None or decision.best is None:
        return _NOBODY, False
    numbered = decision.best.person.number is not None
    return Verdict(decision.grade, UUID(decision.person_id)), numbered
