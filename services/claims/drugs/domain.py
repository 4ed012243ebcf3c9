"""What the special fund pays of drugs that contracts handed out. Pure.

The year's limit is one for both ways by which the fund pays chronic drugs: a settled visit of a
chronic outpatient, and a dispensing of the family-doctor team. Contracts tells what it answered at
the window; the fund pays that, or what is left of the limit where a visit has used it meanwhile.
It never pays more than was answered: the patient has left with that answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Final
from uuid import UUID

BENEFIT: Final = "chronic_drug_fund_paid"
"""The accumulator of the person's year, by the name of ``year_to_date``."""
CAP: Final = "chronic_drugs.annual_cap"
"""The year's limit, by its name in a pack; contracts looks it up by the same."""
USE: Final = "chronic_drugs"
"""The special fund's use (XB-54)."""


@dataclass(frozen=True, slots=True)
class DrugPayment:
    """The fund's part of a dispensing; amounts in fen."""

    dispensing_id: str
    region: str
    area: str
    person_id: str
    """Who stood for the person when it was decided."""
    year: int
    facility_code: str
    dispensed_on: date
    total_fen: int
    insured_fen: int
    told_fen: int
    """What the window was told that the fund pays."""
    fund_fen: int
    withdrawn: bool
    place: UUID
    """Its turn among the person's bills: an id of the moment at which it was decided."""
    cap_fen: int
    """The year's limit with which the window reckoned."""

    @property
    def patient_fen(self) -> int:
        return self.total_fen - self.insured_fen - self.fund_fen


def fund_pays(told_fen: int, *, cap_fen: int, paid_fen: int, reserved_fen: int) -> int:
    """What the fund pays: what was told, at most what the year has left.

    Args:
        told_fen: what the window was told.
        cap_fen: the year's limit.
        paid_fen: what the fund has paid for the person's chronic drugs in the year.
        reserved_fen: what his open visits keep of the limit.
    """
    return min(told_fen, max(0, cap_fen - paid_fen - reserved_fen))
