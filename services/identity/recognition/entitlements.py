"""What a recognised patient is entitled to at a visit. Pure.

Treat first, pay later and one-stop settlement: the 2016 and 2019 documents give them to persons
on the registry at designated institutions inside the region (JK-14, LP-23, LP-26, XB-01, XB-02).
Fee waivers are the region's own affair: its pack names the levels of institutions that waive, with
the article, or none.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.matching.decision import Grade
from shared.policy.region import Facility, FeeWaivers


@dataclass(frozen=True)
class Entitled:
    """Three answers for the window."""

    treat_first_pay_later: bool
    one_stop_settlement: bool
    fee_waivers: bool

    def as_dict(self) -> dict[str, bool]:
        return {
            "treat_first_pay_later": self.treat_first_pay_later,
            "one_stop_settlement": self.one_stop_settlement,
            "fee_waivers": self.fee_waivers,
        }


def entitled(
    grade: Grade, *, in_a_category: bool, facility: Facility, waivers: FeeWaivers | None
) -> Entitled:
    """The entitlements of a patient of this grade at this institution.

    Args:
        grade: only ``certain`` and ``probable`` carry any.
        in_a_category: whether a person category holds on the visit's date.
        facility: where the visit is.
        waivers: the region's fee waivers on the visit's date; None where it has none.
    """
    recognised = grade in ("certain", "probable") and in_a_category and facility.in_region
    here = recognised and facility.designated
    waives = (
        recognised and waivers is not None and facility.facility_level in waivers.facility_levels
    )
    return Entitled(treat_first_pay_later=here, one_stop_settlement=here, fee_waivers=waives)
