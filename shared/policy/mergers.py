"""Townships and villages that were merged, so that an address by the old name is understood.

In the region's list of places, with the day and the document that merged them::

    mergers:
      - on: 2005-09-01
        from: { township: 新街乡, village: 石桥村 }   # without a village: the whole township
        into: { township: 永和镇, village: 坪上村 }
        citation: { document: 县人民政府关于…的批复, article: 二 }
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from shared.policy.reading import Citation, Reader

MAX_MERGERS = 5_000


@dataclass(frozen=True, slots=True)
class PlaceMerger:
    """One place that became part of another; ``village`` is empty for a whole township."""

    on: date
    township: str
    village: str
    into_township: str
    into_village: str
    citation: Citation

    @property
    def old(self) -> tuple[str, str]:
        return self.township, self.village

    @property
    def new(self) -> tuple[str, str]:
        return self.into_township, self.into_village


def read_mergers(
    listed: Iterable[Reader], villages: Mapping[str, set[str]]
) -> tuple[PlaceMerger, ...]:
    """Read mergers and note their faults.

    Args:
        villages: of today, by township. What a place was merged into must be among them, or have
            been merged itself later.
    """
    found: list[tuple[Reader, PlaceMerger]] = []
    for child in listed:
        merger = _merger(child)
        if merger is not None:
            found.append((child, merger))
    heirs = {merger.old: merger for _, merger in found}
    seen: set[tuple[str, str]] = set()
    for child, merger in found[:MAX_MERGERS]:
        if merger.old in seen:
            child.fault(
                "from",
                "repeated",
                "this place was merged twice; keep one entry",
                "该地名重复合并；请只保留一条",
            )
        seen.add(merger.old)
        _check_heir(child, merger, heirs, villages)
    for child, _ in found[MAX_MERGERS:]:
        child.fault(
            "",
            "too_many",
            f"more than {MAX_MERGERS} mergers; split the region",
            f"合并条目超过 {MAX_MERGERS} 条；请拆分地区",
        )
        break
    return tuple(merger for _, merger in found)


def _merger(child: Reader) -> PlaceMerger | None:
    with child.whole():
        on = child.day("on")
        old = _place(child, "from")
        new = _place(child, "into")
        citation = child.citation()
    if on is None or old is None or new is None:
        return None
    if bool(old[1]) != bool(new[1]):
        child.fault(
            "into",
            "kinds_differ",
            "a village goes into a village, a township into a township; name both alike",
            "村应并入村，乡镇应并入乡镇；请写成同一级",
        )
        return None
    return PlaceMerger(on, *old, *new, citation)


def _place(child: Reader, key: str) -> tuple[str, str] | None:
    reader = child.child(key)
    if reader is None:
        return None
    with reader.whole():
        township = reader.text("township")
        village = reader.text("village", required=False)
    return (township, village) if township else None


def _check_heir(
    child: Reader,
    merger: PlaceMerger,
    heirs: Mapping[tuple[str, str], PlaceMerger],
    villages: Mapping[str, set[str]],
) -> None:
    """The chain of mergers must end in a place of today, and never come back."""
    place, day, passed = merger.new, merger.on, {merger.old}
    while place in heirs and place not in passed:
        passed.add(place)
        if heirs[place].on < day:
            child.fault(
                "on",
                "merged_into_the_gone",
                f"{''.join(place)} had been merged before that day; correct the dates",
                f"{''.join(place)} 在该日之前已被合并；请改正日期",
            )
            return
        day, place = heirs[place].on, heirs[place].new
    if place in passed:
        child.fault(
            "into",
            "merged_in_a_circle",
            "the mergers lead back to this place; correct one of them",
            "合并关系成环；请改正其中一条",
        )
        return
    township, village = place
    # A village of a township that was merged as a whole is looked for in what that became.
    steps = 0
    while township not in villages and (township, "") in heirs and steps <= len(heirs):
        township, steps = heirs[township, ""].into_township, steps + 1
    if township not in villages:
        child.fault(
            "into",
            "unknown_township",
            "the township is not in the list of townships; add it or correct the name",
            "乡镇不在名单中；请补充或改正名称",
        )
    elif village and village not in villages[township]:
        child.fault(
            "into",
            "unknown_village",
            "the village is not in the township's list; add it or correct the name",
            "村不在该乡镇名单中；请补充或改正名称",
        )
