"""Use cases of referrals: make, accept, refuse, hand back, close, and see who waits."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta
from typing import Literal, cast
from uuid import UUID

from services.contracts.access import organisation_of
from services.contracts.contracts import repository as contracts
from services.contracts.diseases import repository as diseases
from services.contracts.follow_up import tasks
from services.contracts.follow_up.domain import in_force
from services.contracts.merges.repository import MERGES
from services.contracts.models import Person, Referral
from services.contracts.people import repository as people
from services.contracts.people.waiting import await_person
from services.contracts.programme.service import programme_of
from services.contracts.referrals import repository
from services.contracts.referrals.checking import checked
from services.contracts.referrals.domain import (
    RANK,
    REASONS,
    Direction,
    End,
    OtherEndsStep,
    ReferralHasExpired,
    Status,
    StepName,
    StepNotAllowed,
    after,
    outcome_of_closing,
    priority_of,
    state_on,
)
from services.contracts.referrals.problems import (
    OtherEnd,
    ReferralExpired,
    ReferralStepRefused,
    ReferralUnknown,
    ReferralWaitsAlready,
)
from services.contracts.referrals.results import results_of
from services.contracts.referrals.schemas import ReferralAnswer, ReferralRequest, StepAnswer
from services.contracts.referrals.telling import tell
from services.contracts.settings import settings_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal

NOTE_COLUMN = "referrals.note"
STEP_NOTE_COLUMN = "referral_steps.note"
REFUSAL_COLUMN = "referrals.refusal"


async def make(
    session: WriteSession, context: ServiceContext, caller: Principal, body: ReferralRequest
) -> ReferralAnswer:
    """Refer a person up or down.

    Raises:
        PersonUnknown: identity has not told of the person (within a short wait).
        FacilityNotYours: the caller does not act for the issuing end.
        ReferralRefusedAsWritten: the wrong way, reason or day; an issuer that may not refer out
            of the region (XB-08), or another target than the region's document names (XB-09, XB-10).
        ReferralWaitsAlready: the same one has not been answered yet.
    """
    await await_person(session, body.person_id)
    kept = await people.lock(session, body.person_id)
    person = await people.get(session, kept) or await people.get(session, body.person_id)
    now = context.clock.now()
    today = business_date(now)
    issued_on = body.issued_on or today
    team = await _team_on(session, context, kept, person, issued_on)
    from_facility = body.from_facility or own_facility(context, caller) or team
    to_facility = body.to_facility or (team if body.direction == "down" else None)
    valid_to = body.valid_to or issued_on + timedelta(days=settings_of(context).referral_days)
    checked(
        context,
        body,
        from_facility=from_facility,
        to_facility=to_facility,
        issued_on=issued_on,
        valid_to=valid_to,
        today=today,
        diseases=await _diseases(session, context, kept, body.diagnoses),
    )
    if not acts_for(context, caller, from_facility):
        raise FacilityNotYours("refer from your own facility or team")
    to_facility = cast("str", to_facility)
    if await repository.waiting_twin(
        session, kept, from_facility=from_facility, to_facility=to_facility, day=today
    ):
        raise ReferralWaitsAlready("wait for the answer, or withdraw it with /close first")
    priority = priority_of(body.reason, by_own_team=from_facility == team)
    referral = Referral(
        referral_id=new_id(),
        region=context.region.region_code,
        person_id=body.person_id,
        direction=body.direction,
        reason=body.reason,
        from_facility=from_facility,
        to_facility=to_facility,
        team=team,
        township=person.township if person else None,
        village=person.village if person else None,
        diagnoses=list(body.diagnoses),
        rank=RANK[priority],
        issued_on=issued_on,
        valid_to=valid_to,
        status="made",
        refusal=None,
        outcome=None,
        note=context.vault.encrypt(body.note, column=NOTE_COLUMN) if body.note else None,
        expiry_told=False,
        version=1,
        recorded_at=now,
    )
    columns = {column.name: getattr(referral, column.name) for column in Referral.__table__.columns}
    await repository.add(session, columns)
    await _note_step(session, context, caller, referral, "make", None)
    await tell(session, referral, "make", at=now)
    if body.direction == "down":
        receiving = to_facility if to_facility in teams_of(context) else team
        home = (referral.township, referral.village)
        await tasks.referred_down(session, referral, team=receiving, home=home, at=now)
    return await one(session, context, caller, referral.referral_id)


async def _diseases(
    session: ReadSession, context: ServiceContext, kept: str, diagnoses: Collection[str]
) -> frozenset[str]:
    """What a patient is referred with: as the slip says; says it nothing, as he is registered."""
    programme = programme_of(context)
    if not programme.referral_targets:
        return frozenset()
    if diagnoses:
        return programme.diseases_named(diagnoses)
    return await diseases.open_of(session, kept)


async def step(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    referral_id: UUID,
    name: Literal["accept", "refuse", "return", "close"],
    *,
    refusal: str | None = None,
    note: str | None = None,
) -> ReferralAnswer:
    """Answer a referral, hand the patient back, or close it.

    Raises:
        ReferralUnknown: there is none, or it is not the caller's.
        OtherEnd: the step is the other end's.
        ReferralExpired, ReferralStepRefused: its state does not allow the step.
    """
    seen = _visible(caller, await repository.get(session, referral_id))
    # The person first, then the referral: the order in which everybody locks.
    await people.lock(session, seen.person_id)
    referral = _visible(caller, await repository.lock(session, referral_id))
    now = context.clock.now()
    try:
        status = after(
            cast("Status", referral.status),
            name,
            ends=_ends(context, caller, referral),
            day=business_date(now),
            valid_to=referral.valid_to,
        )
    except OtherEndsStep as refused:
        raise OtherEnd(str(refused)) from refused
    except ReferralHasExpired as refused:
        raise ReferralExpired(f"{refused}; ask for a new one") from refused
    except StepNotAllowed as refused:
        raise ReferralStepRefused(str(refused)) from refused
    outcome = outcome_of_closing(cast("Status", referral.status)) if name == "close" else None
    await repository.change(
        session,
        referral,
        {
            "status": status,
            "refusal": context.vault.encrypt(refusal, column=REFUSAL_COLUMN) if refusal else None,
            "outcome": outcome,
        },
    )
    await _note_step(session, context, caller, referral, name, note, number=referral.version + 1)
    changed = _visible(caller, await repository.get(session, referral_id))
    await tell(session, changed, name, at=now)
    if changed.direction == "down" and (name == "refuse" or outcome == "withdrawn"):
        await tasks.not_handed_down(session, referral_id, at=now)
    return await one(session, context, caller, referral_id)


async def one(
    session: ReadSession, context: ServiceContext, caller: Principal, referral_id: UUID
) -> ReferralAnswer:
    """A referral with its notes and steps.

    Raises:
        ReferralUnknown: there is none, or it is not the caller's.
    """
    referral = _visible(caller, await repository.get(session, referral_id))
    kept = await MERGES.kept_of(session, referral.person_id)
    shown = answer(context, referral, person_id=kept)
    steps = [
        StepAnswer(
            step=cast("StepName", each.step),
            done_at=each.done_at,
            done_by=each.done_by,
            organisation=each.organisation,
            note=_read(context, each.note, STEP_NOTE_COLUMN),
        )
        for each in await repository.steps_of(session, referral_id)
    ]
    note = _read(context, referral.note, NOTE_COLUMN)
    results = await results_of(session, [shown])
    return shown.model_copy(
        update={"steps": steps, "note": note, "results": results[shown.referral_id]}
    )


async def read_one(
    session: WriteSession, context: ServiceContext, caller: Principal, referral_id: UUID
) -> ReferralAnswer:
    """The same for somebody who asks to read it; it is noted who did.

    Raises:
        ReferralUnknown: there is none, or it is not the caller's.
    """
    shown = await one(session, context, caller, referral_id)
    await _log(session, context, caller, "referral.read", referral_id, shown.person_id)
    return shown


async def page(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    state: str | None,
    facility: str | None,
    direction: str | None,
    person_id: str | None,
    limit: int,
    after: tuple[int, UUID] | None,
) -> tuple[list[ReferralAnswer], tuple[int, UUID] | None]:
    """One page of the caller's referrals, who waits most urgently first, and where the next begins."""
    today = business_date(context.clock.now())
    rows = await repository.page_of(
        session,
        repository.ReferralQuery(
            as_of=today,
            state=state,
            facility=facility,
            direction=direction,
            person_id=person_id,
            visible=organisation_of(caller),
            limit=limit,
            after=after,
        ),
    )
    shown = rows[:limit]
    last = shown[-1][0] if len(rows) > limit else None
    following = (last.rank, last.referral_id) if last is not None else None
    return [answer(context, row, person_id=kept) for row, kept in shown], following


