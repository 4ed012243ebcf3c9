"""The region a pack describes: its code, its places and its institutions.

Every service may read it; what a bill costs is the business of the service that settles.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources.abc import Traversable
from pathlib import Path

from shared.policy.errors import Fault, PackInvalid
from shared.policy.folders import BUNDLED_PACKS, PACK_FILE, content_hash, find_pack
from shared.policy.mergers import PlaceMerger, read_mergers
from shared.policy.reading import Citation, Reader, Words, read_file

FACILITIES_FILE = "facilities.yaml"
FACILITY_LEVELS = ("village", "township", "primary", "secondary", "tertiary", "unrated")
_LEVELS = frozenset(FACILITY_LEVELS)
_REGION_CODE = re.compile(r"[0-9]{6}")
_FACILITY_CODE = re.compile(r"H[0-9]{11}")
MAX_FACILITIES = 10_000


@dataclass(frozen=True, slots=True)
class Facility:
    """A medical institution; ``facility_code`` has 12 characters (H, area, five digits)."""

    facility_code: str
    name_zh: str
    name_en: str
    facility_level: str
    in_region: bool
    designated: bool
    township: str
    village: str = ""


@dataclass(frozen=True, slots=True)
class Village:
    name_zh: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Township:
    name_zh: str
    name_en: str
    villages: tuple[Village, ...]


@dataclass(frozen=True, slots=True)
class FeeWaivers:
    """The levels of the region's own institutions that waive fees, and the article that says so."""

    facility_levels: frozenset[str]
    citation: Citation


@dataclass(frozen=True, slots=True)
class ReferralIssuers:
    """Who may refer a patient to an institution outside the region, and the article that says so."""

    facilities: frozenset[str]
    citation: Citation


@dataclass(frozen=True, slots=True)
class RegionPack:
    """A region in force from ``valid_from`` to ``valid_to`` inclusive (None: open)."""

    pack_id: str
    version: str
    name_zh: str
    name_en: str
    region_code: str
    pooling_area: str
    valid_from: date
    valid_to: date | None
    facilities: tuple[Facility, ...]
    townships: tuple[Township, ...]
    fee_waivers: FeeWaivers | None = None
    """None: the region's documents know no waiver."""
    referral_issuers: ReferralIssuers | None = None
    """None: the region's documents name nobody who alone may refer."""
    mergers: tuple[PlaceMerger, ...] = ()
    """Townships and villages that were merged into others."""

    def facility(self, facility_code: str) -> Facility | None:
        """The institution of that code; None when the region does not know it."""
        return next((f for f in self.facilities if f.facility_code == facility_code), None)

    def mergers_on(self, day: date) -> tuple[PlaceMerger, ...]:
        """The mergers that had come about on that day."""
        return tuple(merger for merger in self.mergers if merger.on <= day)

    def covers(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day <= self.valid_to)

    def fee_waivers_on(self, day: date) -> FeeWaivers | None:
        """The waivers at a visit of that day; None on a day that the region's document leaves out."""
        return self.fee_waivers if self.covers(day) else None


def load_region(
    pack_id: str, extra_dirs: Iterable[Path] = (), *, bundled: Path | None = BUNDLED_PACKS
) -> RegionPack:
    """Load the region of a pack.

    Raises:
        PackUnknown: no such pack.
        PackInvalid: with every fault of its region.
    """
    folder = find_pack(pack_id, extra_dirs, bundled=bundled)
    return _load(folder, content_hash(folder))


@lru_cache(maxsize=16)
def _load(folder: Path, _version: str) -> RegionPack:
    """Every service of a process reads the same region: parse it once per content."""
    faults: list[Fault] = []
    region = read_region(folder, faults)
    if region is None or faults:
        raise PackInvalid(folder.name, faults)
    return region


def read_region(folder: Traversable, faults: list[Fault]) -> RegionPack | None:
    """Read a pack's region and note its faults; None when it cannot be told at all."""
    head = Reader(PACK_FILE, "", read_file(folder, PACK_FILE, faults), faults)
    if not head.content:
        return None
    pack_id = head.text("id")
    if pack_id and pack_id != folder.name:
        head.fault(
            "id",
            "id_differs",
            f"the id must equal the folder's name {folder.name}",
            f"id 应与文件夹名 {folder.name} 一致",
        )
    valid_from, valid_to = read_validity(head)
    region = head.child("region")
    if region is None:
        return None
    with region.whole():
        code = region.text("code")
        pooling_area = region.text("pooling_area")
        name = region.words("name")
        fee_waivers = _fee_waivers(region)
        referral_issuers = _referral_issuers(region)
    for key, value in (("code", code), ("pooling_area", pooling_area)):
        if value and not _REGION_CODE.fullmatch(value):
            region.fault(
                key,
                "malformed_region_code",
                "write the six digits of the administrative area, in quotes",
                "应为带引号的六位行政区划代码",
            )
    townships, facilities, mergers = _places(folder, faults)
    _check_issuers(region, referral_issuers, facilities)
    return RegionPack(
        pack_id,
        content_hash(folder),
        name.zh,
        name.en,
        code,
        pooling_area,
        valid_from,
        valid_to,
        facilities,
        townships,
        fee_waivers,
        referral_issuers,
        mergers,
    )


