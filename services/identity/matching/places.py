"""Addresses compared with the township and village of the roster."""

from __future__ import annotations

import re
from collections.abc import Mapping
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


def compare_places(
    address: str | None,
    township: str | None,
    village: str | None,
    *,
    merged: Mapping[str, str] | None = None,
) -> PlaceLevel | None:
    """The level of an address; None when one side says nothing of a township or village.

    Villages of one name exist in several townships: when the address names another township of
    the form 某某乡 or 某某镇, the village's name alone counts as ``ELSEWHERE``.

    Args:
        address: as told at the window, whole or only the village.
        township: of the registered person.
        village: of the registered person.
        merged: old village name to the name of the village it became part of.
    """
    if not address or not (township or village):
        return None
    where = fold_place(address)
    in_township = bool(township) and _names(where, *place_stems(township, township=True))
    if village and (in_township or not (township and _other_township(where))):
        if _names(where, *place_stems(village)):
            return PlaceLevel.VILLAGE
        if merged and any(_names(where, *place_stems(old)) for old in _kin(village, merged)):
            return PlaceLevel.MERGED_VILLAGE
    if in_township:
        return PlaceLevel.TOWNSHIP
    return PlaceLevel.ELSEWHERE if _TOLD.search(where) else None


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


def _names(where: str, full: str, stem: str) -> bool:
    return full in where or (len(stem) >= _SHORTEST_STEM and stem in where)


@lru_cache(maxsize=4096)
def _other_township(where: str) -> bool:
    """Whether an address names a township at all (县, 区 and 州 before it are not one)."""
    return re.search(r"[^县区州市省]{2,}(?:乡|镇|街道)", where) is not None


def _kin(village: str, merged: Mapping[str, str]) -> list[str]:
    """The villages that were merged into this one, the one it went into, and its fellows."""
    full = place_stems(village)[0]
    heir = next((new for old, new in merged.items() if place_stems(old)[0] == full), None)
    kept = place_stems(heir)[0] if heir else full
    kin = [old for old, new in merged.items() if place_stems(new)[0] == kept]
    return [*kin, heir] if heir else kin