def answer(context: ServiceContext, referral: Referral, *, person_id: str) -> ReferralAnswer:
    """The referral in the shape of the API; ``person_id`` is of whoever stands for the person."""
    today = business_date(context.clock.now())
    status = state_on(today, cast("Status", referral.status), referral.valid_to)
    priority = next(name for name, rank in RANK.items() if rank == referral.rank)
    return ReferralAnswer(
        referral_id=str(referral.referral_id),
        person_id=person_id,
        direction=cast("Direction", referral.direction),
        reason=referral.reason,
        reason_zh=REASONS[referral.reason][1],
        from_facility=referral.from_facility,
        to_facility=referral.to_facility,
        team=referral.team,
        township=referral.township,
        village=referral.village,
        diagnoses=list(referral.diagnoses),
        priority=priority,
        issued_on=referral.issued_on,
        valid_to=referral.valid_to,
        status=status,
        refusal=_read(context, referral.refusal, REFUSAL_COLUMN),
        outcome=referral.outcome,
    )


def acts_for(context: ServiceContext, caller: Principal, facility_code: str) -> bool:
    """A facility acts for itself, a township for the institutions it runs, a county for all."""
    facility = context.region.facility(facility_code)
    primary = facility is not None and facility.facility_level in {"village", "township"}
    return caller.may_see_facility(facility_code) or (
        primary and facility is not None and caller.may_see_township(facility.township or None)
    )


