"""What can be refused about a settlement, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound


class NotDischarged(Conflict):
    code = "not_discharged"
    title = "The patient is not discharged; the bill is not complete"
    title_zh = "患者尚未出院，账单未完整"


class EmptyBill(Conflict):
    code = "empty_bill"
    title = "There is nothing to settle: the bill is empty"
    title_zh = "账单为空，无可结算费用"


class SettlementNotFound(NotFound):
    code = "settlement_not_found"
    title = "There is no such settlement, or it is not yours to see"
    title_zh = "没有该结算记录，或您无权查看"


class ReversedAlready(Conflict):
    code = "reversed_already"
    title = "The settlement is reversed already"
    title_zh = "该结算已冲销"


class NotReversible(Conflict):
    code = "not_reversible"
    title = "A reversal cannot be reversed; settle the encounter again"
    title_zh = "冲销记录不能再冲销；请重新结算"


class AssumptionUnconfirmed(Conflict):
    code = "assumption_unconfirmed"
    title = "The result rests on assumed parameters that nobody has confirmed"
    title_zh = "结果依据的参数尚未确认"
