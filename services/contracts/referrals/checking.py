"""Whether a referral can be as it is written."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, timedelta

from services.contracts.programme.service import programme_of
from services.contracts.referrals.domain import REASONS, leads
from services.contracts.referrals.problems import ReferralRefusedAsWritten
from services.contracts.referrals.schemas import ReferralRequest
from shared.http.problem import FieldFault
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext

LONGEST = timedelta(days=366)
"""A slip is valid for a year at most."""


def checked(
    context: ServiceContext,
    body: ReferralRequest,
    *,
    from_facility: str,
    to_facility: str | None,
    issued_on: date,
    valid_to: date,
    today: date,
    diseases: Collection[str] = (),
) -> None:
    """Refuse a referral that cannot be, with every fault.

    Args:
        context: of the service.
        body: as sent.
        from_facility, to_facility, issued_on, valid_to: as sent, or as they are when left out.
        today: on which it is made.
        diseases: of the patient, codes of the register.

    Raises:
        ReferralRefusedAsWritten: naming the fields.
    """
    faults = [
        *_reason_faults(body),
        *_day_faults(issued_on, valid_to, today),
        *_way_faults(context, body, from_facility, to_facility, diseases),
    ]
    if faults:
        raise ReferralRefusedAsWritten("correct the fields named in errors", errors=faults)


def _reason_faults(body: ReferralRequest) -> list[FieldFault]:
    if REASONS[body.reason][0] == body.direction:
        return []
    fitting = ", ".join(code for code, (way, _, _) in REASONS.items() if way == body.direction)
    return [
        FieldFault(
            "reason",
            "reason_of_other_direction",
            f"a referral {body.direction} gives one of: {fitting}",
            f"该转诊方向的原因应为以下之一: {fitting}",
        )
    ]


def _day_faults(issued_on: date, valid_to: date, today: date) -> list[FieldFault]:
    faults = []
    if issued_on > today:
        faults.append(
            FieldFault(
                "issued_on",
                "in_the_future",
                "a referral cannot be dated after today; give the day of issue",
                "转诊日期不能晚于今天；请填写实际办理日期",
            )
        )
    if not timedelta(0) <= valid_to - issued_on <= LONGEST:
        faults.append(
            FieldFault(
                "valid_to",
                "validity_wrong",
                "give a day from the day of issue to a year after it",
                "有效期应在办理当日至一年之内",
            )
        )
    return faults


def _way_faults(
    context: ServiceContext,
    body: ReferralRequest,
    from_facility: str,
    to_facility: str | None,
    diseases: Collection[str],
) -> list[FieldFault]:
    if to_facility is None:
        return [
            FieldFault(
                "to_facility",
                "missing",
                "name the institution that is to take the patient",
                "请填写接收机构",
            )
        ]
    ends = {
        "from_facility": context.region.facility(from_facility),
        "to_facility": context.region.facility(to_facility),
    }
    unknown = [
        FieldFault(
            field,
            "unknown_facility",
            "not a facility of this region; use one of GET /claims/v1/facilities",
            "本地区没有此机构；请使用 GET /claims/v1/facilities 中的机构编码",
        )
        for field, facility in ends.items()
        if facility is None
    ]
    issuer, target = ends["from_facility"], ends["to_facility"]
    if issuer is None or target is None:
        return unknown
    if issuer.facility_code == target.facility_code:
        return [
            FieldFault(
                "to_facility",
                "same_facility",
                "a referral leads to another institution",
                "接收机构不能与转出机构相同",
            )
        ]
    if elsewhere := _target_faults(context, body, issuer, target, diseases):
        return elsewhere
    if not leads(
        body.direction,
        issuer.facility_level,
        target.facility_level,
        to_in_region=target.in_region,
    ):
        return [
            FieldFault(
                "direction",
                "direction_wrong",
                f"the way from a {issuer.facility_level} to a {target.facility_level} institution"
                f" is not {body.direction}; correct the direction or the institution",
                "转诊方向与两端机构级别不符；请核对方向或机构",
            )
        ]
    return _issuer_faults(context, body, issuer, target)


def _issuer_faults(
    context: ServiceContext, body: ReferralRequest, issuer: Facility, target: Facility
) -> list[FieldFault]:
    """XB-08: out of the region only the institution that the region's documents name refers."""
    allowed = context.region.referral_issuers
    if (
        body.direction == "down"
        or target.in_region
        or allowed is None
        or issuer.facility_code in allowed.facilities
    ):
        return []
    listed = ", ".join(sorted(allowed.facilities))
    return [
        FieldFault(
            "from_facility",
            "referral_issuer_not_allowed",
            f"a referral out of the region is issued by {listed} alone"
            f" ({allowed.citation.article}); refer the patient there first",
            f"转往区域外须由 {listed} 办理({allowed.citation.text})；请先转诊至该机构",
        )
    ]


def _target_faults(
    context: ServiceContext,
    body: ReferralRequest,
    issuer: Facility,
    target: Facility,
    diseases: Collection[str],
) -> list[FieldFault]:
    """XB-09, XB-10: where the region's document says which institutions take these patients."""
    if body.direction == "down":
        return []
    faults = []
    for bound in programme_of(context).referral_targets_for(
        body.reason, issuer.facility_level, diseases
    ):
        if target.facility_code in bound.facilities:
            continue
        named = [context.region.facility(code) for code in bound.facilities]
        zh = "、".join(f"{each.name_zh} {each.facility_code}" for each in named if each)
        en = ", ".join(f"{each.facility_code} ({each.name_en})" for each in named if each)
        faults.append(
            FieldFault(
                "to_facility",
                "referral_target_not_allowed",
                f"such a patient is referred to {en} ({bound.citation}); refer him there",
                f"此类患者应转至 {zh}({bound.citation})；请改选接收机构",
            )
        )
    return faults
