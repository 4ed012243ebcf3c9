"""A faulty pack: every fault found at once, each naming file, place and cure."""

from __future__ import annotations

from datetime import date

import pytest

from services.claims.settlement.packs import load_pack, load_pack_folder, validate_pack
from shared.policy.errors import PackInvalid
from shared.policy.folders import BUNDLED_PACKS
from tests.unit.claims.bills import JINKOUHE, LIANGPING, XINBIN, changed_pack, tier_of

API_NAMES = [
    *(f"basic.deductible.{level}" for level in ("village", "township", "primary")),
    *(f"basic.deductible.{level}" for level in ("secondary", "tertiary", "unrated")),
    *(f"basic.ratio.{level}" for level in ("village", "township", "primary")),
    *(f"basic.ratio.{level}" for level in ("secondary", "tertiary", "unrated")),
    *(f"medical_aid.ratio.{level}" for level in ("village", "township", "primary")),
    *(f"medical_aid.ratio.{level}" for level in ("secondary", "tertiary", "unrated")),
    "basic.annual_cap",
    "class_b.self_first_ratio",
    "critical_illness.deductible",
    "critical_illness.segments",
    "medical_aid.floor",
    "medical_aid.annual_cap",
    "outpatient.annual_base",
    "outpatient.ratio",
    "outpatient.cap_basis",
    "implant.self_first_min",
    "implant.self_first_max",
]


def faults_of(folder):
    """The folder's faults as a set of (file, place, code); each must carry words."""
    found = validate_pack(folder)
    for fault in found:
        assert fault.message
        assert fault.message_zh
    return {(fault.file, fault.where, fault.code) for fault in found}


LIANGPING_NAMES = [
    "tilt.ratio_points",
    "tilt.deductible_factor",
    "critical_illness.deductible_factor",
    "critical_illness.ratio_points",
    "medical_aid.ratio",
    "subsidy.tier1_contribution",
    "subsidy.tier2_contribution",
]
XINBIN_NAMES = [
    "special_fund.limit",
    "special_fund.limit_basis",
    "chronic_drugs.annual_cap",
    "check_up.fee",
    "contract.fee",
    "waiver.rate",
    "waiver.stage",
    "waiver.lab_items",
]


@pytest.mark.parametrize(
    ("pack", "more"), [(JINKOUHE, []), (LIANGPING, LIANGPING_NAMES), (XINBIN, XINBIN_NAMES)]
)
def test_a_shipped_pack_is_sound_and_complete(pack, more):
    """Goal: no fault and every name of the contract. Method: validated and compared."""
    assert validate_pack(BUNDLED_PACKS / pack) == []
    assert set(load_pack(pack).parameters.by_name) >= {*API_NAMES, *more}


def test_production_refuses_unconfirmed_assumptions():
    """Goal: an assumed value does not reach production by accident. Method: load both ways."""
    with pytest.raises(PackInvalid) as caught:
        load_pack(JINKOUHE, production=True)
    told = {fault.where for fault in caught.value.faults}
    assert told == load_pack(JINKOUHE).parameters.assumed_names
    assert {fault.code for fault in caught.value.faults} == {"assumption_unconfirmed"}


def test_every_fault_of_a_pack_is_told_at_once(tmp_path):
    """Goal: an author sees all at once. Method: many faults in three files, compared as a set."""

    def pack(content):
        content["tires"] = []
        basic = tier_of(content, "inpatient_basic")
        basic["citation"] = {"document": "x"}
        basic["cap"] = "basic.ratio.township"
        pool = tier_of(content, "outpatient_pool")
        pool["order"] = 10
        pool["when"]["facility_levels"] = ["cottage"]
        tier_of(content, "critical_illness")["burden"] = "sorrow"
        tier_of(content, "medical_aid")["ratio"] = "medical_aid.share.<level>"
        tier_of(content, "charity_fund")["payer"] = "neighbour"

    def parameters(content):
        del content["basic.ratio.secondary"]["citation"]
        content["basic.ratio.township"]["values"] = {date(2016, 1, 1): "1.30"}
        content["basic.ratio.village"]["values"] = {date(2016, 2, 1): "0.83"}
        content["basic.annual_cap"]["values"] = {date(2016, 1, 1): 5}
        content["implant.self_first_max"]["values"] = {date(2016, 1, 1): "0.65"}
        content["implant.self_first_min"]["values"] = {date(2016, 1, 1): "0.10"}
        content["medical_aid.annual_cap"].pop("note")
        content["critical_illness.segments"]["values"][date(2016, 1, 1)][1]["above"] = "0.00"
        content["class_b.self_first_ratio"]["values"] = {
            date(2016, 1, 1): {"value": "0.18", "until": date(2016, 6, 30)},
            date(2016, 8, 1): {"value": "0.15", "until": date(2016, 12, 31)},
            date(2016, 12, 1): "0.10",
        }

    def facilities(content):
        content["facilities"][0]["facility_level"] = "palace"
        content["facilities"][1]["facility_code"] = content["facilities"][2]["facility_code"]

    folder = changed_pack(tmp_path, pack=pack, parameters=parameters, facilities=facilities)
    assert faults_of(folder) == {
        ("pack.yaml", "tires", "unknown_key"),
        ("pack.yaml", "tiers[0].citation", "missing_citation"),
        ("pack.yaml", "tiers[0].cap", "wrong_unit"),
        ("pack.yaml", "tiers[1].order", "unordered_tiers"),
        ("pack.yaml", "tiers[1].when.facility_levels", "unknown_word"),
        ("pack.yaml", "tiers[2].burden", "unknown_word"),
        ("pack.yaml", "tiers[4].ratio", "unknown_parameter"),
        ("pack.yaml", "tiers[6].payer", "unknown_word"),
        ("parameters.yaml", "basic.ratio.secondary.citation", "missing_citation"),
        ("parameters.yaml", "basic.ratio.township.values.2016-01-01", "ratio_outside_0_1"),
        ("parameters.yaml", "basic.ratio.village.values", "dates_gap"),
        ("parameters.yaml", "basic.annual_cap.values.2016-01-01", "not_a_string"),
        (
            "parameters.yaml",
            "implant.self_first_max.values.2016-01-01",
            "implant_share_out_of_range",
        ),
        (
            "parameters.yaml",
            "implant.self_first_min.values.2016-01-01",
            "implant_share_out_of_range",
        ),
        ("parameters.yaml", "medical_aid.annual_cap.note", "missing"),
        (
            "parameters.yaml",
            "critical_illness.segments.values.2016-01-01[1].above",
            "bracket_overlap",
        ),
        ("parameters.yaml", "class_b.self_first_ratio.values", "dates_gap"),
        ("parameters.yaml", "class_b.self_first_ratio.values", "dates_overlap"),
        ("facilities.yaml", "facilities[0].facility_level", "unknown_word"),
        ("facilities.yaml", "facilities[2].facility_code", "repeated"),
    }
    with pytest.raises(PackInvalid) as caught:
        load_pack_folder(folder)
    assert "parameters.yaml: basic.annual_cap.note" not in str(caught.value)
    assert "medical_aid.annual_cap.note" in str(caught.value)


