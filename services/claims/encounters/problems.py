"""What can be refused about an encounter, as problems of the HTTP contract."""

from __future__ import annotations

from collections.abc import Mapping

from services.claims.settlement.bill import MAX_LINE_FEN
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable


class EncounterNotFound(NotFound):
    code = "encounter_not_found"
    title = "There is no such encounter, or it is not yours to see"
    title_zh = "没有该就诊记录，或您无权查看"


class EncounterDiffers(Conflict):
    code = "encounter_differs"
    title = "This visit number is registered already, with other content"
    title_zh = "该就诊号已登记，内容不一致"


class PersonDiffers(Conflict):
    code = "person_differs"
    title = "Identity recognised another person for this visit"
    title_zh = "身份识别结果与所填人员不一致"


class EncounterSettledAlready(Conflict):
    code = "encounter_settled"
    title = "The encounter is settled; reverse the settlement before changing it"
    title_zh = "该就诊已结算；如需修改请先冲销"


class DischargedAlready(Conflict):
    code = "discharged_already"
    title = "The encounter is discharged already, with other content"
    title_zh = "该就诊已登记出院，内容不一致"


class EncounterCancelledAlready(Conflict):
    code = "encounter_cancelled"
    title = "The encounter is cancelled; register a new visit under its own number"
    title_zh = "该就诊已取消；请以新的就诊号登记"


class ReferralNotAllowed(Unprocessable):
    code = "referral_not_allowed"
    title = "This referral cannot count: the wrong institution issued it, or none is named"
    title_zh = "转诊无效：办理机构不符合规定或未填写"


class DepositNotAllowed(Unprocessable):
    code = "deposit_not_allowed"
    title = "A registered poor patient pays no deposit here"
    title_zh = "贫困患者在本地定点机构就诊不收押金"


class EncounterRefused(Unprocessable):
    code = "validation_failed"
    title = "Some fields of the encounter are wrong"
    title_zh = "就诊登记有字段填写有误"


class DischargeRefused(Unprocessable):
    code = "validation_failed"
    title = "Some fields of the discharge are wrong"
    title_zh = "出院登记有字段填写有误"


def estimate_faults(estimated_fen: int) -> list[FieldFault]:
    """What is wrong with an estimate of a visit's cost; empty when nothing is."""
    if 0 <= estimated_fen <= MAX_LINE_FEN:
        return []
    return [
        FieldFault(
            field="estimated_cost",
            code="amount_out_of_range",
            message="an estimate is not negative and below a hundred million CNY; check the unit",
            message_zh="预计费用不得为负，也不得超过一亿元；请检查单位",
        )
    ]


def stated_faults(prefix: str, stated: Mapping[str, int]) -> list[FieldFault]:
    """What is wrong with the shares that schemes on their own account have told."""
    return [
        FieldFault(
            field=f"{prefix}stated_payments.{payer}",
            code="amount_out_of_range",
            message="a share is not negative and below a hundred million CNY; check the unit",
            message_zh="金额不得为负，也不得超过一亿元；请检查单位",
        )
        for payer, fen in stated.items()
        if not 0 <= fen <= MAX_LINE_FEN
    ]


def fault_future(field: str) -> FieldFault:
    return FieldFault(
        field=field,
        code="in_future",
        message="the time lies in the future; check the date and the offset (+08:00)",
        message_zh="时间晚于当前；请检查日期与时区(+08:00)",
    )


def fault_order(field: str) -> FieldFault:
    return FieldFault(
        field=field,
        code="discharge_before_admission",
        message="the discharge must not lie before the admission; check both dates",
        message_zh="出院时间早于入院时间；请核对",
    )
