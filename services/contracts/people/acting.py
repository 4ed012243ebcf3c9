"""For whom a caller may record a service, and which team's work it is."""

from __future__ import annotations

from datetime import date

from services.contracts.access import TeamNotYours, may_act
from services.contracts.contracts import repository as contracts
from services.contracts.follow_up.domain import in_force
from services.contracts.models import Person
from services.contracts.people import repository as people
from services.contracts.people.waiting import await_person
from services.contracts.teams.service import teams_of
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def person_served(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: str,
    *,
    on: date,
    facility_code: str | None = None,
) -> tuple[str, Person, str]:
    """Who stands for a person, he, and the team of his contract on the day or of his township.

    The person is held until the transaction ends.

    Args:
        session: to hold him with.
        context: of the service.
        caller: whoever records it.
        person_id: under which he was named.
        on: the day of the service.
        facility_code: the institution that served him, if it may record it itself.

    Raises:
        PersonUnknown: identity has not told of him (within a short wait).
        TeamNotYours: he is another organisation's.
    """
    known = await await_person(session, person_id)
    kept = await people.lock(session, person_id)
    person = await people.get(session, kept) or known
    held = in_force(await contracts.terms_of(session, kept), on)
    team = held.team if held else teams_of(context).for_township(person.township)
    if not may_act(caller, team=team, township=person.township, facility_code=facility_code):
        raise TeamNotYours
    return kept, person, team
