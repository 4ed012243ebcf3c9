"""What can stand in the way of a roster import, in both languages."""

from __future__ import annotations

from shared.http.problem import Conflict, Forbidden, NotFound, ServiceUnavailable, Unprocessable


class RosterNeedsTheCounty(Forbidden):
    """A full roster ends the membership of whoever is absent: no part of the county may."""

    code = "roster_needs_the_county"
    title = "Only an office of the whole county may upload and apply rosters"
    title_zh = "只有县(区)级部门可以导入名册"


class RosterImportUnknown(NotFound):
    code = "roster_import_unknown"
    title = "There is no such roster import, or it is another organisation's"
    title_zh = "没有这次名册导入，或它属于其他单位"


class RosterChangedSinceValidation(Conflict):
    code = "roster_changed_since_validation"
    title = "The register was changed after this roster was compared with it"
    title_zh = "本次名册核对之后，登记册已被另一次导入更新"


class RosterInterrupted(ServiceUnavailable):
    code = "roster_interrupted"
    title = "The work on this roster was interrupted; nothing was changed"
    title_zh = "名册处理中断，未作任何更改；请重新操作，仍不成功请联系管理员"


class NoRowAccepted(Conflict):
    code = "no_row_accepted"
    title = "Every row of this roster was rejected; there is nothing to apply"
    title_zh = "名册各行均未通过核对，无可导入内容"


class NeedsSecondPerson(Conflict):
    """A roster that a person has uploaded is confirmed by another one (JK-84: 待核对 → 已确认)."""

    code = "needs_second_person"
    title = "Another person must confirm this roster before it is applied"
    title_zh = "名册须由上传人以外的另一人核对确认后方可导入"


class EffectiveDateImplausible(Unprocessable):
    code = "effective_on_implausible"
    title = "The roster's date is too early or too late"
    title_zh = "名册生效日期过早或过晚"


class MappingFaulty(Unprocessable):
    code = "roster_mapping_faulty"
    title = "The mapping of headers cannot be kept"
    title_zh = "表头对应关系无法保存"
