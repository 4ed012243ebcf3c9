"""Use cases of monitoring: look at a period's bills, and decide about what was found."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID

from services.claims.monitoring import repository
from services.claims.monitoring.case import SamePersonTwice, StepNotAllowed, after
from services.claims.monitoring.domain import LOOK_BACK_DAYS, look
from services.claims.monitoring.problems import (
    FlagNotFound,
    FlagStepRefused,
    PeriodRefused,
    SamePersonUpholds,
)
from services.claims.monitoring.records import County
from services.claims.monitoring.repository import Flag, Step
from services.claims.monitoring.rules import rules
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import FlagRaised
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.messaging import outbox
from shared.messaging.outbox import Recorded
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_MOST_DAYS = 370


@dataclass(frozen=True)
class Looked:
    """What a look at a period gave, by rule."""

    bills: int
    found: Counter[str]
    new: Counter[str]


async def monitor(
    session: WriteSession, context: ServiceContext, caller: Principal, first: date, last: date
) -> Looked:
    """Apply every rule to the bills whose last day lies in the period; each finding is kept once.

    Raises:
        PeriodRefused: it ends before it begins, or is longer than a year.
    """
    if not 0 <= (last - first).days <= _MOST_DAYS:
        raise PeriodRefused(
            "the period is at most a year",
            errors=[
                FieldFault(
                    field="to",
                    code="period_refused",
                    message="write a day from `from` on, at most a year later",
                    message_zh="结束日期不早于开始日期，且期间不超过一年",
                )
            ],
        )
    region = context.region.region_code
    now = context.clock.now()
    kinds = {kind for rule in rules() for kind in rule.parameters.get("kinds", ())}
    names = {
        name
        for rule in rules()
        for limit in rule.parameters.get("limits", ())
        for name in limit.get("items", ())
    }
    bills = await repository.bills(
        session,
        region=region,
        since=first - timedelta(days=LOOK_BACK_DAYS),
        first=first,
        until=last,
        kinds=sorted(kinds),
        names=sorted(names),
    )
    persons = {bill.person_id for bill in bills if bill.person_id is not None}
    register = await repository.register(session, region=region, persons=persons)
    by_id = {rule.id: rule for rule in rules()}
    findings = look(County(bills, register), rules(), first=first, last=last)
    flags = [
        Flag(
            id=new_id(),
            region=region,
            rule=each.rule,
            rule_version=by_id[each.rule].version,
            key=each.key,
            facility_code=each.facility_code,
            person_id=each.person_id,
            found_on=each.on,
            encounters=each.encounters,
            evidence=each.evidence,
            status="open",
            version=1,
            raised_at=now,
        )
        for each in findings
    ]
    new = await repository.raise_flags(session, flags)
    raised = [flag for flag in flags if flag.id in new]
    await outbox.record_many(
        session,
        [
            Recorded(
                event=FlagRaised(
                    flag_id=str(flag.id),
                    rule=flag.rule,
                    rule_version=flag.rule_version,
                    citation=by_id[flag.rule].citation,
                    facility_code=flag.facility_code,
                    person_id=flag.person_id,
                    encounter_ids=flag.encounters,
                    found_on=flag.found_on,
                ),
                subject=str(flag.id),
                sequence=flag.version,
                occurred_at=now,
            )
            for flag in raised
        ],
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="monitoring.run",
        subject=f"{first} {last}",
        at=now,
        detail={"bills": len(bills), "found": len(flags), "new": len(raised)},
    )
    return Looked(
        bills=sum(first <= bill.discharged_on for bill in bills),
        found=Counter(flag.rule for flag in flags),
        new=Counter(flag.rule for flag in raised),
    )


async def visible(session: ReadSession, caller: Principal, flag_id: UUID) -> Flag:
    """A flag that the caller may see.

    Raises:
        FlagNotFound.
    """
    return _seen(caller, await repository.get(session, flag_id))


def _seen(caller: Principal, flag: Flag | None) -> Flag:
    if flag is None or not caller.may_see_facility(flag.facility_code):
        raise FlagNotFound
    return flag


async def step(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    flag_id: UUID,
    name: str,
    note: str,
) -> Flag:
    """Explain, uphold (two persons, one after the other), dismiss, hold or release.

    A dismissal releases what the flag held. Only the county decides; a hospital explains its own.

    Raises:
        FlagNotFound, FlagStepRefused, SamePersonUpholds.
    """
    flag = _seen(caller, await repository.get(session, flag_id, lock=True))
    if name != "explain" and not caller.of_county:
        raise FlagStepRefused("a hospital explains; the county decides")
    if name == "hold" and not flag.encounters:
        raise FlagStepRefused("this flag is about sums of a month, not about visits")
    taken = (await repository.steps_of(session, [flag.id]))[flag.id]
    proposed = next((one.done_by for one in reversed(taken) if one.step == "propose"), None)
    try:
        status, noted = after(flag.status, name, caller.client_id, proposed)
    except StepNotAllowed as refusal:
        raise FlagStepRefused(str(refusal)) from refusal
    except SamePersonTwice as refusal:
        raise SamePersonUpholds(str(refusal)) from refusal
    now = context.clock.now()
    await repository.take_step(
        session,
        Step(flag.id, flag.version + 1, noted, note, now, caller.client_id),
        status,
    )
    if name == "hold":
        await repository.hold(session, flag, now)
    if name in {"release", "dismiss"}:
        await repository.release(session, flag.id, now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"flag.{noted}",
        subject=str(flag.id),
        at=now,
        detail={"rule": flag.rule, "status": status},
    )
    return _seen(caller, await repository.get(session, flag.id))


async def log_read(
    session: WriteSession, context: ServiceContext, caller: Principal, subject: str, count: int
) -> None:
    """Flags are about persons: who reads them is noted."""
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="flags.read",
        subject=subject,
        at=context.clock.now(),
        detail={"flags": count},
    )
