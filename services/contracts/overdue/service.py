"""The overdue list, calls, and whether the persons called came."""

from __future__ import annotations

from datetime import date, timedelta

from services.contracts.access import organisation_of
from services.contracts.exemptions import service as exemptions
from services.contracts.exemptions.schemas import ExemptionRequest
from services.contracts.merges.repository import MERGES
from services.contracts.overdue import repository
from services.contracts.overdue.domain import OPEN, STATES, State, call_again_on
from services.contracts.overdue.repository import OverdueQuery
from services.contracts.overdue.schemas import (
    CallAnswer,
    CallRequest,
    LastCallAnswer,
    OverduePerson,
    ReturnsAnswer,
)
from services.contracts.people import repository as people
from services.contracts.people.acting import person_served
from services.contracts.programme.domain import CallOutcome
from services.contracts.programme.service import programme_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import OverdueCallJudged, OverdueCallRecorded
from shared.http.problem import Conflict, FieldFault, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

NOTE_COLUMN = "overdue_calls.note"
_AT_ONCE = 1_000
_MOST_PORTIONS = 10_000


class CallWrong(Unprocessable):
    code = "call_wrong"
    title = "The call cannot have been so"
    title_zh = "联系记录不成立"


class ConsentRefused(Conflict):
    code = "consent_refused"
    title = "The person has said that he does not want to be called"
    title_zh = "该人员已表示不同意电话联系"


async def listed(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    as_of: date | None,
    team: str | None,
    state: State | None,
    limit: int,
    after: tuple[date, str, str] | None,
) -> tuple[list[OverduePerson], tuple[date, str, str] | None]:
    """One page of those who did not come, who has waited longest first.

    Args:
        as_of: the day of the list, default today (Asia/Shanghai).
        state: default everybody for whom a call is or will be of use.
    """
    day = as_of or business_date(context.clock.now())
    rules = programme_of(context).overdue
    rows = await repository.late(
        session,
        OverdueQuery(
            as_of=day,
            back_days=rules.back_days,
            visible=organisation_of(caller),
            team=team,
            states=(state,) if state is not None else OPEN,
            limit=limit,
            after=after,
        ),
    )
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    items = [
        OverduePerson(
            person_id=row["person_id"],
            household_id=row["household_id"],
            team=row["team"],
            township=row["township"],
            village=row["village"],
            since=row["since"],
            days=(day - row["since"]).days,
            priority=row["priority"],
            overdue=row["overdue"],
            missed=row["missed"],
            rules=row["rules"],
            state=row["state"],
            state_zh=STATES[row["state"]][0],
            consent=row["consent"],
            last_call=(
                LastCallAnswer(
                    called_on=row["called_on"],
                    outcome=row["outcome"],
                    outcome_zh=(
                        rules.outcomes[row["outcome"]].zh
                        if row["outcome"] in rules.outcomes
                        else row["outcome"]
                    ),
                    agreed_on=row["agreed_on"],
                    again_on=row["again_on"],
                )
                if row["call_id"] is not None
                else None
            ),
        )
        for row in shown
    ]
    return items, (last["since"], last["person_id"], last["team"]) if last is not None else None


async def record(
    session: WriteSession, context: ServiceContext, caller: Principal, body: CallRequest
) -> CallAnswer:
    """Keep a call; a death or a move opens its exempt reason, and ends the contract.

    Raises:
        CallWrong: an unknown outcome, a time in the future, no agreed day, no evidence.
        ConsentRefused: he does not want to be called, and this call does not say otherwise.
        PersonUnknown, TeamNotYours: nobody of that id; another organisation's.
        ContractInForce, ExemptionOverlaps: as recording the exempt reason raises them.
    """
    now = context.clock.now()
    called_on = business_date(body.called_at)
    outcome = _checked(context, body, called_on)
    kept, person, team = await person_served(session, context, caller, body.person_id, on=called_on)
    members = await MERGES.members(session, kept)
    refused = await repository.consent_of(session, members) == "refused"
    if refused and body.consent != "given" and outcome.exempt is None:
        raise ConsentRefused(
            "visit him instead; when he has agreed to calls again, send consent=given"
        )
    again_on = call_again_on(called_on, body.agreed_on, outcome.again_days)
    call_id = new_id()
    await repository.add(
        session,
        {
            "call_id": call_id,
            "region": context.region.region_code,
            "person_id": kept,
            "team": team,
            "township": person.township,
            "called_at": body.called_at,
            "called_on": called_on,
            "outcome": body.outcome,
            "agreed_on": body.agreed_on,
            "again_on": again_on,
            "consent": body.consent,
            "note": context.vault.encrypt(body.note, column=NOTE_COLUMN) if body.note else None,
            # Nobody is looked for who moved away or died.
            "judged_on": called_on if outcome.exempt is not None else None,
            "returned_on": None,
            "recorded_by": caller.client_id,
            "recorded_at": now,
        },
    )
    await outbox.record(
        session,
        OverdueCallRecorded(
            call_id=str(call_id),
            person_id=kept,
            team=team,
            called_on=called_on,
            outcome=body.outcome,
            reached=outcome.reached,
            agreed_on=body.agreed_on,
            again_on=again_on,
            consent=body.consent,
        ),
        subject=str(call_id),
        sequence=await people.next_version(session, kept),
        occurred_at=body.called_at,
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="overdue_call.recorded",
        subject=str(call_id),
        at=now,
        detail={"person_id": kept, "outcome": body.outcome},
    )
    exemption_id = None
    if outcome.exempt is not None and body.evidence is not None:
        opened = await exemptions.record(
            session,
            context,
            caller,
            ExemptionRequest(
                person_id=kept,
                reason=outcome.exempt,
                valid_from=body.since or called_on,
                evidence=body.evidence,
            ),
        )
        exemption_id = opened.exemption_id
    return CallAnswer(
        call_id=str(call_id),
        person_id=kept,
        team=team,
        called_at=body.called_at,
        outcome=body.outcome,
        agreed_on=body.agreed_on,
        again_on=again_on,
        consent=body.consent,
        exemption_id=exemption_id,
    )


