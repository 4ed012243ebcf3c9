"""What a county counts and by whose target: its pack's indicators.yaml, without any I/O."""

from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from services.reporting.figures.repository import Sums
from services.reporting.indicators.catalogue import catalogue
from services.reporting.indicators.county import FILE, Catalogue, read
from services.reporting.indicators.service import evaluate
from shared.policy.errors import PackInvalid
from shared.policy.folders import BUNDLED_PACKS, MemoryFolder
from shared.policy.region import RegionPack, load_region

WITHOUT_A_NUMBER = {"kaizhou-2020"}
"""Packs whose document sets no target of an indicator."""
CONTRACT_CODES = {
    "personal_share", "out_of_catalogue_share", "in_region_visit_rate", "primary_care_visit_share",
    "medical_aid_share", "serious_illness_treatment_rate", "contract_rate",
    "contract_performance_rate", "chronic_contract_rate", "check_up_rate", "insurance_coverage",
    "recognition_rate", "one_stop_rate", "readmission_rate",
}  # fmt: skip
TWO_YEARS = """
targets:
  personal_share:
    - {value: "0.12", direction: at_most, valid_from: 2020-01-01, valid_to: 2020-12-31, citation: 甲}
    - {value: "0.10", direction: at_most, valid_from: 2021-01-01, citation: 乙}
"""
AMBER = """
targets:
  personal_share:
    - value: "0.10"
      direction: at_most
      bands: [{state: met, to: "0.10"}, {state: warned, above: "0.10", to: "0.12"}, {state: missed, above: "0.12"}]
      citation: 甲
"""


def region(pack: str = "jinkouhe-2016") -> RegionPack:
    return load_region(pack)


def county(text: str) -> Catalogue:
    return read(MemoryFolder("a-county", {FILE: text.encode()}), region())


def refused(text: str) -> set[tuple[str, str]]:
    with pytest.raises(PackInvalid) as told:
        county(text)
    assert all(fault.message and fault.message_zh for fault in told.value.faults)
    return {(fault.where, fault.code) for fault in told.value.faults}


def share(found: Catalogue, patient: int, total: int, day: date) -> tuple[str | None, str]:
    sums = Sums()
    sums.values.update(registered_patient_fen=patient, registered_total_fen=total)
    told = evaluate(
        found.indicators["personal_share"], sums, area="county", period="all", day=day, as_of=None
    )
    return told.target, told.status


def test_every_pack_counts_what_the_interface_promises() -> None:
    """Goal: no pack leaves out a code of the interface; each left out has its reason, each own
    target its document's article. Method: every bundled pack."""
    for folder in sorted(BUNDLED_PACKS.iterdir()):
        found = read(folder, region(folder.name))
        assert set(found.indicators) >= CONTRACT_CODES, folder.name
        assert set(found.indicators) | set(found.left_out) == set(catalogue())
        own = [aim for one in found.indicators.values() for aim in one.aims if aim.own]
        assert own or folder.name in WITHOUT_A_NUMBER, folder.name
        assert all(" · " in aim.citation for aim in own)
        assert {aim.set_by.zh for aim in own} <= {region(folder.name).name_zh}


def test_another_countys_target_is_no_own_one() -> None:
    """Goal: whose target it is. Method: Jinkouhe's own (JK-15) and Liangping's (LP-22)."""
    found = read(BUNDLED_PACKS / "jinkouhe-2016", region())
    personal = evaluate(
        found.indicators["personal_share"], Sums(), area="county", period="all",
        day=date(2016, 6, 30), as_of=None,
    )  # fmt: skip
    assert (personal.target_own, personal.target_set_by_zh) == (True, "金口河区")
    outside = evaluate(
        found.indicators["out_of_catalogue_share"], Sums(), area="county", period="all",
        day=date(2016, 6, 30), as_of=None,
    )  # fmt: skip
    assert (outside.target, outside.target_own, outside.target_set_by_en) == (
        "0.10", False, "Liangping 2019",
    )  # fmt: skip
    assert "LP-22" in outside.citation


def test_a_target_is_that_of_the_day() -> None:
    """Goal: each month has its time's target; before the first one nothing is judged. Method: 11 %
    on the days around two targets."""
    found = county(TWO_YEARS)
    days = [date(2019, 12, 31), date(2020, 1, 1), date(2020, 12, 31), date(2021, 1, 1)]
    assert [share(found, 11, 100, day) for day in days] == [
        (None, "none"), ("0.12", "met"), ("0.12", "met"), ("0.10", "missed"),
    ]  # fmt: skip


