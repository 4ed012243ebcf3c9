"""What a recognised patient is entitled to at a visit. Pure.

Treat first, pay later and one-stop settlement: the 2016 and 2019 documents give them to persons
on the registry at designated institutions inside the region (JK-14, LP-23, LP-26, XB-01, XB-02).
Fee waivers depend on the region's document: JK-13 with its items JK-20 to JK-28 in Jinkouhe;
XB-26 and XB-27 at township and county hospitals in Xinbin; none in Liangping's.
"""

from __future__ import annotations

from dataclasses import dataclass

from services.identity.recognition.domain import Grade
from shared.policy.region import FACILITY_LEVELS, Facility

_WAIVING_LEVELS: dict[str, frozenset[str]] = {
    "jinkouhe-2016": frozenset(FACILITY_LEVELS),
    "xinbin-2018": frozenset({"township", "secondary"}),
}
"""Pack → levels of institutions of the region that waive fees."""


@dataclass(frozen=True)
class Entitled:
    """Three answers for the window."""

    treat_first_pay_later: bool
    one_stop_settlement: bool
    fee_waivers: bool


def entitled(grade: Grade, *, in_a_category: bool, facility: Facility, pack_id: str) -> Entitled:
    """The entitlements of a patient of this grade at this institution.

    Args:
        grade: only ``certain`` and ``probable`` carry any.
        in_a_category: whether a person category holds on the visit's date.
        facility: where the visit is.
        pack_id: the region's pack in force.
    """
    recognised = grade in ("certain", "probable") and in_a_category
    here = recognised and facility.in_region and facility.designated
    waives = (
        recognised
        and facility.in_region
        and (facility.facility_level in _WAIVING_LEVELS.get(pack_id, frozenset()))
    )
    return Entitled(treat_first_pay_later=here, one_stop_settlement=here, fee_waivers=waives)
