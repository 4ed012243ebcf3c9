"""What a half-year adds up to: months, bills, and amounts in 万元 whose parts may miss the total."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from typing import Final

from services.reporting.figures.domain import share
from services.reporting.history.domain import Balance, balance

DECIMALS: Final = 4
"""Of amounts in 万元, as the half-year's documents write them (JK-32)."""
PATIENT: Final = "patient"
UNTOLD: Final = "untold"
"""What months that were signed without their payers leave open."""
_FEN_PER_WAN: Final = 1_000_000
_PERIOD = re.compile(r"(20[0-9]{2})-H([12])")

PAYER_WORDS: Final[Mapping[str, str]] = {
    "basic_insurance": "基本医疗保险报销",
    "critical_illness": "大病保险",
    "medical_aid": "民政医疗救助",
    "second_compensation": "二次补偿",
    "commercial_insurance": "商业保险",
    "special_fund": "专项基金",
    "waiver_fund": "费用减免",
    "emergency_aid": "疾病应急救助",
    "charity_fund": "医药爱心扶贫基金",
    "hospital": "医院承担",
    PATIENT: "个人支付",
    UNTOLD: "未细分(签发时未留存支付方)",
}
"""In the order in which they pay."""


class NotAHalfYear(ValueError):
    """A half-year is written ``2016-H1``."""


def months_of(period: str) -> tuple[str, ...]:
    """The six months of ``2016-H1`` or ``2016-H2``.

    Raises:
        NotAHalfYear.
    """
    found = _PERIOD.fullmatch(period)
    if found is None:
        raise NotAHalfYear(period)
    first = 6 * int(found[2]) - 5
    return tuple(f"{found[1]}-{number:02d}" for number in range(first, first + 6))


def wan(fen: int) -> str:
    """Fen in 万元 with four decimals, half up: 125,878.00 CNY are ``12.5878``."""
    step = Decimal(1).scaleb(-DECIMALS)
    return str((Decimal(fen) / _FEN_PER_WAN).quantize(step, rounding=ROUND_HALF_UP))


@dataclass
class Bills:
    """Bills of registered persons, added up; amounts in fen."""

    visits: int = 0
    persons: int = 0
    total_fen: int = 0
    patient_fen: int = 0
    out_of_catalogue_fen: int = 0
    payers: dict[str, int] = field(default_factory=dict)
    """What each pays beside the patient."""

    @property
    def personal_share(self) -> str | None:
        return share(self.patient_fen, self.total_fen)

    @property
    def out_of_catalogue_share(self) -> str | None:
        return share(self.out_of_catalogue_fen, self.total_fen)

    def parts(self) -> dict[str, int]:
        """Every payer with an amount, the patient, and what is not told of; they make the total."""
        told = {payer: self.payers.get(payer, 0) for payer in PAYER_WORDS if payer in self.payers}
        told |= {payer: fen for payer, fen in sorted(self.payers.items()) if payer not in told}
        told[PATIENT] = self.patient_fen
        untold = self.total_fen - sum(told.values())
        if untold:
            told[UNTOLD] = untold
        return {payer: fen for payer, fen in told.items() if fen or payer == PATIENT}

    def in_wan(self) -> Balance:
        """Total and parts as they stand in 万元: what rounding loses between them (JK-36)."""
        return balance(
            wan(self.total_fen), {payer: wan(fen) for payer, fen in self.parts().items()}, DECIMALS
        )
