"""Regions and the folders in which packs lie."""

from __future__ import annotations

import shutil
from datetime import date

import pytest
import yaml

from shared.policy.errors import PackInvalid, PackUnknown
from shared.policy.folders import (
    BUNDLED_PACKS,
    content_hash,
    find_pack,
    pack_folders,
)
from shared.policy.region import FACILITY_LEVELS, load_region
from shared.runtime.settings import RuntimeSettings

JINKOUHE = "jinkouhe-2016"


def copied(folder):
    shutil.copytree(BUNDLED_PACKS / JINKOUHE, folder / JINKOUHE)
    return folder / JINKOUHE


def test_the_demo_region_has_the_documents_shape():
    """Goal: 6 townships, 41 villages (JK-52), a district hospital, a hospital per township, two
    tertiary hospitals outside. Method: counted."""
    region = load_region(JINKOUHE)
    assert (region.region_code, region.pooling_area) == ("511113", "511100")
    assert len(region.townships) == 6
    assert sum(len(township.villages) for township in region.townships) == 41
    by_level = {
        level: [f for f in region.facilities if f.facility_level == level]
        for level in FACILITY_LEVELS
    }
    assert len(by_level["secondary"]) == 1
    assert {f.township for f in by_level["township"]} == {t.name_zh for t in region.townships}
    assert [f.in_region for f in by_level["tertiary"]] == [False, False]
    assert by_level["village"]
    assert by_level["primary"]
    assert by_level["unrated"]
    assert all(len(f.facility_code) == 12 for f in region.facilities)


def test_a_facility_is_found_by_its_code():
    """Goal: look-up by code, None for a stranger. Method: one of each."""
    region = load_region(JINKOUHE)
    hospital = region.facility("H51111300101")
    assert hospital is not None
    assert hospital.facility_level == "secondary"
    assert region.facility("H00000000000") is None


def test_a_region_covers_its_days():
    """Goal: validity by day. Method: around the first day."""
    region = load_region(JINKOUHE)
    assert region.covers(date(2016, 1, 1))
    assert not region.covers(date(2015, 12, 31))


def test_the_demo_region_waives_fees_at_all_its_institutions():
    """Goal: JK-13, from the document's first day. Method: the levels; around that day."""
    region = load_region(JINKOUHE)
    waivers = region.fee_waivers_on(date(2016, 1, 1))
    assert waivers is not None
    assert waivers.facility_levels == set(FACILITY_LEVELS)
    assert waivers.citation.article == "JK-13"
    assert region.fee_waivers_on(date(2015, 12, 31)) is None


def test_a_region_without_waivers_has_none(tmp_path):
    """Goal: nothing stated, nothing waived. Method: the part cut out of a copy."""
    head = copied(tmp_path) / "pack.yaml"
    content = yaml.safe_load(head.read_text(encoding="utf-8"))
    del content["region"]["fee_waivers"]
    head.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    region = load_region(JINKOUHE, [tmp_path])
    assert region.fee_waivers is None
    assert region.fee_waivers_on(date(2016, 3, 1)) is None


CITED = {"document": "文件", "article": "第一条"}


@pytest.mark.parametrize(
    ("waivers", "faults"),
    [
        ([], {("", "not_a_mapping")}),
        ({"citation": CITED}, {(".facility_levels", "missing")}),
        ({"facility_levels": [], "citation": CITED}, {(".facility_levels", "unreachable")}),
        ({"facility_levels": "village", "citation": CITED}, {(".facility_levels", "not_a_list")}),
        (
            {"facility_levels": ["village", "cottage"], "citation": CITED},
            {(".facility_levels", "unknown_word")},
        ),
        (
            {"facility_levels": ["village", "village"], "citation": CITED},
            {(".facility_levels", "repeated")},
        ),
        ({"facility_levels": ["village"]}, {(".citation", "missing_citation")}),
        (
            {"facility_levels": ["village"], "citation": CITED, "levels": 1},
            {(".levels", "unknown_key")},
        ),
    ],
)
def test_each_fault_of_the_waivers_is_told(tmp_path, waivers, faults):
    """Goal: an author learns the place and the cure. Method: one fault at a time."""
    head = copied(tmp_path) / "pack.yaml"
    content = yaml.safe_load(head.read_text(encoding="utf-8"))
    content["region"]["fee_waivers"] = waivers
    head.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    with pytest.raises(PackInvalid) as caught:
        load_region(JINKOUHE, [tmp_path])
    told = {(fault.where, fault.code) for fault in caught.value.faults}
    assert told == {(f"region.fee_waivers{place}", code) for place, code in faults}
    assert all(fault.message and fault.message_zh for fault in caught.value.faults)


def test_the_version_is_the_content_and_nothing_else(tmp_path):
    """Goal: same content, same version; any change, another. Method: a copy, a copy with other
    line ends and a stray file, a copy with one digit changed."""
    original = content_hash(BUNDLED_PACKS / JINKOUHE)
    folder = copied(tmp_path)
    path = folder / "parameters.yaml"
    text = path.read_bytes()
    path.write_bytes(text.replace(b"\n", b"\r\n"))
    (folder / "notes.txt").write_text("not policy", encoding="utf-8")
    assert content_hash(folder) == original
    path.write_bytes(text.replace(b'"0.83"', b'"0.84"', 1))
    assert content_hash(folder) != original


def test_an_extra_folder_stands_before_the_bundled_one(tmp_path):
    """Goal: a county may bring its own packs. Method: the variable with two folders, one absent."""
    folder = copied(tmp_path)
    dirs = RuntimeSettings(packs=f"{tmp_path}:{tmp_path / 'absent'}").pack_dirs
    assert find_pack(JINKOUHE, dirs) == folder
    assert find_pack(JINKOUHE) == BUNDLED_PACKS / JINKOUHE
    assert RuntimeSettings(packs="").pack_dirs == ()


@pytest.mark.parametrize("name", ["nowhere", "../jinkouhe-2016", "", "/etc"])
def test_an_unknown_pack_is_refused_with_the_known_ones(name):
    """Goal: a name is looked up, never used as a path. Method: unknown and path-like names."""
    with pytest.raises(PackUnknown) as caught:
        find_pack(name)
    assert JINKOUHE in caught.value.known
    assert JINKOUHE in pack_folders()


def test_all_faults_of_a_region_are_told(tmp_path):
    """Goal: each fault with its place. Method: several lines of the files spoilt."""
    folder = copied(tmp_path)
    head = folder / "pack.yaml"
    head.write_text(
        head.read_text(encoding="utf-8")
        .replace("id: jinkouhe-2016", "id: other", 1)
        .replace('code: "511113"', 'code: "5111"'),
        encoding="utf-8",
    )
    places = folder / "facilities.yaml"
    places.write_text(
        places.read_text(encoding="utf-8")
        .replace("H51111300401", "X1", 1)
        .replace("township: 吉星乡", "township: 别处", 1),
        encoding="utf-8",
    )
    with pytest.raises(PackInvalid) as caught:
        load_region(JINKOUHE, [tmp_path])
    assert {fault.code for fault in caught.value.faults} == {
        "id_differs",
        "malformed_region_code",
        "malformed_facility_code",
        "unknown_township",
    }
