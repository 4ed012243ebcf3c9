"""Places: what an address says of the registered township and village."""

from __future__ import annotations

import pytest

from services.identity.matching.places import MergedPlaces, PlaceLevel, compare_places

MERGED = MergedPlaces(
    [
        (("永和镇", "新河村"), ("永和镇", "民主村")),
        (("永和镇", "和平村"), ("永和镇", "民主村")),
        (("永和镇", "瓦山村"), ("永和镇", "大瓦山村")),
        (("新街乡", ""), ("永和镇", "")),
        (("新街乡", "石桥村"), ("永和镇", "民主村")),
        (("老场乡", ""), ("新街乡", "")),
    ]
)


@pytest.mark.parametrize(
    ("address", "township", "village", "level"),
    [
        ("乐山市金口河区永和镇民主村3组", "永和镇", "民主村", PlaceLevel.VILLAGE),
        ("金口河區永和鎮民主村", "永和镇", "民主村", PlaceLevel.VILLAGE),
        ("永和民主", "永和镇", "民主村村民委员会", PlaceLevel.VILLAGE),
        ("民主村", "永和镇", "民主村", PlaceLevel.VILLAGE),
        ("永和镇滨河社区居委会", "永和镇", "滨河社区", PlaceLevel.VILLAGE),
        ("永和镇滨河社区", "永和镇", "滨河社区居民委员会", PlaceLevel.VILLAGE),
        ("民主村", None, "民主村", PlaceLevel.VILLAGE),
        ("永和乡民主村", "永和镇", "民主村", PlaceLevel.VILLAGE),
        ("永和镇新河村", "永和镇", "民主村", PlaceLevel.MERGED_VILLAGE),
        ("永和镇民主村", "永和镇", "新河村", PlaceLevel.MERGED_VILLAGE),
        ("永和镇和平村", "永和镇", "新河村", PlaceLevel.MERGED_VILLAGE),
        ("永和镇胜利村", "永和镇", "民主村", PlaceLevel.TOWNSHIP),
        ("共安彝族乡", "共安乡", "民主村", PlaceLevel.TOWNSHIP),
        ("共安乡", "共安彝族乡", None, PlaceLevel.TOWNSHIP),
        ("吉星乡民主村", "永和镇", "民主村", PlaceLevel.ELSEWHERE),
        ("新街乡石桥村", "永和镇", "民主村", PlaceLevel.MERGED_VILLAGE),
        ("永和镇石桥村", "永和镇", "民主村", PlaceLevel.MERGED_VILLAGE),
        ("新街乡石桥村", "永和镇", "新河村", PlaceLevel.MERGED_VILLAGE),
        ("永和镇民主村", "新街乡", "石桥村", PlaceLevel.MERGED_VILLAGE),
        ("老场乡石桥村", "永和镇", "民主村", PlaceLevel.MERGED_VILLAGE),
        ("吉星乡石桥村", "永和镇", "民主村", PlaceLevel.ELSEWHERE),
        ("新街乡柏树村", "永和镇", "柏树村", PlaceLevel.VILLAGE),
        ("永和镇柏树村", "老场乡", "柏树村", PlaceLevel.VILLAGE),
        ("新街乡", "永和镇", "民主村", PlaceLevel.TOWNSHIP),
        ("民主村", None, "新河村", PlaceLevel.ELSEWHERE),
        ("胜利村2组", "永和镇", "民主村", PlaceLevel.ELSEWHERE),
        ("金口河区", "永和镇", "民主村", None),
        ("", "永和镇", "民主村", None),
        (None, "永和镇", "民主村", None),
        ("永和镇", None, None, None),
    ],
)
def test_addresses_have_their_level(
    address: str | None, township: str | None, village: str | None, level: PlaceLevel | None
) -> None:
    """Goal: nearness is told, silence is no evidence. Method: addresses of the usual forms."""
    assert compare_places(address, township, village, merged=MERGED) is level


def test_without_a_table_of_mergers_an_old_village_is_only_in_the_township() -> None:
    """Goal: mergers come from the table alone. Method: leave it out."""
    assert compare_places("永和镇新河村", "永和镇", "民主村") is PlaceLevel.TOWNSHIP