async def returns(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    first: date,
    last: date,
    team: str | None,
) -> ReturnsAnswer:
    """How many of those called in a period came within the days that count."""
    rules = programme_of(context).overdue
    found = await repository.sums(
        session,
        visible=organisation_of(caller),
        team=team,
        first=first,
        last=last,
        reached=[code for code, outcome in rules.outcomes.items() if outcome.reached],
    )
    judged, returned = found["judged"], found["returned"]
    return ReturnsAnswer(
        first=first,
        last=last,
        team=team,
        return_days=rules.return_days,
        calls=found["calls"],
        reached=found["reached"],
        judged=judged,
        returned=returned,
        share=f"{returned / judged:.4f}" if judged else None,
    )


async def judge_returns(context: ServiceContext, *, today: date | None = None) -> int:
    """Settle of every call whether the person came, and tell it; gives how many were settled.

    May be cut off and run beside itself: each portion is one transaction, a call is settled once.
    """
    now = context.clock.now()
    day = today or business_date(now)
    done = 0
    for _ in range(_MOST_PORTIONS):
        async with context.db.writing() as session:
            settled = await repository.judge(
                session,
                day=day,
                return_days=programme_of(context).overdue.return_days,
                rows=_AT_ONCE,
            )
            for call in settled:
                await outbox.record(
                    session,
                    OverdueCallJudged(
                        call_id=str(call["call_id"]),
                        person_id=call["person_id"],
                        team=call["team"],
                        called_on=call["called_on"],
                        returned_on=call["returned_on"],
                    ),
                    subject=str(call["call_id"]),
                    sequence=await people.next_version(session, call["person_id"]),
                    occurred_at=now,
                )
        done += len(settled)
        if not settled:
            break
    return done


def _checked(context: ServiceContext, body: CallRequest, called_on: date) -> CallOutcome:
    outcomes = programme_of(context).overdue.outcomes
    outcome = outcomes.get(body.outcome)
    if outcome is None:
        known = ", ".join(outcomes)
        raise CallWrong(
            errors=[
                FieldFault(
                    "outcome", "unknown_outcome", f"write one of: {known}", f"应为以下之一: {known}"
                )
            ]
        )
    faults = []
    if body.called_at > context.clock.now():
        faults.append(
            FieldFault(
                "called_at",
                "in_the_future",
                "a call is recorded after it was made; give its time",
                "联系须在发生之后登记；请填写实际时间",
            )
        )
    if outcome.wants_day and body.agreed_on is None:
        faults.append(
            FieldFault(
                "agreed_on",
                "missing",
                "give the day on which he will come, or choose another outcome",
                "请填写约定日期，或选择其他结果",
            )
        )
    if not outcome.wants_day and body.agreed_on is not None:
        faults.append(
            FieldFault(
                "agreed_on",
                "not_agreed",
                "this outcome has no agreed day; leave it out",
                "该结果无约定日期；请勿填写",
            )
        )
    most = called_on + timedelta(days=366)
    if body.agreed_on is not None and not called_on <= body.agreed_on <= most:
        faults.append(
            FieldFault(
                "agreed_on",
                "out_of_range",
                "give a day from the day of the call on, within a year",
                "约定日期应在联系当日之后一年以内",
            )
        )
    if outcome.exempt is not None and body.evidence is None:
        faults.append(
            FieldFault(
                "evidence",
                "missing",
                "say on what it rests: who told it, or the document",
                "请填写依据：何人告知或何种证明",
            )
        )
    if body.since is not None and body.since > called_on:
        faults.append(
            FieldFault(
                "since",
                "after_the_call",
                "the day lies after the call that told of it; correct one of them",
                "日期晚于联系日期；请更正",
            )
        )
    if faults:
        raise CallWrong(errors=faults)
    return outcome
