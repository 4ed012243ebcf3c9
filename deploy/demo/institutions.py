"""The demonstration county's institutions: what the summary of 2016 says of clinics and doctors.

41 villages with a clinic each, all up to standard (JK-52, JK-53); 51 village doctors, of whom ten
hold the village doctors' licence, two are licensed and four assistant doctors, and 35 none of the
three (JK-54). Residents are made up, so that the county has about 49,423 (JK-48).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from deploy.demo.county import stream
from shared.policy.region import RegionPack

_FROM = "2016-01-01"
_RESIDENTS = 49_423
_DOCTORS = 51
_QUALIFIED = ("village_doctor",) * 10 + ("licensed_doctor",) * 2 + ("assistant_doctor",) * 4


def institutions(region: RegionPack, *, seed: int) -> dict[str, list[dict[str, Any]]]:
    """The body of ``POST /reporting/v1/standards/facts``."""
    rng = stream(seed, "institutions")
    villages = [
        (township.name_zh, village.name_zh)
        for township in region.townships
        for village in township.villages
    ]
    weights = [rng.uniform(0.5, 1.5) for _ in villages]
    residents = [round(_RESIDENTS * weight / sum(weights)) for weight in weights]
    clinics = dict(_clinics(region, villages))
    codes = list(clinics)
    # Every clinic has a doctor, and some a second one; who is qualified is drawn.
    posts = [*codes, *rng.sample(codes, max(0, min(_DOCTORS - len(codes), len(codes))))]
    held = [*_QUALIFIED, *("other",) * max(0, len(posts) - len(_QUALIFIED))][: len(posts)]
    rng.shuffle(held)
    return {
        "places": [
            *(
                {
                    "township": township.name_zh,
                    "residents": sum(
                        count
                        for (name, _), count in zip(villages, residents, strict=True)
                        if name == township.name_zh
                    ),
                    "valid_from": _FROM,
                }
                for township in region.townships
            ),
            *(
                {"township": name, "village": village, "residents": count, "valid_from": _FROM}
                for (name, village), count in zip(villages, residents, strict=True)
            ),
        ],
        "facilities": [{**clinic, "valid_from": _FROM} for clinic in clinics.values()],
        "staff": [
            {
                "facility_code": code,
                "staff_no": f"CY-{number:03d}",
                "qualification": qualification,
                "valid_from": _FROM,
            }
            for number, (code, qualification) in enumerate(zip(posts, held, strict=True), start=1)
        ],
    }


def _clinics(
    region: RegionPack, villages: list[tuple[str, str]]
) -> Iterator[tuple[str, dict[str, Any]]]:
    """A clinic for each village, under the pack's code where the pack has it."""
    listed = {
        (each.township, each.village): each
        for each in region.facilities
        if each.facility_level == "village" and each.in_region
    }
    for number, (township, village) in enumerate(villages, start=1):
        known = listed.get((township, village))
        code = known.facility_code if known else f"CLINIC-{number:03d}"
        yield (
            code,
            {
                "facility_code": code,
                "name_zh": known.name_zh if known else f"{village}卫生室",
                "kind": "village_clinic",
                "township": township,
                "village": village,
                "up_to_standard": True,
            },
        )
