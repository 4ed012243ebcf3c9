"""What may be refused of referrals."""

from __future__ import annotations

from shared.http.problem import Conflict, Forbidden, NotFound, Unprocessable


class ReferralUnknown(NotFound):
    code = "referral_unknown"
    title = "There is no such referral, or it is not yours to see"
    title_zh = "没有此转诊，或您无权查看"


class ReferralRefusedAsWritten(Unprocessable):
    code = "referral_wrong"
    title = "The referral cannot be made as it is written"
    title_zh = "转诊单填写有误，不能办理"


class ReferralWaitsAlready(Conflict):
    code = "referral_waits_already"
    title = "The same referral of this person waits for an answer already"
    title_zh = "该人员的相同转诊正在等待答复"


class ReferralStepRefused(Conflict):
    code = "referral_step_refused"
    title = "The referral is not in a state for this step"
    title_zh = "当前状态不能办理此步骤"


class ReferralExpired(Conflict):
    code = "referral_expired"
    title = "The referral has expired: nobody answered within its validity"
    title_zh = "转诊已过有效期，期内无答复"


class OtherEnd(Forbidden):
    code = "other_end"
    title = "This step is for the other end of the referral to take"
    title_zh = "此步骤应由转诊的另一方办理"
