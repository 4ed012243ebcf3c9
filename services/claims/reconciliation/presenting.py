"""Reconciliations and differences as the HTTP contract, the workbook and the screen show them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from services.claims.ledger.domain import FUND_NAMES
from services.claims.reconciliation.answers import (
    DifferenceAnswer,
    NextAnswer,
    PartAnswer,
    SummaryAnswer,
    SuspectAnswer,
    WantedAnswer,
)
from services.claims.reconciliation.domain import PATIENT, TOTAL, Kind, Part
from services.claims.reconciliation.repository import Difference, Reconciliation
from shared.clock import SHANGHAI, business_date
from shared.money import Fen, text_from_fen

KIND_NAMES: Final[Mapping[Kind, tuple[str, str]]] = {
    "missing_here": ("医院有、本系统无", "the hospital has it, we have not"),
    "missing_there": ("本系统有、医院无", "we have it, the hospital has not"),
    "duplicate": ("医院重复记录", "the hospital has it twice"),
    "amount_differs": ("金额不符", "the amounts differ"),
    "reversed_here": ("本系统已冲销、医院未冲销", "reversed here and not at the hospital"),
    "reversed_there": ("医院已冲销、本系统未冲销", "reversed at the hospital and not here"),
    "other_day": ("记账日期不同", "in our book on another day"),
    "totals_against_records": (
        "医院总账与其明细不符",
        "the hospital's totals are not the sum of its records",
    ),
    "totals_do_not_add_up": (
        "医院总账合计不等于各支付方与个人之和",
        "the hospital's total is not the sum of its payers and the patient",
    ),
    "totals_differ": ("总账不符，须缩小范围", "the totals differ; where is to be found"),
}
"""Chinese and English of each kind of difference."""


def part_names(part: str) -> tuple[str, str]:
    """Chinese and English of a part: the total, the patient or a payer."""
    if part == TOTAL:
        return "合计", "total"
    if part == PATIENT:
        return "个人支付", "patient"
    if part == "hospital":
        return "医院承担", "hospital"
    english, chinese = FUND_NAMES[part]
    return chinese, english


def _signed(fen: int) -> str:
    return f"+{text_from_fen(fen)}" if fen > 0 else text_from_fen(fen)


def messages(difference: Difference) -> tuple[str, str]:
    """What a difference says, Chinese and English, with the parts that differ."""
    chinese, english = KIND_NAMES[difference.kind]
    if difference.our_day is not None:
        chinese += f"(本系统 {difference.our_day})"
        english += f" ({difference.our_day})"
    parts = [part for part in difference.parts if part.difference_fen]
    if parts:
        chinese += "：" + "，".join(
            f"{part_names(part.part)[0]}{'多' if part.difference_fen > 0 else '少'}"
            f" {text_from_fen(abs(part.difference_fen))} 元"
            for part in parts
        )
        english += ": " + ", ".join(
            f"{part_names(part.part)[1]} {_signed(part.difference_fen)}" for part in parts
        )
    return chinese, english


def age_days(difference: Difference, now: datetime) -> int:
    """Whole business days, Saturdays counted, that it has been open, or was."""
    until = difference.closed_at or now
    return (business_date(until) - business_date(difference.opened_at)).days


def difference_answer(
    difference: Difference, now: datetime, record_number: int | None = None
) -> DifferenceAnswer:
    chinese, english = messages(difference)
    closed_at = difference.closed_at
    return DifferenceAnswer(
        difference_id=str(difference.id),
        facility_code=difference.facility_code,
        date=difference.day,
        kind=difference.kind,
        kind_zh=KIND_NAMES[difference.kind][0],
        visit_no=difference.visit_no,
        settlement_id=None if difference.settlement_id is None else str(difference.settlement_id),
        record=record_number,
        our_date=difference.our_day,
        difference=Fen(difference.difference_fen),
        parts=[part_answer(part) for part in difference.parts],
        message=english,
        message_zh=chinese,
        status=difference.status,
        opened_at=difference.opened_at.astimezone(SHANGHAI),
        age_days=age_days(difference, now),
        closed_at=None if closed_at is None else closed_at.astimezone(SHANGHAI),
        closed_by=difference.closed_by,
        reason=difference.reason,
    )


def part_answer(part: Part) -> PartAnswer:
    return PartAnswer(
        part=part.part,
        here=Fen(part.here_fen),
        there=Fen(part.there_fen),
        difference=Fen(part.difference_fen),
    )


def total_parts(made: Reconciliation) -> list[PartAnswer]:
    """Both sides' sums, the total first, then the patient, then payers."""
    names = [TOTAL, PATIENT, *sorted((made.here.keys() | made.there.keys()) - {TOTAL, PATIENT})]
    return [
        PartAnswer(
            part=name,
            here=Fen(made.here.get(name, 0)),
            there=Fen(made.there[name]) if name in made.there else None,
            difference=Fen(made.there[name] - made.here.get(name, 0))
            if name in made.there
            else None,
        )
        for name in names
    ]


def summary(made: Reconciliation, explained_fen: int) -> dict[str, Any]:
    """The fields of :class:`SummaryAnswer`."""
    there = made.there.get(TOTAL)
    return {
        "reconciliation_id": str(made.id),
        "facility_code": made.facility_code,
        "date": made.day,
        "date_basis": made.basis,
        "scope": made.scope,
        "status": made.status,
        "records": made.record_count,
        "settlements": made.entry_count,
        "matched": made.matched_count,
        "difference": Fen(0 if there is None else there - made.here.get(TOTAL, 0)),
        "explained": Fen(explained_fen),
        "totals": total_parts(made),
        "next": None if made.narrowed is None else _next(made.narrowed),
        "made_at": made.made_at.astimezone(SHANGHAI),
        "made_by": made.made_by,
    }


def summary_answer(made: Reconciliation, explained_fen: int) -> SummaryAnswer:
    return SummaryAnswer.model_validate(summary(made, explained_fen))


def _next(narrowed: Mapping[str, Any]) -> NextAnswer:
    return NextAnswer(
        subtotals=[WantedAnswer(**window) for window in narrowed["subtotals"]],
        records=[WantedAnswer(**window) for window in narrowed["records"]],
        suspects=[
            SuspectAnswer(
                payer=one["payer"],
                from_hour=one["from_hour"],
                to_hour=one["to_hour"],
                here=Fen(one["here_fen"]),
                there=Fen(one["there_fen"]),
                difference=Fen(one["there_fen"] - one["here_fen"]),
                candidates=one["candidates"],
            )
            for one in narrowed["suspects"]
        ],
    )
