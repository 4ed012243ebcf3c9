"""The arithmetic of a DRG pilot (KZ-08); amounts in fen.

A case's standard is the group's weight × rate × the hospital's coefficient. The fund pays its ratio
of the standard less what the patient pays before insurance; the patient pays by actual cost, so the
hospital bears or keeps the difference. Cases far above or below the standard are paid by item.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal
from uuid import UUID

from shared.money import times

Kind = Literal["standard", "high", "low"]


@dataclass(frozen=True)
class Pilot:
    """Which hospitals are paid by groups, and at what price, from a day on."""

    id: UUID
    region: str
    valid_from: date
    document: str
    facilities: tuple[str, ...]
    weights: Mapping[str, Decimal]
    rate_fen: int
    coefficients: Mapping[str, Decimal]
    """Of a hospital; 1 where none is stated."""
    high_ratios: Mapping[str, Decimal]
    """By level of hospital: a cost above so many times the standard is a high outlier."""
    high_share: Decimal
    """At most so many of a hospital's cases are high outliers, the highest."""
    low_ratio: Decimal
    """A cost below so much of the standard is a low outlier."""

    def standard_fen(self, group: str, facility_code: str) -> int:
        """What a case of the group is worth.

        Raises:
            KeyError: the pilot has no such group.
        """
        coefficient = self.coefficients.get(facility_code, Decimal(1))
        return times(self.rate_fen, self.weights[group] * coefficient)


@dataclass(frozen=True)
class Case:
    """A settled stay with the group that its hospital supplied."""

    settlement_id: UUID
    facility_code: str
    facility_level: str
    group: str
    weight: Decimal
    standard_fen: int
    cost_fen: int
    before_insurance_fen: int
    """What the patient pays before insurance: self-paid, self-first and the deductible."""
    ratio: Decimal
    """The fund's share of what is left."""
    by_item_fen: int
    """What the fund paid by items."""
    kind: Kind

    @property
    def by_group_fen(self) -> int:
        """What the fund pays by the group."""
        return times(max(0, self.standard_fen - self.before_insurance_fen), self.ratio)


def kind_of(pilot: Pilot, level: str, cost_fen: int, standard_fen: int) -> Kind:
    """Whether a cost lies within the bounds of its standard."""
    high = pilot.high_ratios.get(level)
    if high is not None and cost_fen > high * standard_fen:
        return "high"
    return "low" if cost_fen < pilot.low_ratio * standard_fen else "standard"


@dataclass(frozen=True)
class Priced:
    """A case with what is paid for it."""

    case: Case
    paid_by: Literal["group", "item"]

    @property
    def fund_fen(self) -> int:
        return self.case.by_group_fen if self.paid_by == "group" else self.case.by_item_fen

    @property
    def difference_fen(self) -> int:
        """What the hospital keeps (or, negative, bears) against payment by item."""
        return self.fund_fen - self.case.by_item_fen


def price(cases: Iterable[Case], high_share: Decimal) -> list[Priced]:
    """What is paid for each; of a hospital's high outliers only its share, the highest first."""
    listed = list(cases)
    by_item = {case.settlement_id for case in listed if case.kind == "low"}
    for facility in {case.facility_code for case in listed}:
        own = [case for case in listed if case.facility_code == facility]
        high = sorted(
            (case for case in own if case.kind == "high"),
            key=lambda case: (-case.cost_fen / max(case.standard_fen, 1), case.settlement_id),
        )
        most = int(len(own) * high_share)
        by_item |= {case.settlement_id for case in high[:most]}
    return [Priced(case, "item" if case.settlement_id in by_item else "group") for case in listed]


def case_mix(cases: Sequence[Case]) -> Decimal | None:
    """CMI: the mean weight of the cases; None without any."""
    if not cases:
        return None
    whole = sum((case.weight for case in cases), Decimal(0))
    return (whole / len(cases)).quantize(Decimal("0.0001"))