def test_two_rules_of_one_payer_need_a_stated_order(tmp_path):
    """Goal: two tiers that may both apply are a conflict, not a silent order. Method: the
    outpatient tier is widened to stays."""
    folder = changed_pack(
        tmp_path,
        pack=lambda c: tier_of(c, "outpatient_pool")["when"]["visit_types"].append("inpatient"),
    )
    assert faults_of(folder) == {("pack.yaml", "tiers.outpatient_pool", "tiers_conflict")}


@pytest.mark.parametrize(
    ("when", "place", "code"),
    [
        ({"to": date(2015, 1, 1)}, "tiers.medical_aid", "unreachable"),
        ({"categories": []}, "tiers[4].when.categories", "unreachable"),
        ({"colour": "red"}, "tiers[4].when.colour", "unknown_key"),
        ({"in_region": "yes"}, "tiers[4].when.in_region", "not_yes_no"),
    ],
)
def test_a_condition_that_cannot_hold_is_told(tmp_path, when, place, code):
    """Goal: unreachable tiers and misspelt conditions. Method: one at a time."""
    folder = changed_pack(tmp_path, pack=lambda c: tier_of(c, "medical_aid")["when"].update(when))
    assert faults_of(folder) == {("pack.yaml", place, code)}


def test_implant_bounds_the_wrong_way_round(tmp_path):
    """Goal: the lowest share is not above the highest. Method: 0.50 and 0.40."""

    def parameters(content):
        content["implant.self_first_min"]["values"] = {date(2016, 1, 1): "0.50"}
        content["implant.self_first_max"]["values"] = {date(2016, 1, 1): "0.40"}

    folder = changed_pack(tmp_path, parameters=parameters)
    assert {code for _, _, code in faults_of(folder)} == {"bounds_reversed"}


@pytest.mark.parametrize(
    ("file", "text", "code"),
    [
        ("parameters.yaml", "a: 1\na: 2\n", "yaml_malformed"),
        ("parameters.yaml", "a: &x [1]\nb: *x\n", "yaml_malformed"),
        ("parameters.yaml", "a: [", "yaml_malformed"),
        ("parameters.yaml", "- a\n", "not_a_mapping"),
        ("pack.yaml", "id: !!python/object:os.system x\n", "yaml_malformed"),
        ("parameters.yaml", "#" * 1_000_001, "file_too_large"),
    ],
)
def test_a_file_that_is_no_plain_yaml_is_refused(tmp_path, file, text, code):
    """Goal: repeated keys, aliases, broken or foreign content never load. Method: one file each."""
    folder = changed_pack(tmp_path)
    (folder / file).write_text(text, encoding="utf-8")
    assert (file, "(file)", code) in faults_of(folder)


def test_a_missing_and_a_gbk_file_are_told(tmp_path):
    """Goal: two ordinary accidents. Method: one file deleted, one saved as GBK."""
    folder = changed_pack(tmp_path)
    (folder / "facilities.yaml").unlink()
    (folder / "parameters.yaml").write_bytes("名称: 值".encode("gbk"))
    codes = {(file, code) for file, _, code in faults_of(folder)}
    assert {("facilities.yaml", "file_missing"), ("parameters.yaml", "not_utf8")} <= codes
