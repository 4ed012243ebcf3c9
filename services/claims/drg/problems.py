"""What can be refused about the DRG pilot, as problems of the HTTP contract."""

from __future__ import annotations

from shared.http.problem import Conflict, Unprocessable


class NotInPilot(Conflict):
    code = "not_in_pilot"
    title = "Only stays in the pilot's hospitals are grouped (KZ-08)"
    title_zh = "仅试点医院的住院病例分组(KZ-08)"


class NotGrouped(Conflict):
    code = "not_grouped"
    title = "The settlement cannot be grouped"
    title_zh = "该结算不能分组"


class GroupedAlready(Conflict):
    code = "grouped_already"
    title = "The case has its group already"
    title_zh = "该病例已有分组"


class PilotRefused(Unprocessable):
    code = "pilot_refused"
    title = "The pilot cannot stand as it is given"
    title_zh = "试点内容有误"


class PilotOverlaps(Conflict):
    code = "pilot_overlaps"
    title = "Another pilot begins on this day"
    title_zh = "当日已有试点方案"


class UnknownGroup(Unprocessable):
    code = "unknown_group"
    title = "The pilot has no such group"
    title_zh = "试点方案没有该分组"
