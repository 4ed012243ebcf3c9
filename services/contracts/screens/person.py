"""The page of a person: everything that is on record for him, and what can be done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_args
from uuid import UUID

from fastapi import Request
from starlette.responses import Response

from services.contracts.check_ups.service import content
from services.contracts.contracts.schemas import EndReason
from services.contracts.dispensings.domain import DISEASES
from services.contracts.dispensings.schemas import WithdrawalReason
from services.contracts.follow_up.correcting import correctable
from services.contracts.follow_up.forms import forms
from services.contracts.health_record.schemas import RESULT_WORDS
from services.contracts.health_record.service import record_of
from services.contracts.merges.repository import MERGES
from services.contracts.people import records
from services.contracts.people.service import read_person
from services.contracts.programme.service import programme_of
from services.contracts.referrals.domain import REASONS
from services.contracts.screens import person_parts as parts
from services.contracts.screens.acts import HOME_CARE
from services.contracts.screens.kit import render, said
from services.contracts.screens.measured import charts_of, visit_of
from services.contracts.screens.names import masked_names
from services.contracts.screens.words import WORDS
from services.contracts.teams.service import teams_of
from services.contracts.upward.schemas import Above
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog.words import POVERTY_CAUSE_WORDS
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.forms import as_local
from shared.web.kit import Said, Typed

_BEFORE_SIGNING = ("invited", "pending")
END_REASONS: tuple[str, ...] = get_args(EndReason)
WITHDRAWALS: tuple[str, ...] = get_args(WithdrawalReason)
EXEMPT_ENDS = ("returned", "found", "willing", "entered_in_error", "other")


@dataclass
class Spoken:
    """What the page says beside the person himself."""

    typed: Typed = field(default_factory=Typed)
    faults: Mapping[str, Said] = field(default_factory=dict)
    problem: Said | None = None
    done: Said | None = None
    opened: str = ""
    """The form that was refused and keeps what was typed."""
    shown: str = ""
    """A form that stands open to be filled in."""
    status: int = 200


async def person_page(
    request: Request,
    context: ServiceContext,
    session: WriteSession,
    caller: Principal,
    person_id: str,
    words: Spoken,
) -> Response:
    """The page; the look is logged.

    Raises:
        PersonUnknown: nobody of that id, or another organisation's.
    """
    kept, person, team = await read_person(session, context, caller, person_id)
    members = await MERGES.members(session, kept)
    today = business_date(context.clock.now())
    held = await parts.contracts_of(session, context, caller, kept)
    names = await masked_names(context, [kept])
    visits = await records.follow_ups(session, members)
    may_correct = (
        correctable(caller, visits, person.township)
        if "contracts:write" in caller.scopes
        else frozenset[UUID]()
    )
    programme = programme_of(context)
    current = next((one for one in held if one["status"] in ("signed", "renewed")), None)
    offer = next((one for one in held if one["status"] in _BEFORE_SIGNING), None)
    if not words.shown and current is None and offer is None:
        words.shown = "sign"
    tasks = await parts.tasks_of(session, members, kept, today)
    if words.shown == "report":
        words.shown = next(
            (f"report-{one['task_id']}" for one in tasks if one["doing"] == "report"), ""
        )
    programmes = await parts.programmes_of(session, members)
    run_out = {one["drugs_of"] for one in tasks if one["state"] == "ready"}
    values: dict[str, Any] = {
        "person_id": kept,
        "name": names.get(kept),
        "person": person,
        "age": today.year - person.birth_year if person.birth_year else None,
        "team": parts.team_name(context, team),
        "today": today.isoformat(),
        "contracts": held,
        "current": current,
        "offer": offer,
        "exemptions": await parts.exemptions_of(session, context, caller, kept),
        "cases": await parts.cases_of(session, context, caller, kept),
        "tasks": tasks,
        "now": as_local(context.clock.now()),
        "causes": [
            {"code": code, "text_zh": zh, "text_en": en}
            for code, (zh, en) in POVERTY_CAUSE_WORDS.items()
        ],
        "results": [
            {"code": code, "text_zh": zh, "text_en": en} for code, (zh, en) in RESULT_WORDS.items()
        ],
        "above": [{"code": code, **said(f"above.{code}")} for code in get_args(Above)],
        "charts": charts_of(person, visits, today),
        "visits": [
            visit_of(one, programme)
            | {"corrects": one.follow_up_id if one.follow_up_id in may_correct else None}
            for one in visits
        ],
        "programmes": programmes,
        "at_home": any(one["code"] == HOME_CARE for one in programmes),
        "referrals": await parts.referrals_of(session, context, caller, kept),
        "check_ups": await parts.check_ups_of(session, context, members),
        "dispensings": await parts.dispensings_of(session, context, members),
        "record": (await record_of(session, context, caller, kept, person)).model_dump(mode="json"),
        "writes": "contracts:write" in caller.scopes,
        "may_reveal": {"identity:persons", "identity:reveal"} <= caller.scopes,
        "team_options": [
            {"code": one.team, "text_zh": one.name_zh, "text_en": one.name_en}
            for one in teams_of(context).by_code.values()
        ],
        "end_options": [{"code": code, **said(f"end.{code}")} for code in END_REASONS],
        "exempt_ends": [{"code": code, **said(f"exempt-end.{code}")} for code in EXEMPT_ENDS],
        "withdrawals": [{"code": code, **said(f"withdrawal.{code}")} for code in WITHDRAWALS],
        "packages": [
            {"code": code, "text_zh": one.zh, "text_en": one.en}
            for code, one in programme.packages.items()
        ],
        "earlier": [one for one in held if one not in (current, offer)],
        "known_words": WORDS,
        "exempt_reasons": [
            {"code": code, "text_zh": one.zh, "text_en": one.en}
            for code, one in programme.exempt_reasons.items()
        ],
        "diseases": [
            {"code": code, "text_zh": one.zh, "text_en": one.en}
            for code, one in programme.diseases.items()
        ],
        "referral_reasons": [
            {"code": code, "way": way, "text_zh": zh, "text_en": en}
            for code, (way, zh, en) in REASONS.items()
        ],
        "referral_rules": parts.referral_rules(context, caller, team),
        "facilities": [
            {"code": one.facility_code, "text_zh": one.name_zh, "text_en": one.name_en}
            for one in context.region.facilities
        ],
        "free_drugs": [
            {"code": code, "text_zh": programme.diseases[code].zh,
             "text_en": programme.diseases[code].en}
            for code in sorted(DISEASES, key=lambda each: each not in run_out)
        ],
        "content": [
            {"code": code, "text_zh": zh, "text_en": en} for code, (zh, en) in content().items()
        ],
        "check_up_fields": [
            {"name": f"m-{one.name}", "text_zh": f"{one.zh} {one.unit}",
             "text_en": f"{one.en[:1].upper()}{one.en[1:]} {one.unit}"}
            for one in forms()["check_up"].fields.values()
        ],
        "said": words,
        "typed": words.typed,
        "faults": words.faults,
    }  # fmt: skip
    return render(request, "person.html", values, status=words.status)
