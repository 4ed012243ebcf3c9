"""What is on record for a person, section by section, with words for every code."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Any
from uuid import UUID

from services.contracts.access import TeamNotYours
from services.contracts.check_ups.service import content
from services.contracts.contracts import service as contracts
from services.contracts.diseases import service as diseases
from services.contracts.exemptions import service as exemptions
from services.contracts.follow_up.listing import task_answer
from services.contracts.models import UpwardReport
from services.contracts.people import records
from services.contracts.plans.rulebook import rulebook
from services.contracts.programme.service import programme_of
from services.contracts.referrals import service as referrals
from services.contracts.referrals.domain import REASONS, End, Status, possible
from services.contracts.referrals.schemas import ReferralAnswer
from services.contracts.screens.kit import name_of, said
from services.contracts.screens.measured import in_words
from services.contracts.screens.today import doing
from services.contracts.teams.service import teams_of
from services.contracts.upward import repository as upward
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said

SHOWN = 100


def team_name(context: ServiceContext, code: str) -> Said:
    """A team as people call it."""
    found = teams_of(context).by_code.get(code)
    if found is None:
        return {"text_zh": code, "text_en": code}
    return {"text_zh": found.name_zh, "text_en": found.name_en}


def facility_name(context: ServiceContext, code: str) -> Said:
    """An institution as people call it."""
    found = context.region.facility(code)
    if found is None:
        return {"text_zh": code, "text_en": code}
    return {"text_zh": found.name_zh, "text_en": found.name_en}


def disease_name(context: ServiceContext, code: str) -> Said:
    """A disease in words."""
    found = programme_of(context).diseases.get(code)
    if found is None:
        return {"text_zh": code, "text_en": code}
    return {"text_zh": found.zh, "text_en": found.en}


async def contracts_of(
    session: WriteSession, context: ServiceContext, caller: Principal, kept: str
) -> list[dict[str, Any]]:
    """His contracts, the newest first, each with its steps."""
    found, _ = await contracts.contracts_page(
        session, context, caller,
        state=None, team=None, person_id=kept, limit=SHOWN, after=None,
    )  # fmt: skip
    packages = programme_of(context).packages
    shown = []
    for one in reversed(found):
        history = await contracts.history(session, caller, UUID(one.contract_id))
        package = packages.get(one.package)
        shown.append(
            one.model_dump(mode="json")
            | {
                "team_name": team_name(context, one.team),
                "package_name": {
                    "text_zh": package.zh if package else one.package,
                    "text_en": package.en if package else one.package,
                },
                "steps": [
                    {
                        "step": step.step,
                        "on": step.on,
                        "reason": step.reason,
                        "by": name_of(context, step.recorded_by),
                    }
                    for step in history.items
                ],
            }
        )
    return shown


async def exemptions_of(
    session: WriteSession, context: ServiceContext, caller: Principal, kept: str
) -> list[dict[str, Any]]:
    """Why he is or was not under contract, the newest first."""
    found, _ = await exemptions.page(
        session, context, caller,
        state=None, reason=None, person_id=kept, limit=SHOWN, after=None,
    )  # fmt: skip
    reasons = programme_of(context).exempt_reasons
    return [
        one.model_dump(mode="json")
        | {
            "text_zh": one.reason_zh,
            "text_en": reasons[one.reason].en if one.reason in reasons else one.reason,
        }
        for one in reversed(found)
    ]


async def cases_of(
    session: WriteSession, context: ServiceContext, caller: Principal, kept: str
) -> list[dict[str, Any]]:
    """His diseases with their plans, the newest first."""
    try:
        found, _ = await diseases.page(
            session, context, caller,
            state=None, disease=None, batch=None, person_id=kept, limit=SHOWN, after=None,
        )  # fmt: skip
    except TeamNotYours:  # the register is the township's; a county team has no part in it
        return []
    shown = []
    for one in reversed(found):
        detail = await diseases.one(session, context, caller, UUID(one.case_id))
        shown.append(
            one.model_dump(mode="json")
            | disease_name(context, one.disease)
            | {"plan": detail.plans[0] if detail.plans else None, "evidence": detail.evidence}
        )
    return shown


async def programmes_of(session: WriteSession, members: Sequence[str]) -> list[dict[str, Any]]:
    """In which programmes of care he is, of those with a form to fill in."""
    found = await records.enrolments(session, members)
    book = rulebook().programmes
    return [
        {
            "code": one.programme,
            "since": one.started_on,
            "text_zh": book[one.programme].title.zh,
            "text_en": book[one.programme].title.en,
        }
        for one in found
        if one.programme in book and book[one.programme].form is not None
    ]


async def tasks_of(
    session: WriteSession, members: Sequence[str], kept: str, today: date
) -> list[dict[str, Any]]:
    """His tasks in their states: what is to do first, the soonest due first, then the others."""
    found = [
        task_answer(task, today, person_id=kept) for task in await records.tasks(session, members)
    ]
    ready = sorted((one for one in found if one.state == "ready"), key=lambda one: one.due_on)
    others = [one for one in found if one.state != "ready"]
    reports = await upward.of_person(session, members)
    return [
        {
            "task_id": one.task_id,
            "title_zh": one.title_zh,
            "title_en": one.title,
            "state": one.state,
            "overdue": one.overdue,
            "days": abs((one.due_on - today).days),
            "opens_on": one.opens_on,
            "due_on": one.due_on,
            "closes_on": one.closes_on,
            "citation": one.citation,
            "doing": doing(one.rule, one.programme),
            "drugs_of": _drugs_of(one.programme),
            "report": reported(reports.get(UUID(one.task_id))),
        }
        for one in [*ready, *others]
    ]


def _drugs_of(programme: str | None) -> str | None:
    """The disease whose drugs a task asks to hand out again."""
    found = rulebook().programmes.get(programme or "")
    return found.supply.disease if found is not None and found.supply is not None else None


def reported(found: UpwardReport | None) -> dict[str, Any] | None:
    """A report to the institution above: when and to whom."""
    if found is None:
        return None
    return {"on": business_date(found.reported_at), "to": said(f"above.{found.reported_to}")}


async def referrals_of(
    session: WriteSession, context: ServiceContext, caller: Principal, kept: str
) -> list[dict[str, Any]]:
    """His referrals, who waits most urgently first."""
    found, _ = await referrals.page(
        session, context, caller,
        state=None, facility=None, direction=None, person_id=kept, limit=SHOWN, after=None,
    )  # fmt: skip
    today = business_date(context.clock.now())
    return [referral_row(context, caller, one, today) for one in found]


def referral_rules(context: ServiceContext, caller: Principal, team: str) -> list[Said]:
    """Where those whom the caller refers have to go by the region's document, a sentence each."""
    issuer = context.region.facility(referrals.own_facility(context, caller) or team)
    programme = programme_of(context)
    rules = []
    for target in programme.referral_targets:
        if issuer is None or issuer.facility_level not in target.from_levels:
            continue
        batch = programme.batches[target.batch] if target.batch is not None else None
        reasons = [REASONS[code] for code in target.reasons]
        hospitals = [facility_name(context, code) for code in target.facilities]
        zh = "、".join(each["text_zh"] for each in hospitals)
        en = ", ".join(each["text_en"] for each in hospitals)
        whom_zh = f"{batch.zh}，" if batch is not None else ""
        whom_en = f"{batch.en}, " if batch is not None else ""
        why_zh = "或".join(each[1] for each in reasons)
        why_en = " or ".join(each[2] for each in reasons)
        rules.append(
            {
                "text_zh": f"{whom_zh}{why_zh}：转至{zh}({target.citation})",
                "text_en": f"{whom_en}{why_en}: to {en} ({target.citation})",
            }
        )
    return rules


