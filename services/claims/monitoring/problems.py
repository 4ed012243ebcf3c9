"""What can be refused about a flag, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable


class FlagNotFound(NotFound):
    code = "flag_not_found"
    title = "There is no such flag, or it is not yours to see"
    title_zh = "没有该疑点，或您无权查看"


class FlagStepRefused(Conflict):
    code = "flag_step_not_allowed"
    title = "The flag's state does not allow this step"
    title_zh = "该疑点当前状态不允许此操作"


class SamePersonUpholds(Conflict):
    code = "same_person_twice"
    title = "A second person must uphold a flag"
    title_zh = "认定疑点须由另一人复核"


class PeriodRefused(Unprocessable):
    code = "period_refused"
    title = "The period cannot be looked at"
    title_zh = "该期间不能检查"
