"""What can be refused about a fund, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable


class FundNotFound(NotFound):
    code = "fund_not_found"
    title = "There is no such fund"
    title_zh = "没有该基金"


class SourceNotAllowed(Unprocessable):
    code = "source_not_allowed"
    title = "The fund's rules do not let money come from there"
    title_zh = "按该基金规定，不得由此来源拨入"


class OpenedAlready(Conflict):
    code = "opened_already"
    title = "The fund has its opening balance already"
    title_zh = "该基金已登记期初余额"


class TransferredAlready(Conflict):
    code = "transferred_already"
    title = "The year's transfer from the surplus is made already"
    title_zh = "该年度结余划拨已办理"


class FundInsufficient(Conflict):
    code = "fund_insufficient"
    title = "The fund does not hold so much money"
    title_zh = "基金结存不足"
