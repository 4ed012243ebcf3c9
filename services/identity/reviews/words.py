"""Evidence and reasons of a review in words, Chinese and English. Pure.

A level that is not listed is told by its code: new levels are shown before they have words.
"""

from __future__ import annotations

from services.identity.matching.decision import REASONS

FIELDS: dict[str, tuple[str, str]] = {
    "id_number": ("ID number", "证件号码"),
    "name": ("Name", "姓名"),
    "birth_date": ("Birth date", "出生日期"),
    "sex": ("Sex", "性别"),
    "village": ("Place", "住址"),
    "phone": ("Telephone", "联系电话"),
    "card": ("Health card", "健康卡"),
    "card_no": ("Health card", "健康卡"),
    "household": ("Household", "家庭户"),
    "mother": ("Mother", "母亲"),
}
"""Field → (English, Chinese)."""

_LEVELS: dict[str, tuple[str, str]] = {
    "exact": ("the same", "一致"),
    "differs": ("another one", "不一致"),
    "unknown": ("not registered", "未登记"),
    "unreadable": ("given, but not readable", "所填内容无法识别"),
}
_BY_FIELD: dict[tuple[str, str], tuple[str, str]] = {
    ("id_number", "repaired"): ("one character apart", "仅一位之差"),
    ("id_number", "near"): ("two characters apart", "两位之差"),
    ("id_number", "two_slips"): (
        "not valid, two characters apart",
        "无效号码，与登记号码差两位",
    ),
    ("id_number", "misread"): (
        "not valid, and not nearly the registered one",
        "无效号码，与登记不符",
    ),
    ("id_number", "of_relative"): (
        "the number of another member of the household",
        "为同户其他成员的号码",
    ),
    ("id_number", "differs"): ("another valid number", "为另一有效号码"),
    ("name", "variant"): ("the same in other character forms", "异体字、繁体字或间隔号不同"),
    ("name", "alias"): ("a known other name of this person", "与曾用名或别名一致"),
    ("name", "homophone"): ("sounds the same, written otherwise", "同音异字"),
    ("name", "lookalike"): ("one character of similar shape", "一字形近"),
    ("name", "reordered"): ("the same characters in another order", "字序不同"),
    ("name", "truncated"): ("one is a part of the other", "姓名被截短"),
    ("name", "accent"): ("sounds the same in the local speech", "方言同音"),
    ("name", "partial"): ("only partly the same", "部分相同"),
    ("name", "similar"): ("similar spelling", "拼写相近"),
    ("birth_date", "swapped"): ("day and month exchanged", "月日颠倒"),
    ("birth_date", "lunar"): ("the same by the lunar calendar", "农历与公历之差"),
    ("birth_date", "year_only"): ("the year agrees, a day is not known", "年份一致，月日不详"),
    ("birth_date", "year_off_by_one"): ("the same day, one year apart", "月日一致，年份差一"),
    ("birth_date", "one_digit"): ("one digit apart", "一位数字之差"),
    ("birth_date", "month_and_year"): ("year and month agree", "年月一致"),
    ("birth_date", "first_of_year"): ("the same first of January", "均为1月1日"),
    ("village", "exact"): ("the registered village", "与登记村一致"),
    ("village", "village"): ("the registered village", "与登记村一致"),
    ("village", "merged_village"): ("a village merged with the registered one", "与登记村合并的村"),
    ("village", "township"): ("the registered township", "与登记乡镇一致"),
    ("village", "elsewhere"): ("another place", "住址在别处"),
}
"""(field, level) → (English, Chinese)."""

_LONGEST_CODE = 64


def evidence_words(field: str, level: str) -> tuple[str, str]:
    """One finding in English and Chinese: ``Name: sounds the same, written otherwise``."""
    name = FIELDS.get(field, (field.replace("_", " "), field))
    found = _BY_FIELD.get((field, level)) or _LEVELS.get(level) or (level.replace("_", " "), level)
    return f"{name[0]}: {found[0]}", f"{name[1]}:{found[1]}"


TAKEN_BACK = "taken_back"
"""Reason of a review: an earlier outcome of the question, or one that it built on, was wrong."""
_OWN_REASONS: dict[str, tuple[str, str]] = {
    TAKEN_BACK: ("此前的复核结论已收回，须重新判断", "an earlier outcome was taken back"),
}


def reason_words(code: str) -> tuple[str, str]:
    """A reason of the matcher, or of reviews themselves, in English and Chinese."""
    words_zh, words = _OWN_REASONS.get(code) or REASONS.get(code, (code, code.replace("_", " ")))
    return words, words_zh


def sound_code(code: str) -> bool:
    """Whether a reason may be stored: a short code, no words in which a name could stand."""
    return (
        0 < len(code) <= _LONGEST_CODE
        and code.isascii()
        and code.replace("_", "").replace("-", "").replace(".", "").isalnum()
    )
