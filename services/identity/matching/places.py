"""Addresses compared with the township and village of the roster."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from enum import StrEnum
from functools import lru_cache

from services.identity.matching.names.folding import fold_char, half_width

_OFFICE = re.compile(r"村?(?:村民委员会|村民委会|村委会|村委)$")
_COMMUNITY_OFFICE = re.compile(r"(?:社区)?(?:居民委员会|居委会|社居委)$")
_VILLAGE_KIND = re.compile(r"(?:行政村|自然村|社区|村|寨|屯|坝子)$")
_TOWNSHIP_KIND = re.compile(
    r"(?:(?:彝族|回族|藏族|羌族|苗族|土家族|傈僳族|纳西族|蒙古族|白族|傣族)+(?:乡|镇)"
    r"|民族乡|街道办事处|街道办|街道|乡|镇)$"
)
_TOLD = re.compile(r"[乡镇村寨屯组]|社区|街道")
_SHORTEST_STEM = 2


class PlaceLevel(StrEnum):
    """What an address has in common with a place on the roster."""

    VILLAGE = "village"
    MERGED_VILLAGE = "merged_village"
    """A village that was merged into, or with, the registered one."""
    TOWNSHIP = "township"
    ELSEWHERE = "elsewhere"


Place = tuple[str, str]
"""Township and village; the village is empty for a whole township."""


class MergedPlaces:
    """Which places are one since they were merged; empty for a region without mergers."""

    def __init__(self, mergers: Iterable[tuple[Place, Place]] = ()) -> None:
        """Read the mergers.

        Args:
            mergers: what was merged, and into what.
        """
        self._heirs = {_folded(old): _folded(new) for old, new in mergers}
        self._families: dict[Place, list[Place]] = {}
        for place in sorted({*self._heirs, *self._heirs.values()}):
            self._families.setdefault(self._heir(place), []).append(place)

    def townships(self, township: str) -> Sequence[str]:
        """A township's name and those of the townships that are one with it."""
        if not self._heirs:
            return (township,)
        place = _folded((township, ""))
        return (township, *(each[0] for each in self._family(place) if each != place))

    def villages(self, township: str | None, village: str) -> Sequence[Place]:
        """The villages that are one with this one, by the names they had, without itself."""
        if not self._heirs or not township:
            return ()
        place = _folded((township, village))
        return [each for each in self._family(place) if each != place]

    def _family(self, place: Place) -> Sequence[Place]:
        return self._families.get(self._heir(place), ())

    def _heir(self, place: Place) -> Place:
        """What it is part of in the end; a village also follows its township."""
        for _ in range(len(self._heirs)):
            township, village = place
            if place in self._heirs:
                place = self._heirs[place]
            elif village and (township, "") in self._heirs:
                place = self._heirs[township, ""][0], village
            else:
                break
        return place


NO_MERGERS = MergedPlaces()


def _folded(place: Place) -> Place:
    township, village = place
    return place_stems(township, township=True)[0], place_stems(village)[0] if village else ""


def compare_places(
    address: str | None,
    township: str | None,
    village: str | None,
    *,
    merged: MergedPlaces = NO_MERGERS,
) -> PlaceLevel | None:
    """The level of an address; None when one side says nothing of a township or village.

    Villages of one name exist in several townships: when the address names another township of
    the form 某某乡 or 某某镇, the village's name alone counts as ``ELSEWHERE``.

    Args:
        address: as told at the window, whole or only the village.
        township: of the registered person.
        village: of the registered person.
        merged: places of the region that are one since they were merged.
    """
    if not address or not (township or village):
        return None
    where = fold_place(address)
    in_township = bool(township) and _in(where, merged.townships(township or ""))
    elsewhere = bool(township) and not in_township and _other_township(where)
    if village:
        if not elsewhere and _names(where, *place_stems(village)):
            return PlaceLevel.VILLAGE
        for old_township, old_village in merged.villages(township, village):
            there = not elsewhere or _in(where, merged.townships(old_township))
            if there and _names(where, *place_stems(old_village)):
                return PlaceLevel.MERGED_VILLAGE
    if in_township:
        return PlaceLevel.TOWNSHIP
    return PlaceLevel.ELSEWHERE if _TOLD.search(where) else None


def _in(where: str, townships: Iterable[str]) -> bool:
    return any(_names(where, *place_stems(each, township=True)) for each in townships)


@lru_cache(maxsize=4096)
def fold_place(text: str) -> str:
    """A place as it is compared: half-width, without spaces, simplified, variants united."""
    return "".join([fold_char(char) for char in half_width(text) if char != " "])


@lru_cache(maxsize=4096)
def place_stems(name: str, *, township: bool = False) -> tuple[str, str]:
    """A place's folded name (the village's office is the village) and its name without 村, 乡 and the like."""
    folded = fold_place(name)
    if township:
        return folded, _TOWNSHIP_KIND.sub("", folded)
    full = _COMMUNITY_OFFICE.sub("社区", _OFFICE.sub("村", folded))
    # An address gives the name after the township's: 永和镇民主村 for the roster's 民主村.
    return full, _VILLAGE_KIND.sub("", full)


def place_parts(village: str) -> frozenset[str]:
    """What a folded address holds, one of it at least, when it names the village."""
    full, stem = place_stems(village)
    return frozenset((full, stem) if len(stem) >= _SHORTEST_STEM else (full,))


def _names(where: str, full: str, stem: str) -> bool:
    return full in where or (len(stem) >= _SHORTEST_STEM and stem in where)


@lru_cache(maxsize=4096)
def _other_township(where: str) -> bool:
    """Whether an address names a township at all (县, 区 and 州 before it are not one)."""
    return re.search(r"[^县区州市省]{2,}(?:乡|镇|街道)", where) is not None