def referral_row(
    context: ServiceContext, caller: Principal, one: ReferralAnswer, today: date
) -> dict[str, Any]:
    """A referral in words, with the steps that the caller may take."""
    ends: list[End] = []
    if referrals.acts_for(context, caller, one.from_facility):
        ends.append("issuer")
    if referrals.acts_for(context, caller, one.to_facility):
        ends.append("target")
    stored: Status = "made" if one.status == "expired" else one.status
    _, zh, en = REASONS[one.reason]
    return one.model_dump(mode="json") | {
        "reason_text": {"text_zh": zh, "text_en": en},
        "from_name": facility_name(context, one.from_facility),
        "to_name": facility_name(context, one.to_facility),
        "steps_open": possible(stored, ends=ends, day=today, valid_to=one.valid_to),
    }


async def check_ups_of(
    session: WriteSession, context: ServiceContext, members: Sequence[str]
) -> list[dict[str, Any]]:
    """His check-ups, the newest first."""
    items = content()
    care = programme_of(context)
    return [
        {
            "on": one.performed_on,
            "late": care.is_late(one.performed_on, business_date(one.recorded_at)),
            "paid": one.paid,
            "amount": text_from_fen(one.amount_fen),
            "items": len(one.items),
            "measured": in_words("check_up", one.measurements),
            "of": len(items),
        }
        for one in await records.check_ups(session, members)
    ]


async def dispensings_of(
    session: WriteSession, context: ServiceContext, members: Sequence[str]
) -> list[dict[str, Any]]:
    """Drugs that were handed to him, the newest first, and who paid them."""
    care = programme_of(context)
    return [
        {
            "dispensing_id": str(one.dispensing_id),
            "status": one.status,
            "reason": one.withdrawn_reason,
            "on": one.dispensed_on,
            "late": care.is_late(one.dispensed_on, business_date(one.recorded_at)),
            "disease": disease_name(context, one.disease),
            "total": text_from_fen(one.total_fen),
            "insured": text_from_fen(one.insured_fen),
            "fund": text_from_fen(one.fund_fen),
            "patient": text_from_fen(one.total_fen - one.insured_fen - one.fund_fen),
            "until": one.dispensed_on + timedelta(days=one.days - 1) if one.days else None,
        }
        for one in await records.dispensings(session, members)
    ]
