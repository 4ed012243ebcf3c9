"""Taking people into programmes of care and letting them go."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act
from services.contracts.merges.repository import MERGES
from services.contracts.models import Enrolment
from services.contracts.people import repository as people
from services.contracts.plans import enrolment_repository
from services.contracts.plans.domain import START, Programme
from services.contracts.plans.rulebook import rulebook
from services.contracts.plans.schemas import EnrolmentAnswer, EnrolmentEnd, EnrolmentRequest
from services.contracts.plans.service import plan_person
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

DISEASE_FOUND = "disease_found"
"""Why somebody at risk leaves the programme: he has the illness."""
ENTERED_IN_ERROR = "entered_in_error"
"""He never was at risk: what was written down had not been measured."""


class PersonNotKnown(NotFound):
    code = "person_unknown"
    title = "No registered person with this id is known here"
    title_zh = "没有此登记人员"


class EnrolmentUnknown(NotFound):
    code = "enrolment_unknown"
    title = "There is no such enrolment, or it is not yours to see"
    title_zh = "没有这条纳管记录，或您无权查看"


class EnrolledAlready(Conflict):
    code = "enrolled_already"
    title = "The person is in this programme"
    title_zh = "该人员已纳入此项目管理"


class EnrolmentEnded(Conflict):
    code = "enrolment_ended"
    title = "The person has left this programme already"
    title_zh = "该人员已结束此项目管理"


class EnrolmentWrong(Unprocessable):
    """A field contradicts what is known; the fault names the cure."""


async def enrol(
    session: WriteSession, context: ServiceContext, caller: Principal, body: EnrolmentRequest
) -> EnrolmentAnswer:
    """Take a person into a programme; its first task follows at once.

    Raises:
        EnrolmentWrong: no such programme, one that nobody is taken into, a day in the future.
        PersonNotKnown: identity has not told of the person.
        TeamNotYours: the person is another organisation's.
        EnrolledAlready: he is in it.
    """
    programme = rulebook().programmes.get(body.programme)
    if programme is None or not programme.applies.enrolled:
        known = ", ".join(c for c, p in rulebook().programmes.items() if p.applies.enrolled)
        raise EnrolmentWrong(
            errors=[
                FieldFault(
                    "programme",
                    "unknown_programme",
                    f"write one of: {known}",
                    f"应为以下之一: {known}",
                )
            ]
        )
    now = context.clock.now()
    today = business_date(now)
    if body.started_on > today:
        raise EnrolmentWrong(
            errors=[
                FieldFault(
                    "started_on",
                    "in_the_future",
                    "nobody is taken in before it happens; give the day it was found",
                    "日期不能晚于今天；请填写发现或通知的日期",
                )
            ]
        )
    kept = await people.lock(session, body.person_id)
    await _may(session, context, caller, kept, body.person_id)
    enrolment_id = new_id()
    row = {
        "enrolment_id": enrolment_id,
        "region": context.region.region_code,
        "person_id": kept,
        "programme": programme.code,
        "started_on": body.started_on,
        "planned_from": planned_from(programme, body.started_on, today),
        "recorded_by": caller.client_id,
        "recorded_at": now,
    }
    if any(
        each.programme == programme.code and each.ended_on is None
        for each in await enrolment_repository.enrolments_of(
            session, await MERGES.members(session, kept)
        )
    ) or not await enrolment_repository.add_enrolment(session, row):
        raise EnrolledAlready
    await leave_risk(session, kept, programme.code, body.started_on)
    await plan_person(session, context, kept, at=now)
    await _audit(session, caller, context, "enrolment.started", str(enrolment_id), kept)
    return answer(await enrolment_repository.enrolment_stored(session, enrolment_id), kept)


async def enrol_at_risk(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    found: Mapping[str, str],
    on: date,
) -> None:
    """Take a person into programmes of those at risk, as a measurement says.

    Not into one in which he is, nor into one whose illness he is looked after for.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who recorded the measurement.
        kept: who stands for the person.
        found: programme → as what he is found.
        on: the day of the measurement.
    """
    if not found:
        return
    now = context.clock.now()
    book = rulebook().programmes
    held = {
        each.programme
        for each in await enrolment_repository.enrolments_of(
            session, await MERGES.members(session, kept)
        )
        if each.ended_on is None
    }
    for code, found_as in sorted(found.items()):
        programme = book[code]
        if held & {code, programme.leads_to}:
            continue
        row = {
            "enrolment_id": new_id(),
            "region": context.region.region_code,
            "person_id": kept,
            "programme": code,
            "started_on": on,
            "planned_from": planned_from(programme, on, business_date(now), found_as),
            "found_as": found_as,
            "recorded_by": caller.client_id,
            "recorded_at": now,
        }
        if await enrolment_repository.add_enrolment(session, row):
            subject = str(row["enrolment_id"])
            await _audit(session, caller, context, "enrolment.started", subject, kept)


async def take_back(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    mistaken: Mapping[str, str],
    on: date,
) -> None:
    """End what :func:`enrol_at_risk` did with the same arguments, for the measurement was none.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who corrects the measurement.
        kept: who stands for the person.
        mistaken: programme → as what he was found.
        on: the day of the measurement.
    """
    for each in await enrolment_repository.enrolments_of(
        session, await MERGES.members(session, kept)
    ):
        if (
            each.ended_on is None
            and each.started_on == on
            and each.found_as is not None
            and mistaken.get(each.programme) == each.found_as
            and await enrolment_repository.end_enrolment(
                session, each.enrolment_id, ended_on=on, reason=ENTERED_IN_ERROR
            )
        ):
            subject = str(each.enrolment_id)
            await _audit(session, caller, context, "enrolment.ended", subject, kept)


async def leave_risk(session: WriteSession, kept: str, illness: str, on: date) -> bool:
    """Who has an illness is no longer at risk of it; True: he had been.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        kept: who stands for the person.
        illness: that was found.
        on: the day of it.
    """
    book = rulebook().programmes
    left = False
    for each in await enrolment_repository.enrolments_of(
        session, await MERGES.members(session, kept)
    ):
        programme = book.get(each.programme)
        if programme is not None and programme.leads_to == illness and each.ended_on is None:
            left |= await enrolment_repository.end_enrolment(
                session, each.enrolment_id, ended_on=max(on, each.started_on), reason=DISEASE_FOUND
            )
    return left


async def back_at_risk(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    illness: str,
    on: date,
) -> None:
    """Undo :func:`leave_risk` of a day: he does not have the illness.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who corrects what found it.
        kept: who stands for the person.
        illness: that had been found.
        on: the day of it.
    """
    book = rulebook().programmes
    mine = await enrolment_repository.enrolments_of(session, await MERGES.members(session, kept))
    held = {each.programme for each in mine if each.ended_on is None}
    for each in mine:
        programme = book.get(each.programme)
        if (
            programme is not None
            and programme.leads_to == illness
            and each.end_reason == DISEASE_FOUND
            and each.ended_on == max(on, each.started_on)
            and each.programme not in held
        ):
            held.add(each.programme)
            await enrolment_repository.resume_enrolment(session, each.enrolment_id)
            subject = str(each.enrolment_id)
            await _audit(session, caller, context, "enrolment.resumed", subject, kept)


def planned_from(
    programme: Programme, started_on: date, today: date, found_as: str = START
) -> date:
    """From which day tasks are counted: the start, unless the first would be over already.

    Nobody could have done what was not yet known to be due.
    """
    first = programme.rule_for(found_as, started_on)
    if first is not None and first.due.after(started_on) < today:
        return today
    return started_on


async def end(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    enrolment_id: UUID,
    body: EnrolmentEnd,
) -> EnrolmentAnswer:
    """Let a person go from a programme; what was still to do is no longer due.

    Raises:
        EnrolmentUnknown: there is none, or it is another organisation's.
        EnrolmentEnded: he has gone before.
        EnrolmentWrong: a day before the start, or in the future.
    """
    found = await enrolment_repository.enrolment(session, enrolment_id)
    if found is None:
        raise EnrolmentUnknown
    kept = await people.lock(session, found.person_id)
    try:
        await _may(session, context, caller, kept, found.person_id)
    except (TeamNotYours, PersonNotKnown):
        raise EnrolmentUnknown from None
    now = context.clock.now()
    if not found.started_on <= body.ended_on <= business_date(now):
        raise EnrolmentWrong(
            errors=[
                FieldFault(
                    "ended_on",
                    "outside",
                    f"give a day from {found.started_on} to today",
                    f"请填写 {found.started_on} 至今天之间的日期",
                )
            ]
        )
    if not await enrolment_repository.end_enrolment(
        session, enrolment_id, ended_on=body.ended_on, reason=body.reason
    ):
        raise EnrolmentEnded
    await plan_person(session, context, kept, at=now)
    await _audit(session, caller, context, "enrolment.ended", str(enrolment_id), kept)
    return answer(await enrolment_repository.enrolment_stored(session, enrolment_id), kept)


async def enrolments_of(
    session: WriteSession, context: ServiceContext, caller: Principal, person_id: str
) -> list[EnrolmentAnswer]:
    """The programmes a person is or was in; the read is on the audit log.

    Raises:
        PersonNotKnown: nobody of that id, or another organisation's.
    """
    kept = await MERGES.kept_of(session, person_id)
    try:
        await _may(session, context, caller, kept, person_id)
    except TeamNotYours:
        raise PersonNotKnown from None
    found = await enrolment_repository.enrolments_of(session, await MERGES.members(session, kept))
    await _audit(session, caller, context, "enrolment.read", kept, kept)
    return [answer(each, kept) for each in found]


def answer(found: Enrolment, kept: str) -> EnrolmentAnswer:
    title = rulebook().programmes[found.programme].title
    return EnrolmentAnswer(
        enrolment_id=str(found.enrolment_id),
        person_id=kept,
        programme=found.programme,
        title_zh=title.zh,
        title=title.en,
        started_on=found.started_on,
        planned_from=found.planned_from,
        found_as=found.found_as,
        ended_on=found.ended_on,
        end_reason=found.end_reason,
    )


async def _may(
    session: ReadSession, context: ServiceContext, caller: Principal, kept: str, told_as: str
) -> None:
    person = await people.get(session, kept) or await people.get(session, told_as)
    if person is None:
        raise PersonNotKnown("use a person_id that identity has given out")
    team = teams_of(context).for_township(person.township)
    if not may_act(caller, team=team, township=person.township):
        raise TeamNotYours


async def _audit(
    session: WriteSession,
    caller: Principal,
    context: ServiceContext,
    action: str,
    subject: str,
    person_id: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=subject,
        at=context.clock.now(),
        detail={"person_id": person_id},
    )
