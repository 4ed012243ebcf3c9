"""Looking at recorded visits, and deciding about what was found."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.contracts.access import organisation_of
from services.contracts.models import VisitFlag
from services.contracts.plausibility import repository
from services.contracts.plausibility.case import StepName, after
from services.contracts.plausibility.domain import LOOK_BACK_DAYS, look
from services.contracts.plausibility.repository import FlagQuery
from services.contracts.plausibility.rules import rules_of
from services.contracts.plausibility.schemas import FlagStepAnswer, VisitFlagAnswer
from shared.clock import SHANGHAI
from shared.db.session import WriteSession
from shared.events.catalog import VisitFlagRaised
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

NOTE_COLUMN = "visit_flag_steps.note"
_MOST_DAYS = 370
NIGHTLY_DAYS = 40
"""How far back the nightly look goes: what is entered later than that is found by command."""


class VisitFlagUnknown(NotFound):
    code = "visit_flag_unknown"
    title = "There is no such question, or it is not yours to see"
    title_zh = "没有该疑点，或您无权查看"


class VisitFlagStepRefused(Conflict):
    code = "visit_flag_step_not_allowed"
    title = "The question's state does not allow this step"
    title_zh = "该疑点当前状态不允许此操作"


class PeriodRefused(Unprocessable):
    code = "period_refused"
    title = "The period cannot be looked at"
    title_zh = "该期间不能检查"


@dataclass(frozen=True)
class Scanned:
    """What a look at a period gave, by rule."""

    visits: int
    found: Counter[str]
    new: Counter[str]


async def scan(
    session: WriteSession, context: ServiceContext, *, first: date, last: date, actor: str
) -> Scanned:
    """Apply every rule to the visits of the days; each finding is kept once, whoever looks.

    Raises:
        PeriodRefused: it ends before it begins, or is longer than a year.
    """
    if not 0 <= (last - first).days <= _MOST_DAYS:
        raise PeriodRefused(
            errors=[
                FieldFault(
                    "to",
                    "out_of_range",
                    "give a last day from the first one on, within a year",
                    "截止日期应在起始日期之后一年以内",
                )
            ]
        )
    rules = rules_of(context)
    region = context.region.region_code
    found = await repository.records(
        session,
        region=region,
        first=first - timedelta(days=LOOK_BACK_DAYS),
        before=last + timedelta(days=1),
    )
    findings = look(found, rules, first=first, last=last)
    versions = {rule.id: rule.version for rule in rules}
    now = context.clock.now()
    new: Counter[str] = Counter()
    for finding in findings:
        flag_id = new_id()
        if not await repository.raise_flag(
            session,
            finding,
            flag_id=flag_id,
            region=region,
            version=versions[finding.rule],
            at=now,
        ):
            continue
        new[finding.rule] += 1
        await outbox.record(
            session,
            VisitFlagRaised(
                flag_id=str(flag_id), rule=finding.rule, team=finding.team, found_on=finding.on
            ),
            subject=str(flag_id),
            sequence=1,
            occurred_at=now,
        )
    await audit.record(
        session,
        actor=actor,
        organisation=f"region:{region}",
        action="visits.checked",
        subject=f"{first}/{last}",
        at=now,
        detail={"visits": len(found.visits), "found": len(findings), "new": new.total()},
    )
    seen = sum(first <= visit.day <= last for visit in found.visits)
    return Scanned(seen, Counter(finding.rule for finding in findings), new)


async def scan_lately(context: ServiceContext, *, today: date) -> Scanned:
    """The nightly look at the last :data:`NIGHTLY_DAYS` days."""
    async with context.db.writing() as session:
        return await scan(
            session,
            context,
            first=today - timedelta(days=NIGHTLY_DAYS),
            last=today,
            actor="system:nightly",
        )


async def listed(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    status: str | None,
    rule: str | None,
    team: str | None,
    limit: int,
    after_id: UUID | None,
) -> tuple[list[VisitFlagAnswer], UUID | None]:
    """One page of flags, the oldest first; the reading is logged."""
    rows = await repository.find(
        session,
        FlagQuery(organisation_of(caller), status, rule, team, limit, after_id),
    )
    shown = rows[:limit]
    await _read(session, context, caller, "list", len(shown))
    answers = await _answers(session, context, shown)
    return answers, shown[-1].flag_id if len(rows) > limit else None


async def one(
    session: WriteSession, context: ServiceContext, caller: Principal, flag_id: UUID
) -> VisitFlagAnswer:
    """A flag with its case file; the reading is logged.

    Raises:
        VisitFlagUnknown: there is none, or it is another organisation's.
    """
    flag = await _visible(session, caller, flag_id)
    await _read(session, context, caller, str(flag_id), 1)
    return (await _answers(session, context, [flag]))[0]


async def step(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    flag_id: UUID,
    name: StepName,
    note: str,
) -> VisitFlagAnswer:
    """Explain, confirm or dismiss; nothing follows from it by itself.

    Raises:
        VisitFlagUnknown: there is none, or it is another organisation's.
        VisitFlagStepRefused: it was decided before.
    """
    flag = await _visible(session, caller, flag_id, lock=True)
    status = after(flag.status, name)
    if status is None:
        raise VisitFlagStepRefused(f"it is {flag.status}")
    now = context.clock.now()
    number = len((await repository.steps_of(session, [flag_id]))[flag_id]) + 1
    await repository.take_step(
        session,
        flag_id,
        {
            "number": number,
            "step": name,
            "note": context.vault.encrypt(note, column=NOTE_COLUMN),
            "done_by": caller.client_id,
            "done_at": now,
        },
        status,
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"visit_flag.{name}",
        subject=str(flag_id),
        at=now,
        detail={"rule": flag.rule, "team": flag.team},
    )
    return (await _answers(session, context, [await _visible(session, caller, flag_id)]))[0]


async def _visible(
    session: WriteSession, caller: Principal, flag_id: UUID, *, lock: bool = False
) -> VisitFlag:
    flag = await repository.get(session, flag_id, lock=lock)
    kind, value = organisation_of(caller)
    own = (
        flag is not None
        and {
            "region": flag.region,
            "township": flag.township,
            "facility": flag.team,
        }.get(kind)
        == value
    )
    if flag is None or not own:
        raise VisitFlagUnknown
    return flag


async def _read(
    session: WriteSession, context: ServiceContext, caller: Principal, subject: str, count: int
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="visit_flags.read",
        subject=subject,
        at=context.clock.now(),
        detail={"count": count},
    )


async def _answers(
    session: WriteSession, context: ServiceContext, flags: Sequence[VisitFlag]
) -> list[VisitFlagAnswer]:
    names = {rule.id: rule for rule in rules_of(context)}
    files = await repository.steps_of(session, [flag.flag_id for flag in flags])
    answers = []
    for flag in flags:
        rule = names.get(flag.rule)
        answers.append(
            VisitFlagAnswer.model_validate(
                {
                    "flag_id": str(flag.flag_id),
                    "rule": flag.rule,
                    "name_zh": rule.name_zh if rule else flag.rule,
                    "name_en": rule.name_en if rule else flag.rule,
                    "citation": rule.citation if rule else "",
                    "rule_version": flag.rule_version,
                    "team": flag.team,
                    "township": flag.township,
                    "person_id": flag.person_id,
                    "found_on": flag.found_on,
                    "follow_up_ids": flag.follow_ups,
                    "evidence": flag.evidence,
                    "status": flag.status,
                    "raised_at": flag.raised_at.astimezone(SHANGHAI),
                    "steps": [
                        FlagStepAnswer.model_validate(
                            {
                                "step": each.step,
                                "note": context.vault.decrypt(each.note, column=NOTE_COLUMN),
                                "done_by": each.done_by,
                                "done_at": each.done_at.astimezone(SHANGHAI),
                            }
                        )
                        for each in files[flag.flag_id]
                    ],
                }
            )
        )
    return answers
