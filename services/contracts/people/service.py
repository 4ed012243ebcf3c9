"""Reading one person: who stands for him, and whether the caller may see him."""

from __future__ import annotations

from services.contracts.access import may_act
from services.contracts.contracts import repository as contracts
from services.contracts.follow_up.domain import in_force
from services.contracts.merges.repository import MERGES
from services.contracts.models import Person
from services.contracts.people import repository
from services.contracts.people.waiting import PersonUnknown
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def read_person(
    session: WriteSession, context: ServiceContext, caller: Principal, person_id: str
) -> tuple[str, Person, str]:
    """Who stands for a person, he, and the team that answers for him today; the look is logged.

    Raises:
        PersonUnknown: identity has not told of him, or he is another organisation's.
    """
    kept = await MERGES.kept_of(session, person_id)
    person = await repository.get(session, kept) or await repository.get(session, person_id)
    if person is None:
        raise PersonUnknown
    now = context.clock.now()
    held = in_force(await contracts.terms_of(session, kept), business_date(now))
    team = held.team if held else teams_of(context).for_township(person.township)
    if not may_act(caller, team=team, township=person.township):
        raise PersonUnknown
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.read",
        subject=kept,
        at=now,
    )
    return kept, person, team
