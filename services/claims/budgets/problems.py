"""What can be refused about a global budget, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable


class BudgetNotFound(NotFound):
    code = "budget_not_found"
    title = "There is no such budget agreement, or it is not yours to see"
    title_zh = "没有该总额预算协议，或您无权查看"


class BudgetRefused(Unprocessable):
    code = "budget_refused"
    title = "The agreement cannot stand as it is given"
    title_zh = "协议内容有误"


class BudgetOverlaps(Conflict):
    code = "budget_overlaps"
    title = "Another agreement of the year answers for the same people or institutions"
    title_zh = "本年度另有协议覆盖相同人员或机构"


class NoAgreement(Conflict):
    code = "no_agreement"
    title = "Nothing is paid without a signed service agreement (SJ-26)"
    title_zh = "未签订服务协议，不得拨付(SJ-26)"


class SignedAlready(Conflict):
    code = "signed_already"
    title = "The agreement is signed already"
    title_zh = "协议已签订"


class SameSigner(Conflict):
    code = "same_person_twice"
    title = "Somebody else must sign what this client has prepared"
    title_zh = "编制人不得签订；请由他人办理"


class AdvancedAlready(Conflict):
    code = "advanced_already"
    title = "The month's advance is paid already"
    title_zh = "该月已预拨"


class YearSettled(Conflict):
    code = "year_settled"
    title = "The agreement's year is settled already"
    title_zh = "该协议年度已清算"


class YearNotOver(Conflict):
    code = "year_not_over"
    title = "The agreement's year is not over"
    title_zh = "协议年度尚未结束"
