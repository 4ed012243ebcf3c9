"""Opening, moving and closing tasks. Every function expects to hold the person's lock.

The same tasks result whichever of discharge, signature and home becomes known first, and whenever
it becomes known that two registered persons are one. ``kept`` is always who stands for himself.
"""

from __future__ import annotations

from datetime import date, datetime, timedelta
from uuid import UUID

from services.contracts.contracts import repository as contracts
from services.contracts.contracts.domain import Term
from services.contracts.follow_up import repository
from services.contracts.follow_up.domain import (
    DOWN_DUE_DAYS,
    DOWN_REFERRAL,
    FOLLOW_UP,
    NOT_HANDED_DOWN,
    NOT_HIS,
    SIGNED,
    STAY_CANCELLED,
    TO_SIGN,
    VISITED,
    TaskRule,
    answers,
    due_day,
    follow_up_owed,
    in_force,
)
from services.contracts.merges.repository import MERGES
from services.contracts.models import Discharge, Referral, Task
from services.contracts.people import repository as people
from services.contracts.teams.service import teams_of
from shared.db.session import WriteSession
from shared.events.catalog import EncounterCancelled, EncounterDischarged, TaskClosed, TaskOpened
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext


async def discharge_told(
    session: WriteSession,
    context: ServiceContext,
    told: EncounterDischarged,
    person_id: str,
    *,
    kept: str,
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
            "admitted_on": told.admitted_on,
            "discharged_on": told.discharged_on,
            "sequence": sequence,
        },
    )
    if not new or await repository.cancelled(session, [told.encounter_id]):
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
    terms = await contracts.terms_of(session, kept)
    held = in_force(terms, told.discharged_on)
    if held is not None:
        await _open(session, context, FOLLOW_UP, discharge, kept=kept, team=held.team, at=at)
        return
    await _open(session, context, TO_SIGN, discharge, kept=kept, team=None, at=at)
    for term in terms:
        await signed(session, context, kept, term, at=at)


async def stay_cancelled(
    session: WriteSession,
    context: ServiceContext,
    told: EncounterCancelled,
    *,
    at: datetime,
) -> None:
    """A stay did not take place: what is still open because of it is withdrawn.

    What a team has done stays done: it was there.
    """
    await repository.store_cancelled(
        session, told.encounter_id, region=context.region.region_code, at=told.cancelled_at
    )
    for task in (await repository.tasks_of(session, told.encounter_id)).values():
        await close(session, task, outcome=STAY_CANCELLED, at=at)


async def referred_down(
    session: WriteSession,
    referral: Referral,
    *,
    team: str,
    home: tuple[str | None, str | None],
    at: datetime,
) -> None:
    """A hospital hands a patient down: the team that receives him follows him up (SJ-33)."""
    task = Task(
        task_id=new_id(),
        region=referral.region,
        rule=DOWN_REFERRAL.code,
        encounter_id=None,
        referral_id=referral.referral_id,
        person_id=referral.person_id,
        team=team,
        township=home[0],
        village=home[1],
        facility_code=referral.from_facility,
        discharged_on=None,
        priority=DOWN_REFERRAL.priority,
        opens_on=referral.issued_on,
        due_on=referral.issued_on + timedelta(days=DOWN_DUE_DAYS[referral.reason]),
        status="open",
        opened_at=at,
    )
    if await repository.insert_task(session, _columns(task)):
        await _tell_opened(session, task, team=team, at=at)


async def not_handed_down(session: WriteSession, referral_id: UUID, *, at: datetime) -> None:
    """A referral down was refused or withdrawn: what is still open because of it is not owed."""
    task = await repository.task_of_referral(session, referral_id)
    if task is not None:
        await close(session, task, outcome=NOT_HANDED_DOWN, at=at)


async def done_with(
    session: WriteSession, done: Task, *, kept: str, on: date, outcome: str, at: datetime
) -> None:
    """One visit does both: what the stay asks for and what its referral down asks for."""
    for rule in sorted(VISITED - {done.rule}):
        for task in await repository.open_tasks(session, kept, rule):
            if task.team == done.team and task.opens_on <= on:
                await close(session, task, outcome=outcome, at=at)


async def signed(
    session: WriteSession, context: ServiceContext, kept: str, term: Term, *, at: datetime
) -> None:
    """A contract became known: what waited for a signature is done, the follow-up may be owed."""
    for task in await repository.open_tasks(session, kept, TO_SIGN.code):
        if not answers(term, task.opens_on):
            continue
        await close(session, task, outcome=SIGNED, at=at)
        if follow_up_owed(term, task.opens_on):
            discharge = await session.get_one(Discharge, task.encounter_id)
            await _open(session, context, FOLLOW_UP, discharge, kept=kept, team=term.team, at=at)


async def home_told(
    session: WriteSession, context: ServiceContext, kept: str, *, at: datetime
) -> None:
    """A home became known: tasks whose encounter did not know it go to the right team."""
    for task, discharge in await repository.open_tasks_led_home(session, kept):
        await _lead_home(session, context, task, discharge, kept=kept, at=at)


