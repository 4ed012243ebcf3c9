"""What can be refused about closing a month, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, Forbidden, NotFound, Unprocessable


class CloseNotFound(NotFound):
    code = "month_close_not_found"
    title = "There is no such month close"
    title_zh = "没有该月结"


class MonthClosedBefore(Conflict):
    code = "month_close_exists"
    title = "This month is being closed, or is closed already"
    title_zh = "该月份已有进行中或已签发的月结"


class MonthNotOver(Unprocessable):
    code = "month_not_over"
    title = "A month is closed when it is over"
    title_zh = "月份尚未结束，不能月结"


class StepRefused(Conflict):
    code = "month_close_step_not_allowed"
    title = "The month's state does not allow this step"
    title_zh = "该月结当前状态不允许此操作"


class TownshipNotYours(Forbidden):
    code = "township_not_yours"
    title = "A township submits its own figures"
    title_zh = "乡镇只能报送本乡镇的数据"


class TownshipUnknown(Unprocessable):
    code = "township_unknown"
    title = "The region has no such township"
    title_zh = "本地区没有该乡镇"


class SamePerson(Conflict):
    code = "same_person_twice"
    title = "Somebody else must take this step"
    title_zh = "此步骤须由另一人(另一客户端)办理"


class AdjustedAlready(Conflict):
    code = "month_adjusted_already"
    title = "A later month that is signed corrects this one"
    title_zh = "后续已签发月份已含本月的调整"


class CountyOnly(Forbidden):
    code = "county_only"
    title = "This is for organisations of the whole county"
    title_zh = "此项仅限县级机构"


class NotSignedYet(Conflict):
    code = "month_not_signed"
    title = "The month is not signed yet"
    title_zh = "该月结尚未签发"
