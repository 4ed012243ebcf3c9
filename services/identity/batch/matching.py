"""Rows in, decisions out: the window's own decision, and nothing kept of it."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import ValidationError
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.batch.domain import Matched, Question
from services.identity.matching.decision import REASONS
from services.identity.recognition.asking import CardUnknown, IdNumberInvalid
from services.identity.recognition.schemas import Credentials
from services.identity.recognition.service import match
from shared.http.problem import Problem
from shared.runtime.context import ServiceContext

UNREADABLE: dict[str, tuple[str, str]] = {
    "id_number": (
        "证件号码被表格软件变成近似数字，末几位已丢失，未采用",
        "the spreadsheet has lost the number's last digits; it was left out",
    ),
    "birth_date": ("出生日期无法读取，未采用", "the birth date cannot be read; it was left out"),
    "visited_on": (
        "就诊日期无法读取，按今天判断",
        "the visit's date cannot be read; today was taken",
    ),
    "sex": ("性别无法读取，未采用", "the sex cannot be read; it was left out"),
}
BLANK = ("没有姓名、证件号码或卡号", "no name, number or card is given")
TOO_LONG = ("内容过长，请核对是否错列", "a cell is too long; are the columns shifted?")


async def match_rows(
    session: AsyncSession, context: ServiceContext, rows: Sequence[Question]
) -> list[Matched]:
    """What the window would answer to each row, in order; no recognition is recorded.

    A row without the day of its visit is judged by today.
    """
    return [await _match_row(session, context, row) for row in rows]


async def _match_row(session: AsyncSession, context: ServiceContext, row: Question) -> Matched:
    if row.blank:
        return Matched(None, reasons=(BLANK,))
    left_out = tuple(UNREADABLE[code] for code in row.faults)
    try:
        given = Credentials(
            id_number=row.id_number,
            card_no=row.card_no,
            name=row.name,
            birth_date=row.birth_date,
            sex=row.sex,
            phone=row.phone,
            address=row.address,
            mother_id_number=row.mother_id_number,
        )
        found = await match(session, context, given, at=row.at or context.clock.now())
    except ValidationError:
        return Matched(None, reasons=(TOO_LONG,))
    except Problem as problem:
        told = tuple((fault.message_zh, fault.message) for fault in problem.errors)
        words = told or ((problem.title_zh, problem.title),)
        guessed = isinstance(problem, IdNumberInvalid | CardUnknown)
        return Matched(None, reasons=(*left_out, *words), found_nobody=guessed)
    decision = found.decision
    return Matched(
        grade=decision.grade,
        masked_name=found.masked_name,
        person_id=decision.person_id,
        categories=tuple(period.code for period in found.holding),
        reasons=(*left_out, *(REASONS[code] for code in decision.reasons)),
        found_nobody=decision.grade == "none",
    )