def _fee_waivers(region: Reader) -> FeeWaivers | None:
    reader = region.child("fee_waivers", required=False)
    if reader is None:
        return None
    with reader.whole():
        levels = reader.texts("facility_levels")
        citation = reader.citation()
    if reader.content.get("facility_levels") == []:
        reader.fault(
            "facility_levels",
            "unreachable",
            "an empty list waives nothing anywhere; name a level or remove fee_waivers",
            "空列表不适用于任何机构；请填写机构级别或删去 fee_waivers",
        )
    for level in levels:
        if level not in _LEVELS:
            reader.fault(
                "facility_levels",
                "unknown_word",
                f"{level} is not one of: {', '.join(FACILITY_LEVELS)}",
                f"{level} 应为以下之一: {', '.join(FACILITY_LEVELS)}",
            )
    return FeeWaivers(frozenset(levels), citation)


def _referral_issuers(region: Reader) -> ReferralIssuers | None:
    reader = region.child("referral_issuers", required=False)
    if reader is None:
        return None
    with reader.whole():
        codes = reader.texts("facilities")
        citation = reader.citation()
    if reader.content.get("facilities") == []:
        reader.fault(
            "facilities",
            "unreachable",
            "an empty list lets nobody refer; name an institution or remove referral_issuers",
            "空列表表示无人可办理转诊；请填写机构或删去 referral_issuers",
        )
    return ReferralIssuers(frozenset(codes), citation)


def _check_issuers(
    region: Reader, issuers: ReferralIssuers | None, facilities: Iterable[Facility]
) -> None:
    known = {facility.facility_code for facility in facilities}
    for code in sorted(issuers.facilities - known) if issuers is not None and known else ():
        region.fault(
            "referral_issuers",
            "unknown_facility",
            f"{code} is not in the list of facilities; add it or correct the code",
            f"{code} 不在机构名单中；请补充或改正代码",
        )


def read_validity(head: Reader) -> tuple[date, date | None]:
    """First and last day of a pack (None: open)."""
    span = head.child("valid")
    if span is None:
        return date.min, None
    with span.whole():
        valid_from = span.day("from")
        valid_to = span.day("to", required=False)
    if valid_from is not None and valid_to is not None and valid_to < valid_from:
        span.fault(
            "to",
            "ends_before_start",
            "the pack ends before it starts; correct the dates",
            "政策包在开始前就结束；请改正日期",
        )
    return valid_from or date.min, valid_to


def _places(
    folder: Traversable, faults: list[Fault]
) -> tuple[tuple[Township, ...], tuple[Facility, ...], tuple[PlaceMerger, ...]]:
    body = Reader(FACILITIES_FILE, "", read_file(folder, FACILITIES_FILE, faults), faults)
    if not body.content:
        return (), (), ()
    with body.whole():
        townships = tuple(_township(child) for child in body.children("townships"))
        listed = body.children("facilities")
        merged = body.children("mergers", required=False)
    if len(listed) > MAX_FACILITIES:
        body.fault(
            "facilities",
            "too_many",
            f"more than {MAX_FACILITIES} institutions; split the region",
            f"机构超过 {MAX_FACILITIES} 家；请拆分地区",
        )
        return townships, (), ()
    villages = {t.name_zh: {v.name_zh for v in t.villages} for t in townships}
    if len(villages) != len(townships):
        body.fault(
            "townships",
            "repeated",
            "two townships have the same name; tell them apart",
            "有两个乡镇同名；请加以区分",
        )
    facilities: list[Facility] = []
    seen: set[str] = set()
    for child in listed:
        facility = _facility(child, villages)
        if facility.facility_code in seen:
            child.fault(
                "facility_code",
                "repeated",
                "another institution has this code; give each its own",
                "机构代码重复；每家机构应有自己的代码",
            )
        seen.add(facility.facility_code)
        facilities.append(facility)
    return townships, tuple(facilities), read_mergers(merged, villages)


def _township(child: Reader) -> Township:
    with child.whole():
        name: Words = child.words("name")
        villages = []
        for entry in child.children("villages"):
            with entry.whole():
                villages.append(Village(entry.text("zh"), entry.text("en")))
    if len({village.name_zh for village in villages}) != len(villages):
        child.fault(
            "villages",
            "repeated",
            "two villages of the township have the same name; tell them apart",
            "同一乡镇有同名的村；请加以区分",
        )
    return Township(name.zh, name.en, tuple(villages))


def _facility(child: Reader, villages: dict[str, set[str]]) -> Facility:
    with child.whole():
        code = child.text("facility_code")
        name = child.words("name")
        level = child.choice("facility_level", _LEVELS)
        in_region = child.flag("in_region", default=True)
        designated = child.flag("designated", default=True)
        township = child.text("township", required=False)
        village = child.text("village", required=False)
    if code and not _FACILITY_CODE.fullmatch(code):
        child.fault(
            "facility_code",
            "malformed_facility_code",
            "write H, the six digits of the area and five digits, such as H51111300101",
            "应为 H、六位区划代码和五位顺序号，例如 H51111300101",
        )
    if township and township not in villages:
        child.fault(
            "township",
            "unknown_township",
            "the township is not in the list of townships; add it or correct the name",
            "乡镇不在名单中；请补充或改正名称",
        )
    elif village and village not in villages.get(township, set()):
        child.fault(
            "village",
            "unknown_village",
            "the village is not in the township's list; add it or correct the name",
            "村不在该乡镇名单中；请补充或改正名称",
        )
    return Facility(code, name.zh, name.en, level, in_region, designated, township, village)
