"""The published codes in words, Chinese and English: no screen shows a code without its word."""

from __future__ import annotations

CATEGORY_WORDS: dict[str, tuple[str, str]] = {
    "registered_poor": ("建档立卡", "Registered poor"),
    "registered_poor_lifted": ("已脱贫", "Lifted out of poverty"),
    "destitute": ("特困", "Destitute"),
    "subsistence": ("低保", "Subsistence allowance"),
    "orphan": ("孤儿", "Orphan"),
    "low_income": ("低收入救助对象", "Low income"),
    "illness_impoverished_severe": ("因病致贫重病", "Impoverished by illness"),
    "severely_disabled": ("重度残疾", "Severely disabled"),
    "marginal": ("边缘易致贫", "On the margin of poverty"),
}
"""A person's categories."""

VISIT_TYPE_WORDS: dict[str, tuple[str, str]] = {
    "outpatient": ("门诊", "Outpatient"),
    "inpatient": ("住院", "Inpatient"),
    "chronic_outpatient": ("门诊慢特病", "Chronic outpatient"),
    "emergency": ("急诊", "Emergency"),
}
"""Kinds of visit."""

POVERTY_CAUSE_WORDS: dict[str, tuple[str, str]] = {
    "illness": ("因病", "Illness"),
    "disability": ("因残", "Disability"),
    "schooling": ("因学", "Schooling"),
    "disaster": ("因灾", "Disaster"),
    "land": ("缺土地", "Lack of land"),
    "water": ("缺水", "Lack of water"),
    "skills": ("缺技术", "Lack of skills"),
    "labour": ("缺劳力", "Lack of labour"),
    "capital": ("缺资金", "Lack of capital"),
    "transport": ("交通条件落后", "Poor roads"),
    "motivation": ("自身发展动力不足", "Lack of motivation"),
    "other": ("其他", "Other"),
}
"""Why a household is poor."""

PAYER_WORDS: dict[str, tuple[str, str]] = {
    "waiver_fund": ("费用减免", "Fee waiver"),
    "basic_insurance": ("基本医保", "Basic insurance"),
    "critical_illness": ("大病保险", "Critical illness"),
    "medical_aid": ("医疗救助", "Medical aid"),
    "second_compensation": ("二次补偿", "Second compensation"),
    "commercial_insurance": ("商业保险", "Commercial insurance"),
    "special_fund": ("专项基金", "Special fund"),
    "emergency_aid": ("疾病应急救助", "Emergency aid"),
    "charity_fund": ("医药爱心扶贫基金", "Charity fund"),
    "hospital": ("医院承担", "Hospital"),
}
"""Who pays parts of a bill beside the patient; short, as they stand beside a bar."""


def keyed(prefix: str, words: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The words as texts of a screen, their keys below ``prefix``."""
    return {f"{prefix}.{code}": pair for code, pair in words.items()}
