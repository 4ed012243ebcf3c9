"""What the checks are called, and what to do about their findings: Chinese and English."""

from __future__ import annotations

WORDS: dict[str, tuple[str, str, str, str]] = {
    "township_silent": (
        "乡镇无数据", "Townships without data",
        "该乡镇有登记对象，但时段内没有识别和出院记录：请核实医院接口和名册住址。",
        "Registered persons live there, but nobody was recognised or discharged: look at the hospitals' links and the registry's homes.",
    ),
    "home_unknown": (
        "住址未知的登记对象", "Registered persons without a home",
        "请在名册中补全乡镇和村，否则只能列入“住址未知”。",
        "Complete township and village in the registry; until then they count as “home not known”.",
    ),
    "outlier": (
        "费用异常波动", "Costs far from usual",
        "本月费用超过以前各月中位数的 3 倍或不足三分之一：请核对是否重复或漏报。",
        "More than three times or less than a third of the earlier months' median: look for double or missing bills.",
    ),
    "impossible_visit": (
        "就诊与结算矛盾", "Visits and bills that contradict",
        "已结算但未出院、已撤销仍有结算、出院早于入院或日期不一致：请与医院核对。",
        "Settled but not ended, cancelled but settled, left before coming, or another day than the bill's: ask the hospital.",
    ),
    "bill_twice": (
        "同一就诊重复结算", "Visits settled twice",
        "同一就诊有多份有效结算：请冲销多余的。",
        "More than one bill of the same visit counts: reverse what is too much.",
    ),
    "two_beds": (
        "同一人重叠住院", "Stays of one person that overlap",
        "同一人同时在两处住院：可能是冒用、错认或未办出院。",
        "One person lies in two beds: a borrowed card, a mistaken identity, or a stay that was not ended.",
    ),
    "events_set_aside": (
        "未能处理的事件", "Events set aside",
        "这些事件尚未计入任何数据：请运维人员处理后重新投递。",
        "They are in no figure yet: the operator mends and sends them again.",
    ),
    "entry_unconfirmed": (
        "填报数据待确认", "Entered figures to be confirmed",
        "须由另一人核对依据后确认，未确认的不计入。",
        "Somebody else looks at the evidence and confirms them; until then they do not count.",
    ),
    "entry_contradicts_registry": (
        "填报分母与名册不符", "Entered figures that contradict the registry",
        "填报的登记对象人数与名册人数不同：请核对名册版本。",
        "The entered number of registered persons is not the registry's: look at which roster was used.",
    ),
    "report_late": (
        "逾期未报送月结", "Month closes not submitted in time",
        "请督促该乡镇报送。", "Ask the township to submit.",
    ),
    "entry_missing": (
        "本时段未填报的指标", "Figures not entered for this period",
        "请责任单位填报。", "Ask the owner to enter them.",
    ),
}  # fmt: skip

DETAILS: dict[str, tuple[str, str]] = {
    "persons": ("名册人数", "persons on the registry"),
    "month": ("月份", "month"),
    "total_fen": ("本月费用", "cost of the month"),
    "usual_fen": ("以前各月中位数", "earlier months' median"),
    "what": ("问题", "fault:"),
    "cancelled_but_settled": ("已撤销仍有结算", "cancelled but settled"),
    "left_before_coming": ("出院早于入院", "left before coming"),
    "settled_but_not_ended": ("已结算但未出院", "settled but not ended"),
    "other_day_than_the_bill": ("出院日期与结算不一致", "another day than the bill's"),
    "bills": ("有效结算份数", "bills that count"),
    "other": ("另一次住院", "the other stay"),
    "other_facility": ("另一机构", "at"),
    "type": ("事件类型", "type"),
    "events": ("件数", "events"),
    "code": ("指标", "indicator"),
    "period": ("时段", "period"),
    "denominator": ("填报分母", "entered denominator"),
    "due_on": ("应报日期", "due on"),
}
"""What stands in a finding."""