def test_own_bands() -> None:
    """Goal: a county's amber. Method: shares at and beside the ends."""
    found = county(AMBER)
    day = date(2016, 6, 30)
    states = [share(found, parts, 1000, day)[1] for parts in (100, 101, 120, 121)]
    assert states == ["met", "warned", "warned", "missed"]


def test_shown_and_not_judged() -> None:
    """Goal: a county may set no target. Method: an empty list."""
    assert share(county("targets: {personal_share: []}"), 99, 100, date(2016, 1, 1)) == (
        None, "none",
    )  # fmt: skip


def test_without_a_file_it_is_the_catalogue() -> None:
    """Goal: a pack needs none. Method: an empty folder."""
    found = read(MemoryFolder("a-county", {}), region())
    assert (dict(found.indicators), found.left_out) == (catalogue(), {})


FAULTS = (
    (TWO_YEARS.replace("2021-01-01", "2020-12-31"), {("targets.personal_share.1", "dates_overlap")}),
    (TWO_YEARS.replace("2021-01-01", "2021-01-02"), {("targets.personal_share.1", "dates_gap")}),
    (TWO_YEARS.replace(", valid_to: 2020-12-31", ""), {("targets.personal_share.1", "dates_overlap")}),
    (TWO_YEARS.replace("2020-12-31", "2019-12-31"),
     {("targets.personal_share.0", "ends_before_start"), ("targets.personal_share.1", "dates_gap")}),
    (AMBER.replace('above: "0.10"', 'above: "0.11"'), {("targets.personal_share.0", "value_error")}),
    (AMBER.replace('to: "0.12"', 'to: "0.13"'), {("targets.personal_share.0", "value_error")}),
    (AMBER.replace('value: "0.10"', 'value: "0.11"'), {("targets.personal_share.0", "value_error")}),
    (AMBER.replace("      citation: 甲", ""), {("targets.personal_share.0.citation", "missing")}),
    ("targets: {nonsense: []}", {("targets.nonsense", "unknown_indicator")}),
    ("left_out: [{codes: [nonsense], reason: {zh: 甲, en: a}}]",
     {("left_out.0.codes", "unknown_indicator")}),
    ("left_out: [{codes: [leaflet_rate, leaflet_rate], reason: {zh: 甲, en: a}}]",
     {("left_out.0.codes", "repeated")}),
    ("left_out: [{codes: [leaflet_rate], reason: {zh: 甲, en: a}}]\ntargets: {leaflet_rate: []}",
     {("targets.leaflet_rate", "left_out_and_judged")}),
    ("left_out: [{codes: [leaflet_rate]}]", {("left_out.0.reason", "missing")}),
    ("other: 1", {("other", "extra_forbidden")}),
)  # fmt: skip


@pytest.mark.parametrize(("text", "faults"), FAULTS)
def test_what_is_refused(text: str, faults: set[tuple[str, str]]) -> None:
    """Goal: no gap, no overlap, nothing unknown, each fault with its place. Method: one each."""
    assert refused(text) == faults


@given(st.lists(st.integers(0, 400), min_size=2, max_size=8))
def test_days_are_whole_or_refused(offsets: list[int]) -> None:
    """Goal: what is accepted has one target on each day from the first to the last. Method: any
    first and last days of some targets; what the reading says against counting day by day."""
    pairs = list(zip(offsets[::2], offsets[1::2], strict=False))
    start = date(2020, 1, 1).toordinal()
    text = yaml.safe_dump(
        {
            "targets": {
                "personal_share": [
                    {
                        "value": "0.10",
                        "direction": "at_most",
                        "valid_from": date.fromordinal(start + first),
                        "valid_to": date.fromordinal(start + last),
                        "citation": "甲",
                    }
                    for first, last in pairs
                ]
            }
        }
    )
    lasting = [range(first, last + 1) for first, last in pairs]
    held = [day for days in lasting for day in days]
    whole = all(lasting) and held == list(range(pairs[0][0], pairs[-1][1] + 1))
    try:
        found = county(text)
    except PackInvalid:
        assert not whole
        return
    assert whole
    aims = found.indicators["personal_share"].aims
    for day in held:
        at = date.fromordinal(start + day)
        assert sum(aim.target.holds_on(at) for aim in aims) == 1
        assert aims[0].target.value == Decimal("0.10")


def test_a_faulty_file_is_told_with_its_line(tmp_path: Path) -> None:
    """Goal: who wrote it finds it. Method: no YAML."""
    (tmp_path / FILE).write_text("targets: [", encoding="utf-8")
    with pytest.raises(PackInvalid, match=f"{FILE}:1"):
        read(tmp_path, region())
