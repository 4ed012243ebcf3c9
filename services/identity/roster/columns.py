"""The columns of a roster: their codes, and the headers under which offices write them."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence

HEADERS: dict[str, tuple[str, ...]] = {
    "household_no": ("户编号", "户编码", "家庭编号", "户号"),
    "name": ("姓名", "家庭成员姓名", "成员姓名", "患者姓名"),
    "id_number": (
        "证件号码", "身份证号", "身份证号码", "身份证", "公民身份号码", "证件号", "公民身份证号码",
    ),
    "sex": ("性别",),
    "birth_date": ("出生日期", "出生年月日", "出生年月"),
    "relation": ("与户主关系", "与户主的关系", "户主关系"),
    "ethnicity": ("民族",),
    "category": ("人员类别", "类别", "人员属性", "贫困户属性", "脱贫属性"),
    "township": ("乡镇", "乡", "镇", "乡(镇)", "所在乡镇"),
    "village": ("村", "行政村", "所在村", "村(社区)"),
    "phone": ("联系电话", "电话", "手机号", "手机号码", "联系方式"),
    "valid_from": ("起始日期", "开始日期", "认定日期"),
    "valid_to": ("终止日期", "结束日期", "截止日期"),
}  # fmt: skip
"""Column code → the Chinese headers that mean it, the usual one first."""

REQUIRED: tuple[str, ...] = ("name", "id_number", "category")
"""Without these columns no row can be judged."""


def word(column: str) -> str:
    """The usual Chinese header of a column."""
    return HEADERS[column][0]


def _key(header: str) -> str:
    return "".join(unicodedata.normalize("NFKC", header).split()).strip("*:").casefold()


_BY_HEADER = {
    **{_key(code): code for code in HEADERS},
    **{_key(text): code for code, texts in HEADERS.items() for text in texts},
}


def recognise_headers(cells: Sequence[str]) -> dict[int, str]:
    """Position → column code of the headers that are known; a second column of a kind is not."""
    found: dict[int, str] = {}
    for position, cell in enumerate(cells):
        code = _BY_HEADER.get(_key(cell))
        if code is not None and code not in found.values():
            found[position] = code
    return found
