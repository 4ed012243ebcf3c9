"""Direct identifiers as they are shown: enough to recognise, too little to learn.

A role that may see more asks ``POST /persons/{id}/reveal``, which is logged.
"""

from __future__ import annotations

import unicodedata

_MASK = "*"
_MIDDLE_DOTS = "·•‧・･"
_COMPOUND = (
    "欧阳 上官 司马 诸葛 夏侯 东方 皇甫 尉迟 公孙 慕容 令狐 长孙 宇文 司徒 轩辕 端木 百里 呼延 "
    "南宫 独孤 申屠 闻人 澹台 公冶 宗政 濮阳 淳于 单于 太叔 钟离 司空 鲜于 闾丘 赫连 西门 第五"
)
_COMPOUND_SURNAMES = frozenset(_COMPOUND.split())
_LONG_NAME = 4
"""From this many characters on, a name that starts with a compound surname has one."""


def mask_id_number(number: str) -> str:
    """``511301199001011234`` as ``5113**********1234``; 15 digits likewise, same length.

    Shows the first four and the last four; of anything shorter than twelve only the last two.
    """
    return _mask_middle(number.strip(), first=4, last=4, least_hidden=4)


def mask_phone(number: str) -> str:
    """``13800138000`` as ``138****8000``; a landline keeps its last two digits."""
    digits = number.strip()
    mobile = len(digits) == 11 and digits.isascii() and digits.isdigit()  # noqa: PLR2004
    return _mask_middle(digits, first=3 if mobile else 0, last=4 if mobile else 2, least_hidden=4)


def mask_card_no(number: str) -> str:
    """A card's last four characters, the others masked."""
    return _mask_middle(number.strip(), first=0, last=4, least_hidden=4)


def mask_name(name: str) -> str:
    """``张小三`` as ``张*三``, ``张三`` as ``张*``, never more than surname and last character.

    With a middle dot (阿依古丽·买买提) the first character of the first part stays; a name in
    Latin letters keeps its first letter. The number of characters stays true, dots and spaces
    stay where they are.
    """
    text = unicodedata.normalize("NFC", name).strip()
    if not text:
        return ""
    if any(_is_separator(character) for character in text) or not _is_han(text[0]):
        return text[0] + "".join(
            character if _is_separator(character) else _MASK for character in text[1:]
        )
    compound = len(text) >= _LONG_NAME and text[:2] in _COMPOUND_SURNAMES
    surname = 2 if compound else 1
    if len(text) <= surname + 1:
        return text[:surname] + _MASK * (len(text) - surname) if len(text) > 1 else _MASK
    return text[:surname] + _MASK * (len(text) - surname - 1) + text[-1]


def _mask_middle(text: str, *, first: int, last: int, least_hidden: int) -> str:
    if len(text) < first + last + least_hidden:
        first, last = 0, 2 if len(text) >= 2 + least_hidden else 0
    hidden = len(text) - first - last
    return text[:first] + _MASK * hidden + text[len(text) - last :]


def _is_separator(character: str) -> bool:
    return character in _MIDDLE_DOTS or character.isspace()


def _is_han(character: str) -> bool:
    return "CJK" in unicodedata.name(character, "")
