"""Opening, moving and closing tasks. Every function expects to hold the person's lock.

The same tasks result whichever of discharge, signature and home becomes known first.
"""

from __future__ import annotations

from datetime import date, datetime

from services.contracts.contracts import repository as contracts
from services.contracts.contracts.domain import Term
from services.contracts.follow_up import repository
from services.contracts.follow_up.domain import (
    FOLLOW_UP,
    SIGNED,
    TO_SIGN,
    TaskRule,
    answers,
    due_day,
    follow_up_owed,
    in_force,
)
from services.contracts.models import Discharge, Task
from services.contracts.people import repository as people
from services.contracts.teams.service import teams_of
from shared.db.session import WriteSession
from shared.events.catalog import EncounterDischarged, TaskClosed, TaskOpened
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext


async def discharge_told(
    session: WriteSession,
    context: ServiceContext,
    told: EncounterDischarged,
    person_id: str,
    *,
    sequence: int,
    at: datetime,
) -> None:
    """An inpatient came home: a follow-up for his team, or a contract to sign for his township's.

    Args:
        at: when the discharge happened; the time of the task's event.
    """
    new = await repository.store_discharge(
        session,
        {
            "encounter_id": told.encounter_id,
            "region": context.region.region_code,
            "person_id": person_id,
            "facility_code": told.facility_code,
            "township": told.township,
            "village": told.village if told.township else None,
            "discharged_on": told.discharged_on,
            "sequence": sequence,
        },
    )
    if not new:
        return
    discharge = Discharge(
        encounter_id=told.encounter_id,
        region=context.region.region_code,
        person_id=person_id,
        facility_code=told.facility_code,
        township=told.township,
        village=told.village if told.township else None,
        discharged_on=told.discharged_on,
        sequence=sequence,
    )
    terms = await contracts.terms_of(session, person_id)
    held = in_force(terms, told.discharged_on)
    if held is not None:
        await _open(session, context, FOLLOW_UP, discharge, team=held.team, at=at)
        return
    await _open(session, context, TO_SIGN, discharge, team=None, at=at)
    for term in terms:
        await signed(session, context, person_id, term, at=at)


async def signed(
    session: WriteSession, context: ServiceContext, person_id: str, term: Term, *, at: datetime
) -> None:
    """A contract became known: what waited for a signature is done, the follow-up may be owed."""
    for task in await repository.open_tasks(session, person_id, TO_SIGN.code):
        if not answers(term, task.discharged_on):
            continue
        await close(session, task, outcome=SIGNED, at=at)
        if follow_up_owed(term, task.discharged_on):
            discharge = await session.get_one(Discharge, task.encounter_id)
            await _open(session, context, FOLLOW_UP, discharge, team=term.team, at=at)


async def home_told(
    session: WriteSession, context: ServiceContext, person_id: str, *, at: datetime
) -> None:
    """A home became known: tasks whose encounter did not know it go to the right team.

    A task that moves is told again as opened, with the same id and a higher sequence.
    """
    person = await people.get(session, person_id)
    if person is None:
        return
    for task in await repository.open_tasks_without_home(session, person_id):
        team = (
            teams_of(context).for_township(person.township)
            if task.rule == TO_SIGN.code
            else task.team
        )
        if (team, person.township, person.village) == (task.team, task.township, task.village):
            continue
        other_team = team != task.team
        await repository.move_task(
            session,
            task.task_id,
            team=team,
            township=person.township,
            village=person.village,
        )
        if other_team:
            await _tell_opened(session, task, team=team, at=at)


async def close(session: WriteSession, task: Task, *, outcome: str, at: datetime) -> bool:
    """Close a task and tell it; False, and nothing is told, when it was closed already."""
    if not await repository.close_task(session, task.task_id, outcome=outcome, closed_at=at):
        return False
    await outbox.record(
        session,
        TaskClosed(
            task_id=str(task.task_id),
            person_id=task.person_id,
            rule=task.rule,
            team=task.team,
            due_on=task.due_on,
            outcome=outcome,
        ),
        subject=str(task.task_id),
        sequence=await people.next_version(session, task.person_id),
        occurred_at=at,
    )
    return True


async def _open(
    session: WriteSession,
    context: ServiceContext,
    rule: TaskRule,
    discharge: Discharge,
    *,
    team: str | None,
    at: datetime,
) -> None:
    township, village = discharge.township, discharge.village
    if township is None:
        person = await people.get(session, discharge.person_id)
        if person is not None:
            township, village = person.township, person.village
    task = Task(
        task_id=new_id(),
        region=discharge.region,
        rule=rule.code,
        encounter_id=discharge.encounter_id,
        person_id=discharge.person_id,
        team=team or teams_of(context).for_township(township),
        township=township,
        village=village,
        facility_code=discharge.facility_code,
        discharged_on=discharge.discharged_on,
        due_on=due_day(discharge.discharged_on),
        status="open",
        opened_at=at,
    )
    if await repository.insert_task(session, _columns(task)):
        await _tell_opened(session, task, team=task.team, at=at)


def _columns(task: Task) -> dict[str, object]:
    names = (
        "task_id", "region", "rule", "encounter_id", "person_id", "team", "township", "village",
        "facility_code", "discharged_on", "due_on", "status", "opened_at",
    )  # fmt: skip
    return {name: getattr(task, name) for name in names}


async def _tell_opened(session: WriteSession, task: Task, *, team: str, at: datetime) -> None:
    due_on: date = task.due_on
    await outbox.record(
        session,
        TaskOpened(
            task_id=str(task.task_id),
            person_id=task.person_id,
            rule=task.rule,
            team=team,
            due_on=due_on,
            encounter_id=task.encounter_id,
        ),
        subject=str(task.task_id),
        sequence=await people.next_version(session, task.person_id),
        occurred_at=at,
    )
