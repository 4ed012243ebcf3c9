"""What made a household poor: the roster's words, sorted as the national system sorts them. Pure."""

from __future__ import annotations

from shared.events.catalog.identity import PovertyCause

_MEANT: tuple[tuple[str, PovertyCause], ...] = (
    ("病", "illness"),
    ("残", "disability"),
    ("学", "schooling"),
    ("灾", "disaster"),
    ("土地", "land"),
    ("水", "water"),
    ("技术", "skills"),
    ("劳", "labour"),
    ("资金", "capital"),
    ("交通", "transport"),
    ("动力", "motivation"),
)
"""What a cause's usual wordings have in common (因病, 因病致贫, 缺劳力, 缺劳动力); flood is 灾."""

_NOTHING = frozenset({"", "无", "-", "—", "/"})


def poverty_cause(text: str | None) -> PovertyCause | None:
    """The main cause that a roster's cell tells; of several, the one that it writes first.

    Args:
        text: the cell, free text; its words are told to nobody.

    Returns:
        ``other`` for a cause of another kind; None when the cell tells none.
    """
    if text is None or text.strip() in _NOTHING:
        return None
    told = text.replace("水灾", "灾")
    found = [(told.index(mark), cause) for mark, cause in _MEANT if mark in told]
    return min(found)[1] if found else "other"
