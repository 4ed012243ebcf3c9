"""Who may have issued a referral: the region's documents may name the one institution (XB-08)."""

from __future__ import annotations

from services.claims.encounters.problems import ReferralNotAllowed
from shared.http.problem import FieldFault
from shared.policy.region import Facility
from shared.runtime.context import ServiceContext

FIELD = "referral_issuer"


def check_referral(
    context: ServiceContext, facility: Facility, *, referral: bool, issuer: str | None
) -> None:
    """A referral to an institution outside the region counts only if the right one issued it.

    Raises:
        ReferralNotAllowed: no issuer, an unknown one, or one that may not refer out of the region.
    """
    if issuer is not None:
        if not referral:
            raise _refused(
                "issuer_without_referral",
                "an issuer is named but `referral` is false; set it, or leave the issuer out",
                "填写了转诊办理机构但未标明转诊；请补充 referral 或删去该项",
            )
        if context.region.facility(issuer) is None:
            raise _refused(
                "unknown_facility",
                "not a facility of this region; use one of GET /claims/v1/facilities",
                "本地区没有此机构；请使用 GET /claims/v1/facilities 中的机构编码",
            )
    allowed = context.region.referral_issuers
    if not referral or facility.in_region or allowed is None:
        return
    listed = ", ".join(sorted(allowed.facilities))
    if issuer is None:
        raise _refused(
            "missing_referral_issuer",
            f"a referral out of the region is issued by {listed} alone"
            f" ({allowed.citation.article}); name the issuer, or set referral to false",
            f"转往区域外须由 {listed} 办理({allowed.citation.text})；请填写办理机构，或改为未转诊",
        )
    if issuer not in allowed.facilities:
        raise _refused(
            "referral_issuer_not_allowed",
            f"a referral out of the region is issued by {listed} alone"
            f" ({allowed.citation.article}); have it issued there, or set referral to false",
            f"转往区域外须由 {listed} 办理({allowed.citation.text})；请在该机构办理，或改为未转诊",
        )


def _refused(code: str, message: str, message_zh: str) -> ReferralNotAllowed:
    return ReferralNotAllowed(
        "correct the field named in errors", errors=[FieldFault(FIELD, code, message, message_zh)]
    )