def own_facility(context: ServiceContext, caller: Principal) -> str | None:
    kind, value = organisation_of(caller)
    if kind == "facility":
        return value
    return teams_of(context).for_township(value) if kind == "township" else None


async def _team_on(
    session: ReadSession, context: ServiceContext, kept: str, person: Person | None, day: date
) -> str:
    held = in_force(await contracts.terms_of(session, kept), day)
    return (
        held.team if held else teams_of(context).for_township(person.township if person else None)
    )


def _ends(context: ServiceContext, caller: Principal, referral: Referral) -> set[End]:
    ends: set[End] = set()
    if acts_for(context, caller, referral.from_facility):
        ends.add("issuer")
    if acts_for(context, caller, referral.to_facility):
        ends.add("target")
    return ends


def _visible(caller: Principal, referral: Referral | None) -> Referral:
    if referral is None:
        raise ReferralUnknown
    kind, value = organisation_of(caller)
    seen = {
        "region": referral.region,
        "township": referral.township,
        "facility": value
        if value in {referral.from_facility, referral.to_facility, referral.team}
        else None,
    }
    if seen.get(kind) != value:
        raise ReferralUnknown
    return referral


def _read(context: ServiceContext, blob: bytes | None, column: str) -> str | None:
    return context.vault.decrypt(blob, column=column) if blob else None


async def _note_step(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    referral: Referral,
    name: StepName,
    note: str | None,
    *,
    number: int = 1,
) -> None:
    await repository.add_step(
        session,
        {
            "referral_id": referral.referral_id,
            "number": number,
            "step": name,
            "done_at": context.clock.now(),
            "done_by": caller.client_id,
            "organisation": caller.organisation,
            "note": context.vault.encrypt(note, column=STEP_NOTE_COLUMN) if note else None,
        },
    )
    action = f"referral.{name}"
    await _log(session, context, caller, action, referral.referral_id, referral.person_id)


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    action: str,
    referral_id: UUID,
    person_id: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(referral_id),
        at=context.clock.now(),
        detail={"person_id": person_id},
    )
