"""Newborns written by a parent's name: 某某之子, 某某之女, 某某之次女, 某某之双胞胎女2, 某某毛毛."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from services.identity.matching.names.folding import half_width, has_han

_ORDERS = {
    **dict.fromkeys("长大一甲A1", 1),
    **dict.fromkeys("次二乙B2", 2),
    **dict.fromkeys("三丙C3", 3),
    **dict.fromkeys("四丁D4", 4),
}
_SEXES: dict[str, Literal["M", "F"]] = {
    **dict.fromkeys(("子", "儿子", "男", "男婴", "男孩"), "M"),
    **dict.fromkeys(("女", "女儿", "女婴", "女孩"), "F"),
}
_CHILD = "儿子|女儿|男婴|女婴|男孩|女孩|新生儿|婴儿|宝宝|毛毛|毛头|子|女|男|婴|宝|儿"
_FORM = re.compile(
    r"(?P<parent>.{2,}?)"
    r"(?:"
    r"[之的](?P<kin>双胞胎|双胎|多胞胎)?(?P<before>[长大次一二三四甲乙丙丁A-D1-4])?"
    rf"(?P<child>{_CHILD})"
    r"|(?P<loose>新生儿|婴儿|男婴|女婴|毛毛|毛头|宝宝)"
    r")"
    r"(?:之)?(?:\(?(?P<after>[一二三四甲乙丙丁A-D1-4])\)?)?(?:号)?",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class NewbornName:
    """What the stand-in name of a newborn says.

    Attributes:
        parent: the name before it, as written (usually the mother's).
        sex: when the word for the child tells it.
        birth_order: 1 for the first; None when it is not told.
    """

    parent: str
    sex: Literal["M", "F"] | None
    birth_order: int | None

    def __repr__(self) -> str:
        """Tells nothing: a name must not reach a log by way of a traceback."""
        return "NewbornName(…)"


def read_newborn_name(text: str) -> NewbornName | None:
    """Read a stand-in name; None when the text is an ordinary name."""
    plain = half_width(text).replace(" ", "")
    if not has_han(plain):
        return None
    found = _FORM.fullmatch(plain)
    if found is None:
        return None
    child = found["child"] or found["loose"]
    order = found["before"] or found["after"]
    return NewbornName(
        parent=plain[: found.end("parent")].strip("·"),
        sex=_SEXES.get(child),
        birth_order=_ORDERS.get(order.upper()) if order else None,
    )
