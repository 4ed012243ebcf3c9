"""The screen ``/contracts/``: what a team has to do today, as the way through its villages."""

from __future__ import annotations

from datetime import date as calendar_date
from datetime import timedelta
from typing import Annotated, Any
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.access import organisation_of
from services.contracts.cursors import after_day_and_id
from services.contracts.diseases import repository as diseases
from services.contracts.follow_up import listing, repository
from services.contracts.follow_up.domain import ATTEMPTS
from services.contracts.follow_up.judging import found_illness
from services.contracts.merges.repository import MERGES
from services.contracts.models import FollowUp, FollowUpCorrection
from services.contracts.plans.rulebook import rulebook
from services.contracts.screens.kit import PageRoute, render
from services.contracts.screens.names import masked_names
from services.contracts.screens.places import villages_of
from services.contracts.screens.today import SOON_DAYS, way
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import Writes, WriteSession
from shared.http.pagination import encode_cursor
from shared.runtime.context import Context, ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

LISTED = 200

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("contracts:read")]


@router.get("/")
async def today(
    request: Request,
    caller: Caller,
    session: Writes,
    context: Context,
    team: Annotated[str, Query(max_length=32)] = "",
    village: Annotated[str, Query(max_length=64)] = "",
    date: Annotated[str, Query(max_length=10)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
    later: Annotated[bool, Query()] = False,
    done: Annotated[UUID | None, Query()] = None,
) -> Response:
    """What presses, or what is due later; the look at these persons is on the audit log.

    Where a household has something pressing, all that may be done there is shown.
    """
    now = context.clock.now()
    day = _day(date) or business_date(now)
    soon = day + timedelta(days=SOON_DAYS)
    items, following = await listing.worklist(
        session,
        context,
        caller,
        as_of=day,
        state=None,
        team=team or None,
        village=village or None,
        limit=LISTED,
        after=after_day_and_id(cursor),
        **({"due_after": soon} if later else {"due_by": soon}),
    )
    waiting: list[listing.VillageLater] = []
    if not later:
        pressing = {item.household_id for item in items if item.household_id}
        items += await listing.of_households(
            session, caller, day, pressing, due_after=soon, limit=LISTED
        )
        waiting = await listing.later(
            session, caller, day, due_after=soon, team=team or None, village=village or None
        )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="worklist.read",
        subject=caller.organisation,
        at=now,
        detail={"persons": len({item.person_id for item in items})},
    )
    told = await _done(session, caller, done)
    asked = {item.person_id for item in items} | ({told["person_id"]} if told else set())
    names = await masked_names(context, asked)
    if told is not None:
        told["name"] = names.get(told["person_id"])
    places = way(items, names, day)
    chosen = {
        name: value
        for name, value in (("team", team), ("village", village), ("date", date))
        if value
    }
    here = chosen | ({"later": "true"} if later else {})
    return render(
        request,
        "today.html",
        {
            "day": day,
            "writes": "contracts:write" in caller.scopes,
            "places": places,
            "total": len(items),
            "overdue": sum(item.overdue for item in items),
            "household_count": sum(len(place["households"]) for place in places),
            "teams": _teams(context, caller),
            "team": team,
            "villages": villages_of(context, caller, team),
            "village": village,
            "later": later,
            "soon": soon,
            "waiting": [_waiting(each, chosen) for each in waiting],
            "waiting_sum": sum(each.tasks for each in waiting),
            "now": f"/contracts/?{urlencode(chosen)}" if chosen else "/contracts/",
            "open_choice": bool(chosen) or not items,
            "keep": f"?{urlencode(chosen)}" if chosen else "",
            "next": _next(here, following),
            "done": told,
        },
    )


def _day(text: str) -> calendar_date | None:
    try:
        return calendar_date.fromisoformat(text)
    except ValueError:
        return None


def _teams(context: ServiceContext, caller: Principal) -> list[Any]:
    """The teams to choose from; none where there is no choice."""
    kind, _ = organisation_of(caller)
    return list(teams_of(context).by_code.values()) if kind == "region" else []


def _waiting(each: listing.VillageLater, chosen: dict[str, str]) -> dict[str, Any]:
    place = {"village": each.village} if each.village else {}
    titles = [(*listing.rule_title(rule), count) for rule, count in each.kinds]
    return {
        "township": each.township,
        "village": each.village,
        "tasks": each.tasks,
        "kinds": [{"title_zh": zh, "title_en": en, "n": count} for zh, en, count in titles],
        "address": f"/contracts/?{urlencode(chosen | place | {'later': 'true'})}",
    }


def _next(chosen: dict[str, str], following: tuple[calendar_date, UUID] | None) -> str | None:
    if following is None:
        return None
    cursor = encode_cursor(following[0].isoformat(), str(following[1]))
    return f"/contracts/?{urlencode(chosen | {'cursor': cursor})}"


async def _done(
    session: WriteSession, caller: Principal, follow_up_id: UUID | None
) -> dict[str, Any] | None:
    """What the follow-up that was recorded a moment ago means."""
    found = await repository.get_follow_up(session, follow_up_id) if follow_up_id else None
    if found is None:
        return None
    before = await repository.before_correction(session, found.follow_up_id)
    by = found.recorded_by if before is None else before.corrected_by
    if by != caller.client_id:
        return None
    kept = await MERGES.kept_of(session, found.person_id)
    members = await MERGES.members(session, kept)
    next_due = await repository.next_due(session, members, found.disease) if found.disease else None
    return {
        "person_id": kept,
        "attempt": found.outcome in ATTEMPTS,
        "control": found.control_status,
        "referral": found.classification == "referral",
        "next_due_on": next_due,
        "corrected": before is not None,
        "case": await _case_after(session, found, before, kept),
    }


async def _case_after(
    session: WriteSession, found: FollowUp, before: FollowUpCorrection | None, kept: str
) -> str | None:
    """What became of the case of an illness that only the value before the correction had found.

    ``open``: it is still on the register; ``withdrawn``: it went with the correction.
    """
    programme = rulebook().programmes.get(found.disease or "")
    if (
        before is None
        or programme is None
        or programme.leads_to is None
        or found_illness(found.measurements)
        or not found_illness(before.measurements)
    ):
        return None
    if await diseases.has_open(session, kept, programme.leads_to):
        return "open"
    return "withdrawn" if await diseases.found_at(session, found.follow_up_id) else None
