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


def keyed(prefix: str, words: dict[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """The words as texts of a screen, their keys below ``prefix``."""
    return {f"{prefix}.{code}": pair for code, pair in words.items()}
