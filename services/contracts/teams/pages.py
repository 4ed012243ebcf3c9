"""The supervisor's screens: ``/contracts/teams`` and, of the disease register, ``/contracts/registers``."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated, Any, get_args

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from services.contracts.access import TeamNotYours, may_act, organisation_of
from services.contracts.balance import service as balance
from services.contracts.contracts import service as contracts
from services.contracts.control import service as control
from services.contracts.control.schemas import GroupBy
from services.contracts.cursors import after_id
from services.contracts.diseases import service as diseases
from services.contracts.fees import repository as fees
from services.contracts.fees.domain import month_of
from services.contracts.plans.domain import phase_on
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.service import programme_of
from services.contracts.screens.kit import PageRoute, render
from services.contracts.screens.names import masked_names
from services.contracts.screens.person_parts import disease_name, reported, team_name
from services.contracts.teams import repository
from services.contracts.teams.service import own_township, teams_of
from services.contracts.upward import repository as upward
from shared.clock import business_date, start_of_business_day
from shared.db.session import ReadSession, Writes, WriteSession
from shared.http.pagination import encode_cursor
from shared.runtime.context import Context, ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.web.signin.required import signed_in

LISTED = 100
STATES = ("found", "managed", "closed")

router = APIRouter(route_class=PageRoute, include_in_schema=False)

Reader = Annotated[Principal, signed_in("contracts:read")]


@router.get("/teams")
async def teams(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    programme: Annotated[str, Query(max_length=32)] = "",
    by: Annotated[str, Query(max_length=8)] = "",
) -> Response:
    """What each team has to do, has done, whom nobody has served, and who is well controlled.

    Who is named because nobody met him is on the audit log.
    """
    day = business_date(context.clock.now())
    mine = [
        team
        for team in teams_of(context).by_code.values()
        if may_act(caller, team=team.team, township=team.township)
    ]
    codes = [team.team for team in mine]
    since = start_of_business_day(day.replace(day=1))
    counted = await repository.tasks_by_team(session, codes, day=day, since=since)
    held = await repository.contracts_by_team(session, codes, day=day)
    first, last = month_of(day.strftime("%Y-%m"))
    late = programme_of(context).late_entry
    lately = (first - timedelta(days=1)).replace(day=1)
    entered = (
        await repository.late_by_team(session, codes, since=lately, after_days=late.after_days)
        if late is not None
        else {}
    )
    rows: list[dict[str, Any]] = []
    for team in mine:
        tasks = counted.get(team.team)
        rows.append(
            {
                "team": team.team,
                "text_zh": team.name_zh,
                "text_en": team.name_en,
                "contracts": held.get(team.team, 0),
                "late": entered.get(team.team, 0),
                "unserved": await fees.unserved(session, team=team.team, first=first, last=last),
                **{
                    name: int(tasks[name]) if tasks is not None else 0
                    for name in ("ready", "overdue", "done", "missed")
                },
            }
        )
    sums = {
        name: sum(row[name] for row in rows)
        for name in ("contracts", "ready", "overdue", "done", "missed", "unserved", "late")
    }
    doubled, _ = await contracts.doubled(session, context, caller, limit=1, after=None)
    return render(
        request,
        "teams.html",
        {
            "doubled": bool(doubled),
            "stood_still": await balance.opening_month(session, context),
            "not_met": await _not_met(session, context, caller, codes, day, first),
            "late": late,
            "lately": lately,
            "day": day,
            "month": day.strftime("%Y-%m"),
            "teams": rows,
            "sums": sums,
            "control": await _control(session, context, caller, programme, by),
        },
    )


async def _not_met(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    teams: Sequence[str],
    day: date,
    since: date,
) -> list[dict[str, Any]]:
    """Who was not met and is to be reported to the institution above, or was this month."""
    programmes = [code for code, one in rulebook().programmes.items() if one.kind == "report"]
    found = await upward.lately(
        session, programmes=programmes, teams=teams, since=since, day=day, limit=LISTED
    )
    persons = sorted({kept for _, kept, _ in found})
    if persons:
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="not_met.listed",
            subject=caller.organisation,
            at=context.clock.now(),
            detail={"persons": persons},
        )
    names = await masked_names(context, persons)
    rows: list[dict[str, Any]] = []
    for task, kept, report in found:
        phase = phase_on(
            day,
            opens_on=task.opens_on,
            closes_on=task.closes_on,
            is_open=task.status == "open",
            outcome=task.outcome,
        )
        title = rulebook().programmes[task.programme or ""].title
        rows.append(
            {
                "person_id": kept,
                "name": names.get(kept),
                "text_zh": title.zh,
                "text_en": title.en,
                "team": team_name(context, task.team),
                "state": phase,
                "due_on": task.due_on,
                "overdue": phase == "ready" and task.due_on < day,
                "days": abs((task.due_on - day).days),
                "report": reported(report),
            }
        )
    return rows


async def _control(
    session: ReadSession, context: ServiceContext, caller: Principal, programme: str, by: str
) -> dict[str, Any]:
    """The control rate of a disease, by the groups that were chosen."""
    measured = {
        code: one
        for code, one in rulebook().programmes.items()
        if one.form is not None and one.rated
    }
    code = programme if programme in measured else next(iter(measured))
    groups: tuple[GroupBy, ...] = get_args(GroupBy)
    chosen = next((one for one in groups if one == by), groups[0])
    found = await control.control_rates(
        session, context, caller, programme=code, month=None, by=chosen, team=None
    )
    rows: list[dict[str, Any]] = []
    for group in found.groups:
        named = group.team is not None and chosen == "team"
        place = " ".join(part for part in (group.township, group.village) if part)
        rows.append(
            group.model_dump()
            | (
                team_name(context, group.team or "")
                if named
                else {"text_zh": place or "—", "text_en": place or "—"}
            )
            | {"out": sum(group.excluded.values())}
        )
    reasons = {one.reason: one for one in found.exclusions}
    return {
        "programme": code,
        "programmes": [
            {"code": each, "text_zh": one.title.zh, "text_en": one.title.en}
            for each, one in measured.items()
        ],
        "by": chosen,
        "groups": groups,
        "whole": found.model_dump() | {"out": sum(found.excluded.values())},
        "rows": rows,
        "excluded": [
            {"text_zh": reasons[reason].name_zh, "text_en": reasons[reason].name_en, "n": n}
            for reason, n in found.excluded.items()
            if n and reason in reasons
        ],
    }


@router.get("/registers")
async def registers(
    request: Request,
    caller: Reader,
    session: Writes,
    context: Context,
    disease: Annotated[str, Query(max_length=32)] = "",
    status: Annotated[str, Query(max_length=12)] = "",
    cursor: Annotated[str | None, Query(max_length=200)] = None,
) -> Response:
    """Found, managed, cured and closed by disease; the cases of the one that was chosen."""
    kind, _ = organisation_of(caller)
    own = own_township(context, caller)
    if own is None and kind != "region":
        raise TeamNotYours
    counted = await repository.cases_by_disease(
        session, region=context.region.region_code, township=own
    )
    programme = programme_of(context)
    rows: list[dict[str, Any]] = [
        {
            "disease": code,
            **disease_name(context, code),
            "must": one.chronic_four,
            "counts": [(state, counted.get((code, state), 0)) for state in STATES],
        }
        for code, one in programme.diseases.items()
        if any(counted.get((code, state)) for state in STATES)
    ]
    cases: list[dict[str, Any]] = []
    more = None
    state = status if status in STATES else None
    if disease in programme.diseases:
        found, following = await diseases.page(
            session, context, caller,
            state=state, disease=disease, batch=None, person_id=None,
            limit=LISTED, after=after_id(cursor),
        )  # fmt: skip
        names = await masked_names(context, [one.person_id for one in found])
        cases = [
            one.model_dump() | {"name": names.get(one.person_id)}
            for one in found
            if state is not None or one.status != "withdrawn"
        ]
        more = encode_cursor(str(following)) if following else None
    return render(
        request,
        "registers.html",
        {
            "rows": rows,
            "states": STATES,
            "sums": [sum(dict(row["counts"])[state] for row in rows) for state in STATES],
            "disease": disease if disease in programme.diseases else "",
            "disease_name": disease_name(context, disease),
            "status": state or "",
            "cases": cases,
            "more": more,
        },
    )
