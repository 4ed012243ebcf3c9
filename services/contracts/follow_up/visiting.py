"""A follow-up as a visit of a programme of care: measured, judged, and which tasks it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from services.contracts.follow_up import repository
from services.contracts.follow_up.domain import ATTEMPTS
from services.contracts.follow_up.forms import check, forms, plain
from services.contracts.follow_up.judging import REASONS, Before, Case, Judgement, judge
from services.contracts.follow_up.schemas import FollowUpRequest, Reason
from services.contracts.follow_up.screening import at_risk
from services.contracts.merges.repository import MERGES
from services.contracts.models import Enrolment, Person, Task
from services.contracts.plans import enrolment_repository
from services.contracts.plans.domain import MISSED, Programme, Rule
from services.contracts.plans.rulebook import rulebook
from shared.clock import business_date
from shared.db.session import ReadSession
from shared.http.problem import FieldFault, Unprocessable


class MeasurementsRefused(Unprocessable):
    code = "measurements_refused"
    title = "A measurement is missing, not of the form, or impossible"
    title_zh = "测量值缺失、不在表中或不可能"


class MeasurementsUnlikely(Unprocessable):
    code = "measurements_unlikely"
    title = "A measurement is unlikely: look again, and confirm it if it is right"
    title_zh = "测量值少见：请核对，无误后确认"


class VisitWrong(Unprocessable):
    code = "visit_wrong"
    title = "The follow-up does not fit its task or programme"
    title_zh = "随访与任务或管理项目不符"


@dataclass(frozen=True, slots=True)
class Visit:
    """What a follow-up means to its programme."""

    disease: str
    values: dict[str, Any] | None
    judgement: Judgement | None
    anchor_on: date | None
    """From which day the next visit is counted; None: this is no visit."""
    does: tuple[Task, ...]
    """Planned tasks that it does, also one that was held for missed."""
    at_risk: Mapping[str, str] = field(default_factory=dict)
    """Programmes of those at risk into which its measurements take the person: as what."""

    @property
    def reasons(self) -> list[Reason]:
        codes = self.judgement.refer if self.judgement is not None else ()
        return [Reason(code=c, text_zh=REASONS[c][0], text=REASONS[c][1]) for c in codes]


async def look_at(
    session: ReadSession, body: FollowUpRequest, task: Task | None, kept: str, person: Person | None
) -> Visit | None:
    """The follow-up as a visit; None when it belongs to no programme.

    Args:
        session: holds the person's lock.
        body: as sent.
        task: that it is for, if one is named.
        kept: who stands for the person.
        person: as known.

    Raises:
        VisitWrong: an unknown disease, another one than the task's, a way that does not do.
        MeasurementsRefused: a value is missing, malformed or impossible.
        MeasurementsUnlikely: a value is unlikely and not confirmed.
    """
    programme = _programme(body, task)
    if programme is None:
        return None
    reached = body.outcome not in ATTEMPTS
    values = (
        read_measurements(programme.form, body.measurements, body.confirmed)
        if programme.form is not None
        else None
    )
    if not reached:
        return Visit(programme.code, values and plain(values), None, None, ())
    book = rulebook()
    if task is not None and task.programme is not None:
        rule = book.rule(task.rule, task.rule_version)
        _must_do(body, rule)
        if values is None and rule is not None and "phone" not in rule.ways:
            raise MeasurementsRefused(
                errors=[
                    FieldFault(
                        "measurements",
                        "missing",
                        "this visit is to be measured; GET /contracts/v1/follow-up-forms has the"
                        " form",
                        "此次随访须填写测量值；表单见 follow-up-forms",
                    )
                ]
            )
    members = await MERGES.members(session, kept)
    day = business_date(body.performed_at)
    enrolment = await _enrolment(session, members, programme.code)
    judgement = None
    if values is not None:
        judgement = await judged(session, programme, values, members, person, body.performed_at)
    fitting = [
        each
        for each in await repository.planned_tasks(session, members, programme.code)
        if _does(each, body, day, measured=values is not None)
    ]
    # A visit in time that becomes known late is that task's, not also the following attempt's.
    does = tuple([each for each in fitting if each.outcome == MISSED][:1] or fitting)
    anchors = bool(does) or (
        judgement is not None
        and enrolment is not None
        and any(body.way in rule.ways for rule in programme.rules if rule.routine)
    )
    return Visit(
        disease=programme.code,
        values=plain(values) if values is not None else None,
        judgement=judgement,
        anchor_on=anchor_day(programme, does, judgement, day) if anchors else None,
        does=does,
        at_risk=at_risk(values, programme.code) if judgement is not None and values else {},
    )


async def judged(
    session: ReadSession,
    programme: Programme,
    values: Mapping[str, Any],
    members: Sequence[str],
    person: Person | None,
    at: datetime,
) -> Judgement | None:
    """What measurements say of a person, with the visit before them in mind.

    Args:
        session: to read with.
        programme: of the visit.
        values: checked measurements.
        members: the person's ids.
        person: as known.
        at: the time of the visit.
    """
    if programme.form is None:
        return None
    enrolment = await _enrolment(session, members, programme.code)
    before = await repository.visit_before(session, members, programme.code, at)
    return judge(
        programme.form,
        values,
        forms()[programme.form].thresholds,
        Case(
            on=business_date(at),
            birth_year=person.birth_year if person is not None else None,
            started_on=enrolment.started_on if enrolment is not None else None,
            before=_before(before, enrolment),
        ),
    )


async def _enrolment(
    session: ReadSession, members: Sequence[str], programme: str
) -> Enrolment | None:
    found = await enrolment_repository.enrolments_of(session, members)
    return next((e for e in found if e.programme == programme and e.ended_on is None), None)


def _before(
    visit: tuple[datetime, str | None, Any] | None, enrolment: Enrolment | None
) -> Before | None:
    """The visit before, or the measurement that took the person in."""
    if visit is not None:
        return Before(business_date(visit[0]), visit[1], visit[2])
    if enrolment is not None and enrolment.found_as is not None:
        return Before(enrolment.started_on, enrolment.found_as, {})
    return None


def _programme(body: FollowUpRequest, task: Task | None) -> Programme | None:
    of_task = task.programme if task is not None else None
    code = of_task or body.disease
    if code is None:
        if body.measurements:
            raise _wrong(
                "disease",
                "missing",
                "say whose form the measurements are of, such as hypertension",
                "请注明测量值属于哪种疾病，例如 hypertension",
            )
        return None
    if of_task is not None and body.disease not in (None, of_task):
        raise _wrong(
            "disease",
            "another_disease",
            f"the task is of {of_task}; leave disease out or record another follow-up",
            f"该任务属于 {of_task}；请不填 disease,或另行登记随访",
        )
    programme = rulebook().programmes.get(code)
    if programme is None or programme.form is None:
        known = ", ".join(c for c, p in rulebook().programmes.items() if p.form)
        raise _wrong(
            "disease", "unknown_disease", f"write one of: {known}", f"应为以下之一: {known}"
        )
    return programme


def read_measurements(
    form: str, entered: Mapping[str, Any] | None, confirmed: Sequence[str]
) -> dict[str, Any] | None:
    """What was measured, checked by a form; None: nothing was.

    Raises:
        MeasurementsRefused: a value is missing, malformed or impossible.
        MeasurementsUnlikely: a value is unlikely and not confirmed.
    """
    if not entered:
        return None
    checked = check(forms()[form], entered, frozenset(confirmed))
    if checked.faults:
        raise MeasurementsRefused(errors=checked.faults)
    if checked.unlikely:
        raise MeasurementsUnlikely(errors=checked.unlikely)
    return checked.values


def _must_do(body: FollowUpRequest, rule: Rule | None) -> None:
    if rule is not None and body.way not in rule.ways:
        ways = ", ".join(sorted(rule.ways))
        raise _wrong(
            "way",
            "does_not_count",
            f"this task is done by: {ways}; leave task_id out to record another contact",
            f"此任务须以下列方式完成: {ways}；如为其他联系，请不填 task_id",
        )


def _does(task: Task, body: FollowUpRequest, day: date, *, measured: bool) -> bool:
    """Whether the visit does a planned task of its programme.

    One that is open is done by any visit of the right kind since its anchor; one that was held
    for missed only by a visit within its window, which became known later.
    """
    rule = rulebook().rule(task.rule, task.rule_version)
    if rule is None or body.way not in rule.ways or not (measured or "phone" in rule.ways):
        return False
    if task.status == "open":
        return task.anchor_on is None or day >= task.anchor_on
    in_window = task.opens_on <= day and (task.closes_on is None or day <= task.closes_on)
    return task.outcome == MISSED and in_window


def anchor_day(
    programme: Programme, does: Sequence[Task], judgement: Judgement | None, day: date
) -> date:
    """The visit's day; a routine visit that came late does not move the rhythm."""
    following = programme.rule_for(judgement.classification if judgement else "any", day)
    if following is None or not following.routine:
        return day
    book = rulebook()
    for task in does:
        rule = book.rule(task.rule, task.rule_version)
        if rule is not None and rule.routine:
            due_on: date = task.due_on
            return min(day, due_on)
    return day


def _wrong(field: str, code: str, message: str, message_zh: str) -> VisitWrong:
    return VisitWrong(errors=[FieldFault(field, code, message, message_zh)])
