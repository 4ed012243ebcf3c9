"""Reading a pack's tiers: what belongs together is asked for together, and limits hold."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from services.claims.settlement.kinds import BeyondPatientCap
from services.claims.settlement.packs import load_pack_folder, validate_pack
from services.claims.settlement.tier_rules import MAX_TIERS
from tests.unit.claims.bills import changed_pack, tier_of

LAST = "tiers[6]"


def last_tier(tmp_path: Path, **content: Any) -> Path:
    """The Jinkouhe pack with its last tier paying by these keys."""

    def pack(whole: dict[str, Any]) -> None:
        tier = tier_of(whole, "charity_fund")
        for key in ("mode", "note"):
            del tier[key]
        tier.update(content)

    return changed_pack(tmp_path, pack=pack)


def told(folder: Path) -> set[tuple[str, str]]:
    return {(fault.where, fault.code) for fault in validate_pack(folder)}


@pytest.mark.parametrize(("tiers", "refused"), [(0, True), (MAX_TIERS, False), (101, True)])
def test_a_pack_has_one_to_a_hundred_tiers(tmp_path: Path, tiers: int, refused: bool) -> None:
    """Goal: both ends of the limit. Method: tiers that pay nothing, none, as many and one more."""

    def pack(whole: dict[str, Any]) -> None:
        tier = tier_of(whole, "charity_fund")
        whole["tiers"] = [
            tier | {"id": f"tier-{number}", "order": number} for number in range(1, tiers + 1)
        ]

    folder = changed_pack(tmp_path, pack=pack)
    assert (("tiers", "no_tiers") in told(folder)) is refused


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"limit": "medical_aid.annual_cap"}, "limit_basis"),
        ({"limit_basis": "outpatient.cap_basis"}, "limit"),
    ],
)
def test_a_limit_comes_with_its_basis_and_its_accumulator(
    tmp_path: Path, given: dict[str, str], missing: str
) -> None:
    """Goal: half of a limit is told, not silently no limit. Method: each half alone."""
    folder = last_tier(tmp_path, kind="remainder_up_to", covers="in_scope", **given)
    places = {where for where, _ in told(folder)}
    assert {f"{LAST}.{missing}", f"{LAST}.accumulator"} <= places


@pytest.mark.parametrize(
    ("given", "missing"),
    [({"above": "medical_aid.annual_cap"}, "ratio"), ({"ratio": "medical_aid.floor"}, "above")],
)
def test_a_slope_has_a_start_and_a_ratio(
    tmp_path: Path, given: dict[str, str], missing: str
) -> None:
    """Goal: half of a slope is told, not silently a cap without one. Method: each half alone."""
    folder = last_tier(
        tmp_path,
        kind="beyond_patient_cap",
        covers="in_scope",
        own="medical_aid.annual_cap",
        **given,
    )
    assert (f"{LAST}.{missing}", "missing") in told(folder)


def test_a_cap_of_the_patients_own_is_read(tmp_path: Path) -> None:
    """Goal: the kind that is named is the kind that pays. Method: with a slope and without."""
    for number, slope in enumerate(
        ({}, {"above": "medical_aid.annual_cap", "ratio": "medical_aid.floor"})
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        read = last_tier(
            folder,
            kind="beyond_patient_cap",
            covers="everything",
            own="basic.deductible.secondary",
            **slope,
        )
        tier = load_pack_folder(read).tiers[-1]
        assert isinstance(tier, BeyondPatientCap)
        assert (tier.above is not None, tier.ratio is not None) == (bool(slope), bool(slope))
