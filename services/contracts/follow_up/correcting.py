"""A follow-up that was written down wrongly: corrected, judged anew, the plan rebuilt.

What was measured, said and noted can be corrected; when and how the contact took place cannot, for
tasks, fees and figures rest on it. Only the last visit of a programme can: those after it were judged
by it. What stood before is kept.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Literal, cast
from uuid import UUID

from services.contracts.access import may_act
from services.contracts.follow_up import repository
from services.contracts.follow_up.domain import ATTEMPTS
from services.contracts.follow_up.forms import plain
from services.contracts.follow_up.judging import REASONS, Judgement, found_illness
from services.contracts.follow_up.schemas import (
    CaseAfter,
    FollowUpAnswer,
    FollowUpCorrection,
    Reason,
)
from services.contracts.follow_up.screening import (
    at_risk,
    let_go,
    put_on_register,
    take_in,
    take_off_register,
)
from services.contracts.follow_up.service import NOTE_COLUMN
from services.contracts.follow_up.visiting import (
    MeasurementsRefused,
    anchor_day,
    judged,
    read_measurements,
)
from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase, FollowUp, Person
from services.contracts.people import repository as people
from services.contracts.plans.domain import Programme
from services.contracts.plans.rulebook import rulebook
from services.contracts.plans.service import plan_person
from services.contracts.programme.service import programme_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import FollowUpCorrected
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


class FollowUpUnknown(NotFound):
    code = "follow_up_unknown"
    title = "There is no such follow-up, or it is not yours to see"
    title_zh = "没有此随访记录，或您无权查看"


class FollowUpStands(Conflict):
    code = "follow_up_stands"
    title = "The follow-up can no longer be corrected: a later one was judged by it"
    title_zh = "其后已有随访按它判断，不能再更正；请另行登记"


class AttemptStands(Conflict):
    code = "attempt_stands"
    title = "It did not come about; record the follow-up that did"
    title_zh = "该次未随访成，不能更正为随访；请另行登记"


class CorrectionWrong(Unprocessable):
    code = "correction_wrong"
    title = "The follow-up cannot be corrected so"
    title_zh = "不能这样更正随访"


async def correct(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    follow_up_id: UUID,
    body: FollowUpCorrection,
) -> FollowUpAnswer:
    """Correct what was measured, said or noted; tasks follow what it says now.

    Raises:
        FollowUpUnknown: there is none, or it is another organisation's.
        AttemptStands: nobody was met at it.
        FollowUpStands: a later visit was judged by it.
        CorrectionWrong: an attempt's outcome, measurements of what measured nothing.
        MeasurementsRefused, MeasurementsUnlikely: as at the recording.
    """
    seen = await repository.get_follow_up(session, follow_up_id)
    if seen is None:
        raise FollowUpUnknown
    kept = await people.lock(session, seen.person_id)
    visit, person, members = await allowed(session, caller, follow_up_id, kept)
    _check(visit, body)
    now = context.clock.now()
    day = business_date(visit.performed_at)
    programme = rulebook().programmes.get(visit.disease or "")
    values = _measured(programme, body) if visit.measurements is not None else None
    judgement: Judgement | None = None
    if programme is not None and values is not None:
        judgement = await judged(session, programme, values, members, person, visit.performed_at)
    anchor_on = visit.anchor_on
    if programme is not None and judgement is not None and anchor_on is not None:
        does = await repository.done_by(session, members, visit)
        anchor_on = anchor_day(programme, does, judgement, day)
    classification = judgement.classification if judgement else visit.classification
    control = judgement.control if judgement else visit.control_status
    anew = (classification, anchor_on) != (visit.classification, visit.anchor_on)
    had_found = found_illness(visit.measurements)
    outcome = body.outcome or visit.outcome
    await repository.correct(
        session,
        visit,
        {
            "outcome": outcome,
            "measurements": plain(values) if values is not None else None,
            "classification": classification,
            "control_status": control,
            "anchor_on": anchor_on,
            "judged": visit.judged + 1 if anew else visit.judged,
            **_note(context, visit, body.note),
        },
        {
            "correction_id": new_id(),
            "region": visit.region,
            "follow_up_id": follow_up_id,
            "outcome": visit.outcome,
            "classification": visit.classification,
            "control_status": visit.control_status,
            "measurements": visit.measurements,
            "corrected_by": caller.client_id,
            "corrected_at": now,
        },
    )
    await outbox.record(
        session,
        FollowUpCorrected(
            follow_up_id=str(follow_up_id),
            person_id=visit.person_id,
            team=visit.team,
            performed_at=visit.performed_at,
            way=visit.way,
            disease=visit.disease,
            control_status=control,
            assessment=classification,
        ),
        subject=str(follow_up_id),
        sequence=await people.next_version(session, visit.person_id),
        occurred_at=now,
    )
    case: DiseaseCase | None = None
    if visit.disease is not None and judgement is not None and values is not None:
        if judgement.found:
            await put_on_register(session, context, caller, kept, visit.disease, day, follow_up_id)
        elif had_found:
            case = await take_off_register(session, context, caller, kept, visit)
        found = at_risk(values, visit.disease)
        mistaken = at_risk(_exact(visit.measurements or {}), visit.disease)
        await let_go(session, context, caller, kept, mistaken, found, day)
        await take_in(session, context, caller, kept, found, day)
    await plan_person(session, context, kept, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="follow_up.corrected",
        subject=str(follow_up_id),
        at=now,
        detail={"person_id": kept, "team": visit.team},
    )
    reasons = judgement.refer if judgement is not None else ()
    return FollowUpAnswer(
        follow_up_id=str(follow_up_id),
        person_id=kept,
        team=visit.team,
        performed_at=visit.performed_at,
        way=visit.way,
        outcome=outcome,
        disease=visit.disease,
        control_status=control,
        classification=classification,
        referral_advised=bool(reasons),
        referral_reasons=[
            Reason(code=c, text_zh=REASONS[c][0], text=REASONS[c][1]) for c in reasons
        ],
        next_due_on=(
            await repository.next_due(session, members, visit.disease) if visit.disease else None
        ),
        entered_late=programme_of(context).is_late(day, business_date(visit.recorded_at)),
        disease_case=_case(context, case) if case is not None else None,
        task=None,
    )


async def allowed(
    session: ReadSession, caller: Principal, follow_up_id: UUID, kept: str
) -> tuple[FollowUp, Person | None, Sequence[str]]:
    """The follow-up, if the caller may correct it; the person and all the ids that mean him.

    Raises:
        FollowUpUnknown, AttemptStands, FollowUpStands: as :func:`correct`.
    """
    visit = await repository.get_follow_up(session, follow_up_id)
    person = await people.get(session, kept)
    if visit is None or not may_act(
        caller, team=visit.team, township=person.township if person else None
    ):
        raise FollowUpUnknown
    members = await MERGES.members(session, kept)
    if visit.outcome in ATTEMPTS:
        raise AttemptStands
    if visit.disease is not None and not await repository.is_last_visit(session, members, visit):
        raise FollowUpStands
    return visit, person, members


def correctable(
    caller: Principal, visits: Sequence[FollowUp], township: str | None
) -> frozenset[UUID]:
    """Which of all follow-ups of a person the caller may correct, as :func:`allowed` says.

    Args:
        caller: who asks.
        visits: the newest first.
        township: where the person lives.
    """
    found: set[UUID] = set()
    judged: dict[str, tuple[datetime, UUID]] = {}
    for each in visits:
        if each.disease is not None and each.classification is not None:
            at = (each.performed_at, each.follow_up_id)
            judged[each.disease] = max(at, judged.get(each.disease, at))
    for each in visits:
        last = judged.get(each.disease or "")
        if (
            each.outcome not in ATTEMPTS
            and (last is None or (each.performed_at, each.follow_up_id) >= last)
            and may_act(caller, team=each.team, township=township)
        ):
            found.add(each.follow_up_id)
    return frozenset(found)


def _case(context: ServiceContext, case: DiseaseCase) -> CaseAfter:
    known = programme_of(context).diseases.get(case.disease)
    return CaseAfter(
        case_id=str(case.case_id),
        disease=case.disease,
        disease_zh=known.zh if known else case.disease,
        status=cast("Literal['found', 'managed', 'withdrawn']", case.state),
    )


def _check(visit: FollowUp, body: FollowUpCorrection) -> None:
    faults = []
    if body.outcome in ATTEMPTS:
        faults.append(
            FieldFault(
                "outcome",
                "an_attempt",
                "it took place; give what it ended in, such as stable",
                "该次随访已经完成；请填写随访结果，例如 stable",
            )
        )
    if visit.measurements is None and body.measurements:
        faults.append(
            FieldFault(
                "measurements",
                "measured_nothing",
                "nothing was measured at it; record another follow-up",
                "该次随访没有测量；请另行登记随访",
            )
        )
    if faults:
        raise CorrectionWrong(errors=faults)


def _measured(programme: Programme | None, body: FollowUpCorrection) -> dict[str, Any] | None:
    form = programme.form if programme is not None else None
    values = read_measurements(form, body.measurements, body.confirmed) if form else None
    if values is None:
        raise MeasurementsRefused(
            errors=[
                FieldFault(
                    "measurements",
                    "missing",
                    "give all that was measured, as at the recording",
                    "请填写当次全部测量值",
                )
            ]
        )
    return values


def _exact(stored: dict[str, Any]) -> dict[str, Any]:
    """Measurements as they were checked, out of JSON; its floats are not what was typed."""
    return {
        name: Decimal(str(value)) if isinstance(value, float) else value
        for name, value in stored.items()
    }


def _note(context: ServiceContext, visit: FollowUp, more: str | None) -> dict[str, bytes]:
    """The note with what is added; without that it is left alone, for it may be encrypted anew."""
    if not more:
        return {}
    before = context.vault.decrypt(visit.note, column=NOTE_COLUMN) if visit.note else ""
    return {"note": context.vault.encrypt(f"{before}\n{more}".strip(), column=NOTE_COLUMN)}