async def reconcile(
    session: WriteSession, context: ServiceContext, person_id: str, *, at: datetime
) -> None:
    """Whose contracts and home count for a person's stays has changed: his tasks follow.

    What is open afterwards is what would be open had it always been known. What was done stays
    done.

    Args:
        session: holds alone who stands for whom.
        context: of the service.
        person_id: an id under which stays may have been told.
        at: when the change was recorded; the time of the tasks' events.
    """
    kept = await MERGES.kept_of(session, person_id)
    terms = await contracts.terms_of(session, kept)
    as_signed = await contracts.terms_of(session, kept, as_signed=True)
    stays = await repository.discharges_of(session, person_id)
    cancelled = await repository.cancelled(session, [stay.encounter_id for stay in stays])
    for discharge in stays:
        if discharge.encounter_id in cancelled:
            continue
        day = discharge.discharged_on
        found = await repository.tasks_of(session, discharge.encounter_id)
        owed = in_force(terms, day) or next((t for t in terms if follow_up_owed(t, day)), None)
        # A contract that was ended later had closed or opened a task all the same.
        was_owed = any(follow_up_owed(term, day) for term in as_signed)
        to_sign, follow_up = found.get(TO_SIGN.code), found.get(FOLLOW_UP.code)
        if any(answers(term, day) for term in terms):
            if to_sign is not None:
                await close(session, to_sign, outcome=SIGNED, at=at)
        elif not any(answers(term, day) for term in as_signed):
            await _open_again(session, context, TO_SIGN, discharge, kept, to_sign, SIGNED, at)
        if owed is not None:
            await _open_again(
                session, context, FOLLOW_UP, discharge, kept, follow_up, NOT_HIS, at, owed.team
            )
        elif follow_up is not None and not was_owed:
            await close(session, follow_up, outcome=NOT_HIS, at=at)
        for task in (await repository.tasks_of(session, discharge.encounter_id)).values():
            if task.status == "open":
                team = owed.team if owed is not None and task.rule == FOLLOW_UP.code else None
                await _lead_home(session, context, task, discharge, kept=kept, team=team, at=at)


async def _open_again(
    session: WriteSession,
    context: ServiceContext,
    rule: TaskRule,
    discharge: Discharge,
    kept: str,
    task: Task | None,
    closed_as: str,
    at: datetime,
    team: str | None = None,
) -> None:
    """Open a task that there is not, or that only ``closed_as`` had closed."""
    if task is None:
        await _open(session, context, rule, discharge, kept=kept, team=team, at=at)
    elif task.status == "closed" and task.outcome == closed_as:
        await reopen(session, task, at=at)


async def reopen(session: WriteSession, task: Task, *, at: datetime) -> None:
    """What closed it no longer stands; it is told again as opened."""
    await repository.reopen_task(session, task.task_id)
    await _tell_opened(session, task, team=task.team, at=at)


async def _lead_home(
    session: WriteSession,
    context: ServiceContext,
    task: Task,
    discharge: Discharge,
    *,
    kept: str,
    team: str | None = None,
    at: datetime,
) -> None:
    """Lay a task where the person lives, with the team of that township or the one given.

    A task that moves is told again as opened, with the same id and a higher sequence.
    """
    township, village = await _home(session, discharge, kept)
    if team is None:
        to_sign = task.rule == TO_SIGN.code
        team = teams_of(context).for_township(township) if to_sign else task.team
    if (team, township, village) == (task.team, task.township, task.village):
        return
    other_team = team != task.team
    await repository.move_task(session, task.task_id, team=team, township=township, village=village)
    if other_team:
        await _tell_opened(session, task, team=team, at=at)


async def _home(
    session: WriteSession, discharge: Discharge, kept: str
) -> tuple[str | None, str | None]:
    """Township and village: the encounter's, or those of him who stands for the person."""
    merged = discharge.person_id != kept
    if discharge.township is None or merged:
        person = await people.get(session, kept)
        if person is not None and (person.township is not None or discharge.township is None):
            return person.township, person.village
    return discharge.township, discharge.village


async def close(session: WriteSession, task: Task, *, outcome: str, at: datetime) -> bool:
    """Close a task and tell it; False, and nothing is told, when it was closed already."""
    if not await repository.close_task(session, task.task_id, outcome=outcome, closed_at=at):
        return False
    await tell_closed(session, task, outcome=outcome, at=at)
    return True


async def tell_closed(session: WriteSession, task: Task, *, outcome: str, at: datetime) -> None:
    """Tell that a task is done or pointless."""
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


async def _open(
    session: WriteSession,
    context: ServiceContext,
    rule: TaskRule,
    discharge: Discharge,
    *,
    kept: str,
    team: str | None,
    at: datetime,
) -> None:
    township, village = await _home(session, discharge, kept)
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
        priority=rule.priority,
        opens_on=discharge.discharged_on,
        due_on=due_day(discharge.discharged_on),
        status="open",
        opened_at=at,
    )
    if await repository.insert_task(session, _columns(task)):
        await _tell_opened(session, task, team=task.team, at=at)


def _columns(task: Task) -> dict[str, object]:
    names = (
        "task_id", "region", "rule", "encounter_id", "person_id", "team", "township", "village",
        "facility_code", "discharged_on", "priority", "opens_on", "due_on", "status", "opened_at",
        "referral_id",
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
            programme=task.programme,
        ),
        subject=str(task.task_id),
        sequence=await people.next_version(session, task.person_id),
        occurred_at=at,
    )
