"""What a measurement says besides what it was taken for: who is at risk, who has the illness."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.contracts.diseases import changing, repository
from services.contracts.follow_up.forms import forms
from services.contracts.follow_up.judging import screened
from services.contracts.follow_up.repository import cared_for, measured_once_since
from services.contracts.merges.repository import MERGES
from services.contracts.models import DiseaseCase, FollowUp
from services.contracts.plans.enrolling import enrol_at_risk, take_back
from services.contracts.plans.rulebook import rulebook
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal


def at_risk(values: Mapping[str, Any], measured_for: str | None = None) -> dict[str, str]:
    """Programme of those at risk → as what somebody is found by what was measured of him.

    Args:
        values: checked measurements.
        measured_for: the programme of the visit, which judges its own illness itself.
    """
    found = screened(values, {code: form.thresholds for code, form in forms().items()})
    book = rulebook().programmes
    return {
        code: found_as
        for code, found_as in found.items()
        if measured_for not in (code, book[code].leads_to)
    }


async def take_in(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    found: Mapping[str, str],
    on: date,
) -> None:
    """Take a person into the programmes of those at risk, unless he has the illness.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who recorded the measurement.
        kept: who stands for the person.
        found: from :func:`at_risk`.
        on: the day of the measurement.
    """
    book = rulebook().programmes
    wanted = {
        code: found_as
        for code, found_as in found.items()
        if not await repository.has_open(session, kept, book[code].leads_to or code)
    }
    await enrol_at_risk(session, context, caller, kept, wanted, on)


async def let_go(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    mistaken: Mapping[str, str],
    right: Mapping[str, str],
    on: date,
) -> None:
    """Let a person out of the programmes of those at risk in which only a mistake had put him.

    Not when anything else was measured of him since: that may have found the same, and then did not
    take him in again.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who corrects the measurement.
        kept: who stands for the person.
        mistaken: from :func:`at_risk`, of what stood there.
        right: the same of what was measured.
        on: the day of the measurement.
    """
    wrong = {code: found_as for code, found_as in mistaken.items() if right.get(code) != found_as}
    if wrong and await measured_once_since(session, await MERGES.members(session, kept), on):
        await take_back(session, context, caller, kept, wrong, on)


async def put_on_register(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    kept: str,
    programme: str,
    on: date,
    follow_up_id: UUID,
) -> None:
    """A visit of those at risk, or suspected, found the illness: it goes on the register.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who recorded the visit.
        kept: who stands for the person.
        programme: of the visit.
        on: its day.
        follow_up_id: the visit.
    """
    illness = rulebook().programmes[programme].leads_to
    if illness is not None:
        await changing.found_at_visit(session, context, caller, kept, illness, on, follow_up_id)


async def take_off_register(
    session: WriteSession, context: ServiceContext, caller: Principal, kept: str, visit: FollowUp
) -> DiseaseCase | None:
    """Undo :func:`put_on_register`, for the visit had not found the illness.

    Not once anything was built on it: the case is managed, he is in the illness' programme, was
    handed drugs for it, or anything else was measured of him since that may have found the same.
    Nor when the visit did not find it: then, too, a person decides.

    Args:
        session: holds the person's lock; his tasks are planned by whoever calls.
        context: of the service.
        caller: who corrects the visit.
        kept: who stands for the person.
        visit: as it stands.

    Returns:
        The person's case of the illness as it then is, withdrawn or still open; None: no open one.
    """
    illness = rulebook().programmes[visit.disease or ""].leads_to
    case = await repository.open_case(session, kept, illness) if illness is not None else None
    if case is None or case.state != "found" or case.follow_up_id != visit.follow_up_id:
        return case
    members = await MERGES.members(session, kept)
    if not await measured_once_since(session, members, case.found_on):
        return case
    if await cared_for(session, members, case.disease):
        return case
    return await changing.taken_back(session, context, caller, case, kept)
