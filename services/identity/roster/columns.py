"""The columns of a roster: their codes, and the headers under which offices write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Mapping, Sequence

HEADERS: dict[str, tuple[str, ...]] = {
    "household_no": (
        "户编号", "户编码", "家庭编号", "户号", "家庭编码", "贫困户编号", "农户编号", "户主编号",
        "家庭户编号", "户籍编号", "家庭户号",
    ),
    "name": (
        "姓名", "家庭成员姓名", "成员姓名", "患者姓名", "人员姓名", "参保人姓名", "参保人员姓名",
        "残疾人姓名", "对象姓名", "救助对象姓名", "贫困人口姓名", "本人姓名",
    ),
    "id_number": (
        "证件号码", "身份证号", "身份证号码", "身份证", "公民身份号码", "证件号", "公民身份证号码",
        "公民身份证号", "居民身份证号", "居民身份证号码", "身份证件号码", "身份号码",
        "成员证件号码", "成员身份证号", "成员身份证号码",
    ),
    "sex": ("性别", "成员性别"),
    "birth_date": ("出生日期", "出生年月日", "出生年月", "出生时间", "生日"),
    "relation": (
        "与户主关系", "与户主的关系", "户主关系", "家庭关系", "成员与户主关系", "与户主之间关系",
        "与户主之间的关系",
    ),
    "ethnicity": ("民族", "民族成份", "民族成分"),
    "category": (
        "人员类别", "类别", "人员属性", "贫困户属性", "人员类型", "对象类别", "对象类型", "救助类别",
        "救助对象类别", "身份类别", "身份属性", "人群类别", "贫困类型", "贫困人口类别", "户属性",
        "贫困属性", "医疗救助对象类别",
    ),
    "poverty_status": (
        "脱贫属性", "脱贫状态", "脱贫情况", "是否脱贫", "是否已脱贫", "户脱贫属性",
    ),
    "poverty_cause": ("致贫原因", "主要致贫原因", "贫困原因"),
    "township": (
        "乡镇", "乡", "镇", "乡(镇)", "镇(乡)", "所在乡镇", "乡镇名称", "乡镇(街道)", "乡镇街道",
        "乡(镇、街道)", "镇街", "街道",
    ),
    "village": (
        "村", "行政村", "所在村", "村(社区)", "村名", "村居", "村(居)", "村(居)委会", "村委会",
        "行政村名称", "村社区", "社区",
    ),
    "phone": (
        "联系电话", "电话", "手机号", "手机号码", "联系方式", "电话号码", "移动电话", "本人电话",
        "联系手机",
    ),
    "valid_from": (
        "起始日期", "开始日期", "认定日期", "生效日期", "纳入日期", "起始时间", "开始时间",
        "认定时间", "识别时间", "纳入时间",
    ),
    "valid_to": (
        "终止日期", "结束日期", "截止日期", "失效日期", "退出日期", "离开日期", "减少日期",
        "终止时间", "结束时间", "截止时间", "退出时间",
    ),
    "reason": (
        "离开原因", "减少原因", "人员减少原因", "自然减少原因", "退出原因", "销户原因", "注销原因",
    ),
    "enrolment": ("参保状态", "参保情况", "是否参保", "参保标识"),
    "plan_tier": ("缴费档次", "参保档次", "缴费档", "缴费标准"),
}  # fmt: skip
"""Column code → the Chinese headers that mean it, the usual one first."""

KEPT: tuple[str, ...] = ("poverty_cause", "enrolment", "plan_tier")
"""Columns that are read and kept, and decide nothing about categories."""

REQUIRED: tuple[str, ...] = ("name", "id_number")
"""Without these columns no row can be judged."""

SPEAKING_OF_CATEGORIES: tuple[str, ...] = ("category", "poverty_status", "reason")
"""One of these columns is needed, unless the source tells no categories."""

TELLING_NO_CATEGORY = frozenset({"insurer"})
"""Sources that tell who is enrolled in which plan, and need not tell any category."""

LONGEST_HEADER = 60
_MOST_DIGITS_IN_A_HEADER = 4
_NOTE = re.compile(r"\([^()]*\)$")


def word(column: str) -> str:
    """The usual Chinese header of a column."""
    return HEADERS[column][0]


def key(header: str) -> str:
    """A header as it is compared: half-width, without spaces, asterisks and colons."""
    return "".join(unicodedata.normalize("NFKC", header).split()).strip("*:").casefold()


_BY_HEADER = {
    **{key(code): code for code in HEADERS},
    **{key(text): code for code, texts in HEADERS.items() for text in texts},
}


def known_column(header: str, mapping: Mapping[str, str | None] | None = None) -> str | None:
    """The column that a header means; what the source's mapping says comes first.

    A note in brackets at the end, as in 证件号码(必填), is passed over.
    """
    found = key(header)
    if mapping is not None and found in mapping:
        return mapping[found]
    return _BY_HEADER.get(found) or _BY_HEADER.get(_NOTE.sub("", found).strip("*:"))


def recognise_headers(
    cells: Sequence[str], mapping: Mapping[str, str | None] | None = None
) -> dict[int, str]:
    """Position → column code of the headers that are known; a second column of a kind is not.

    Args:
        cells: the texts of the header's cells.
        mapping: what the source's headers mean, by :func:`key`; None: kept, meaning nothing.
    """
    found: dict[int, str] = {}
    for position, cell in enumerate(cells):
        code = known_column(cell, mapping)
        if code is not None and code not in found.values():
            found[position] = code
    return found


def missing(known: Sequence[str], *, needs_category: bool) -> list[str]:
    """The needed columns that a header lacks."""
    lacking = [code for code in REQUIRED if code not in known]
    if needs_category and not any(code in known for code in SPEAKING_OF_CATEGORIES):
        lacking.append("category")
    return lacking


def unknown_headers(cells: Sequence[str], known: Mapping[int, str]) -> list[str]:
    """The headers that mean nothing to us, to be mapped by hand; never what may be data.

    A line in which no header is known may be a person's: then nothing is told of it, nor of a
    cell with more digits than a header has, or longer than one.
    """
    if not known:
        return []
    return [
        cell
        for position, cell in enumerate(cells)
        if cell and position not in known and may_be_a_header(cell)
    ]


def may_be_a_header(text: str) -> bool:
    """Whether a text is short and has few digits, as headers are."""
    return (
        0 < len(text) <= LONGEST_HEADER
        and sum(character.isdigit() for character in text) <= _MOST_DIGITS_IN_A_HEADER
    )
