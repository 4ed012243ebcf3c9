"""Home verifications of poverty by illness: recorded, and given out as a workbook's rows (XB-44)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import Row

from services.contracts.health_record import repository
from services.contracts.health_record.schemas import (
    RESULT_WORDS,
    VerificationAnswer,
    VerificationRequest,
)
from services.contracts.models import HomeVerification
from services.contracts.people import repository as people
from services.contracts.people.acting import person_served
from services.contracts.teams.service import own_township
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog.words import POVERTY_CAUSE_WORDS
from shared.http.problem import FieldFault, TooLarge, Unprocessable
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

NOTE_COLUMN = "home_verifications.note"
MOST_ROWS = 50_000
"""Of one workbook."""
HEAD = (
    "乡镇",
    "村",
    "人员编号",
    "户编号",
    "核实日期",
    "核实结果",
    "主要致贫原因",
    "登记单位",
    "登记时间",
)


class VerificationWrong(Unprocessable):
    code = "verification_wrong"
    title = "The home verification cannot have been so"
    title_zh = "入户核实信息不成立"


class VerificationsTooMany(TooLarge):
    code = "too_many_verifications"
    title = "There are more home verifications than are taken out at once"
    title_zh = "入户核实记录超过一次导出的上限"


async def verify(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: str,
    body: VerificationRequest,
) -> VerificationAnswer:
    """Keep what a visit to the household found; the newest one stands in the person's record.

    Raises:
        VerificationWrong: a day in the future; poverty by illness with another cause, or a cause
            that is missing.
        PersonUnknown, TeamNotYours: nobody of that id; another organisation's.
    """
    now = context.clock.now()
    _check(body, business_date(now))
    _, person, _ = await person_served(session, context, caller, person_id, on=body.verified_on)
    told = await people.get(session, person_id)
    row: dict[str, Any] = {
        "verification_id": new_id(),
        "region": context.region.region_code,
        "person_id": person_id if told is not None else person.person_id,
        "township": person.township,
        "village": person.village,
        "verified_on": body.verified_on,
        "result": body.result,
        "cause": body.cause,
        "note": context.vault.encrypt(body.note, column=NOTE_COLUMN) if body.note else None,
        "recorded_by": caller.client_id,
        "organisation": caller.organisation,
        "recorded_at": now,
    }
    await repository.add_verification(session, row)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="home_verification.recorded",
        subject=str(row["verification_id"]),
        at=now,
        detail={"person_id": person_id},
    )
    return answer(HomeVerification(**row))


def answer(found: HomeVerification) -> VerificationAnswer:
    zh, en = RESULT_WORDS[found.result]
    cause_zh, cause_en = POVERTY_CAUSE_WORDS[found.cause] if found.cause else (None, None)
    return VerificationAnswer.model_validate(
        {
            "verification_id": str(found.verification_id),
            "verified_on": found.verified_on,
            "result": found.result,
            "result_zh": zh,
            "result_en": en,
            "cause": found.cause,
            "cause_zh": cause_zh,
            "cause_en": cause_en,
        }
    )


async def rows(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    first: date | None,
    last: date | None,
) -> list[list[Any]]:
    """The visits of the caller's places as rows below :data:`HEAD`, nobody by name; logged.

    Args:
        session: to read with; the export is on the audit log.
        context: of the service.
        caller: a county sees all, a township its own.
        first: the first day; None: from the beginning.
        last: the last day; None: until now.

    Raises:
        VerificationsTooMany: take them out by days.
    """
    township = own_township(context, caller)
    found: Sequence[Row[HomeVerification, str, str | None]] = ()
    if township is not None or caller.may_see_township(None):
        found = await repository.verifications_between(
            session,
            region=context.region.region_code,
            township=township,
            first=first,
            last=last,
            limit=MOST_ROWS + 1,
        )
    if len(found) > MOST_ROWS:
        raise VerificationsTooMany(
            f"choose days by first and last, with at most {MOST_ROWS:,} between them",
            errors=[
                FieldFault(
                    "first",
                    "too_many",
                    f"more than {MOST_ROWS:,} since then: take a later day, or a last one",
                    f"自该日起超过 {MOST_ROWS:,} 条；请缩短起止日期",
                )
            ],
        )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="home_verifications.exported",
        subject=township or context.region.region_code,
        at=context.clock.now(),
        detail={"rows": len(found)},
    )
    return [
        [
            one.township or "",
            one.village or "",
            kept,
            household or "",
            one.verified_on,
            RESULT_WORDS[one.result][0],
            POVERTY_CAUSE_WORDS[one.cause][0] if one.cause else "",
            one.organisation.partition(":")[2],
            business_date(one.recorded_at),
        ]
        for one, kept, household in found
    ]


def _check(body: VerificationRequest, today: date) -> None:
    if body.verified_on > today:
        raise _wrong(
            "verified_on",
            "in_the_future",
            "a visit is recorded after it was made; give its day",
            "入户核实须在完成后登记；请填写实际日期",
        )
    by_illness = body.result in ("by_illness", "back_by_illness")
    if by_illness and body.cause not in (None, "illness"):
        raise _wrong(
            "cause",
            "contradicts",
            "poverty by illness has the cause illness; correct one of the two",
            "核实为因病的，致贫原因应为因病；请更正其一",
        )
    if body.result == "other_cause" and body.cause in (None, "illness"):
        raise _wrong(
            "cause",
            "missing",
            "say which other cause was found",
            "核实为其他原因的，请选择是哪一种",
        )


def _wrong(field: str, code: str, message: str, message_zh: str) -> VerificationWrong:
    return VerificationWrong(errors=[FieldFault(field, code, message, message_zh)])
