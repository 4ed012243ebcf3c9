"""Who pays for the drugs of a chronic disease (XB-25). Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

DISEASES: dict[str, str] = {
    "hypertension": "高血压",
    "type2_diabetes": "糖尿病",
    "tuberculosis": "结核病",
    "severe_mental_disorder": "严重精神障碍",
}
"""The four chronic diseases (XB-20, XB-25): code → word."""


@dataclass(frozen=True, slots=True)
class Split:
    """In fen; together the total."""

    insured: int
    fund: int
    patient: int


def split(total_fen: int, insured_fen: int, *, used_fen: int, cap_fen: int) -> Split:
    """What each pays: the fund the rest after the insurance, up to what is left of the year's cap.

    Args:
        total_fen: of the drugs.
        insured_fen: what basic insurance paid, at most the total.
        used_fen: what the fund has paid for the person's chronic drugs in the calendar year.
        cap_fen: the most that it pays in a year.
    """
    rest = total_fen - insured_fen
    fund = min(rest, max(0, cap_fen - used_fen))
    return Split(insured_fen, fund, rest - fund)


def used_by(visit_type: str, payers: Iterable[tuple[str, int]]) -> int:
    """What a settled visit used of the year's cap, in fen: a chronic outpatient's fund part."""
    if visit_type != "chronic_outpatient":
        return 0
    return sum(amount for payer, amount in payers if payer == "special_fund")
