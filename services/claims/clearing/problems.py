"""What can be refused about a clearing run, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, Forbidden, NotFound, Unprocessable


class RunNotFound(NotFound):
    code = "clearing_run_not_found"
    title = "There is no such clearing run, or it is not yours to see"
    title_zh = "没有该清算批次，或您无权查看"


class NothingToClear(Conflict):
    code = "nothing_to_clear"
    title = "Nothing is owed up to the period's end that stands in no run"
    title_zh = "截至该期末没有未列入清算批次的应付款"


class StepRefused(Conflict):
    code = "clearing_step_not_allowed"
    title = "The run's state does not allow this step"
    title_zh = "该清算批次当前状态不允许此操作"


class NotYourFund(Forbidden):
    code = "not_your_fund"
    title = "Another agency approves and pays this fund"
    title_zh = "该基金由其他部门核准拨付"


class ReviewMissing(Conflict):
    code = "review_skipped"
    title = "Waivers must be reviewed by the health bureau before they are approved"
    title_zh = "减免资金须先经卫生健康部门审核，再由扶贫办核准"


class SamePerson(Conflict):
    code = "same_person_twice"
    title = "Somebody else must take this step"
    title_zh = "此步骤须由另一人(另一客户端)办理"


class PeriodRefused(Unprocessable):
    code = "period_refused"
    title = "The period cannot be cleared"
    title_zh = "该期间不能清算"


class PaymentRefused(Unprocessable):
    code = "payment_refused"
    title = "A payment does not fit what is still to pay"
    title_zh = "支付金额与待付金额不符"


class ReferenceUsed(Conflict):
    code = "reference_used"
    title = "The reference stands for another payment of this run"
    title_zh = "该付款凭证号已用于本批次的另一笔付款"
