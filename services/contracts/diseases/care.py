"""A managed disease that has a programme of care: its follow-ups begin and end with the case."""

from __future__ import annotations

from datetime import date

from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase
from services.contracts.plans import enrolling, enrolment_repository
from services.contracts.plans.rulebook import rulebook
from services.contracts.plans.schemas import EnrolmentEnd, EnrolmentRequest
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


async def begin_care(
    session: WriteSession, context: ServiceContext, caller: Principal, case: DiseaseCase
) -> None:
    """Take the person into the disease's programme, unless he is in it."""
    programme = rulebook().programmes.get(case.disease)
    if programme is None or not programme.applies.enrolled:
        return
    members = await MERGES.members(session, case.person_id)
    if any(
        each.programme == case.disease and each.ended_on is None
        for each in await enrolment_repository.enrolments_of(session, members)
    ):
        return
    body = EnrolmentRequest(
        person_id=case.person_id, programme=case.disease, started_on=case.found_on
    )
    await enrolling.enrol(session, context, caller, body)


async def end_care(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    case: DiseaseCase,
    kept: str,
    *,
    on: date,
    reason: str,
) -> None:
    """Let him go from it; what was still to do is no longer due."""
    members = await MERGES.members(session, kept)
    for each in await enrolment_repository.enrolments_of(session, members):
        if each.programme == case.disease and each.ended_on is None and each.started_on <= on:
            body = EnrolmentEnd(ended_on=on, reason=reason)
            await enrolling.end(session, context, caller, each.enrolment_id, body)
