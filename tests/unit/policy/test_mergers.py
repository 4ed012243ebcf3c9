"""Merged townships and villages in a region's list of places."""

from __future__ import annotations

import shutil
from copy import deepcopy
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from shared.policy.errors import PackInvalid
from shared.policy.folders import BUNDLED_PACKS
from shared.policy.region import RegionPack, load_region

JINKOUHE = "jinkouhe-2016"
CITED = {"document": "撤并批复", "article": "二"}
HERE = {"township": "永和镇", "village": "坪上村"}


def village(name: str, into: dict[str, str] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "on": date(2005, 9, 1),
        "from": {"township": "永和镇", "village": name},
        "into": into or HERE,
        "citation": CITED,
        **more,
    }


def with_mergers(folder: Path, mergers: Any) -> RegionPack:
    shutil.copytree(BUNDLED_PACKS / JINKOUHE, folder / JINKOUHE)
    places = folder / JINKOUHE / "facilities.yaml"
    content = yaml.safe_load(places.read_text(encoding="utf-8"))
    # Each entry by itself: a pack has no YAML aliases.
    content["mergers"] = [deepcopy(each) for each in mergers] if mergers else mergers
    places.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return load_region(JINKOUHE, [folder])


def test_mergers_count_from_their_day(tmp_path: Path) -> None:
    """Goal: dated content with its source. Method: a village, a township, and a chain of both."""
    region = with_mergers(
        tmp_path,
        [
            village("石桥村"),
            {
                "on": date(2016, 3, 1),
                "from": {"township": "新街乡"},
                "into": {"township": "永和镇"},
                "citation": CITED,
            },
            {
                "on": date(2001, 1, 1),
                "from": {"township": "新街乡", "village": "老村"},
                "into": {"township": "新街乡", "village": "坪上村"},
                "citation": CITED,
            },
        ],
    )
    assert len(region.mergers) == 3
    assert [m.old for m in region.mergers_on(date(2016, 2, 29))] == [
        ("永和镇", "石桥村"),
        ("新街乡", "老村"),
    ]
    assert len(region.mergers_on(date(2016, 3, 1))) == 3
    assert region.mergers[0].citation.document == "撤并批复"


@pytest.mark.parametrize(
    ("mergers", "faults"),
    [
        ({}, {("mergers", "not_a_list")}),
        ([village("石桥村", on=None)], {("mergers[0].on", "missing")}),
        ([village("石桥村", citation=None)], {("mergers[0].citation", "missing_citation")}),
        ([village("石桥村", whence=1)], {("mergers[0].whence", "unknown_key")}),
        ([village("石桥村"), village("石桥村")], {("mergers[1].from", "repeated")}),
        (
            [village("石桥村", {"township": "永和镇"})],
            {("mergers[0].into", "kinds_differ")},
        ),
        (
            [village("石桥村", {"township": "别处镇", "village": "坪上村"})],
            {("mergers[0].into", "unknown_township")},
        ),
        (
            [village("石桥村", {"township": "永和镇", "village": "无此村"})],
            {("mergers[0].into", "unknown_village")},
        ),
        (
            [
                village("甲村", {"township": "永和镇", "village": "乙村"}),
                village("乙村", {"township": "永和镇", "village": "甲村"}),
            ],
            {("mergers[0].into", "merged_in_a_circle"), ("mergers[1].into", "merged_in_a_circle")},
        ),
        (
            [
                village("甲村", {"township": "永和镇", "village": "乙村"}),
                village("乙村", on=date(2001, 1, 1)),
            ],
            {("mergers[0].on", "merged_into_the_gone")},
        ),
    ],
)
def test_each_fault_is_told(tmp_path: Path, mergers: Any, faults: set[tuple[str, str]]) -> None:
    """Goal: an author learns the place and the cure. Method: one fault at a time."""
    with pytest.raises(PackInvalid) as caught:
        with_mergers(tmp_path, mergers)
    assert {(fault.where, fault.code) for fault in caught.value.faults} == faults
    assert all(fault.message and fault.message_zh for fault in caught.value.faults)
