"""What can be refused about a reconciliation, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable


class ReconciliationNotFound(NotFound):
    code = "reconciliation_not_found"
    title = "There is no such reconciliation, or it is not yours to see"
    title_zh = "没有该对账记录，或您无权查看"


class DifferenceNotFound(NotFound):
    code = "difference_not_found"
    title = "There is no such difference, or it is not yours to see"
    title_zh = "没有该对账差异，或您无权查看"


class DifferenceClosed(Conflict):
    code = "difference_closed"
    title = "This difference is no longer open"
    title_zh = "该差异已处理"


class DayRefused(Unprocessable):
    code = "day_refused"
    title = "The day cannot be reconciled"
    title_zh = "该日不能对账"
