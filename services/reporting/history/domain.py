"""What a document's figures come to: shares, and whether its parts make its total."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from services.reporting.figures.domain import Status, Target, judge, share

_FEN_PER_WAN = 1_000_000
"""1 万元 = 10,000 CNY."""


@dataclass(frozen=True)
class Balance:
    """A stated total against the sum of the stated parts; amounts in fen."""

    total_fen: int
    parts_fen: int
    tolerance_fen: int
    """One unit of the last decimal that is given: 1 CNY for 万元 with four (JK-36)."""

    @property
    def gap_fen(self) -> int:
        return self.total_fen - self.parts_fen

    @property
    def within_tolerance(self) -> bool:
        return abs(self.gap_fen) <= self.tolerance_fen


def fen_from_wan(text: str) -> int:
    """Read ``"12.5878"`` 万元 as 12,587,800 fen."""
    return int(Decimal(text) * _FEN_PER_WAN)


def balance(total: str, parts: Mapping[str, str], decimals: int) -> Balance:
    """Compare amounts in 万元 that are given with so many decimals."""
    return Balance(
        total_fen=fen_from_wan(total),
        parts_fen=sum(fen_from_wan(part) for part in parts.values()),
        tolerance_fen=_FEN_PER_WAN // 10**decimals,
    )


def judged(patient: str, total: str, target: Target) -> tuple[str | None, Status]:
    """The patients' own share of amounts in 万元, and whether it keeps the target."""
    numerator, denominator = fen_from_wan(patient), fen_from_wan(total)
    return share(numerator, denominator), judge(numerator, denominator, target)


def judged_share(value: str, target: Target) -> Status:
    """A share that is told without its parts."""
    return judge(int(Decimal(value) * 10_000), 10_000, target)
