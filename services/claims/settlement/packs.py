"""Loading a pack's settlement rules: strict, every fault at once, with its place and its cure.

``pack.yaml`` holds the region, the validity, the ordered tiers with their conditions and the
waivers; ``parameters.yaml`` the dated values. The only input and output here is reading them.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from importlib.resources.abc import Traversable
from pathlib import Path

from services.claims.settlement.checking import check_rules
from services.claims.settlement.lines import CLASS_B_RATIO, IMPLANT_MAX, IMPLANT_MIN
from services.claims.settlement.pack_rules import (
    PARAMETERS_FILE,
    Names,
    read_line_rules,
    read_plans,
)
from services.claims.settlement.tier_rules import read_tiers
from services.claims.settlement.tiers import SettlementPack
from services.claims.subsidies.reading import read_subsidies
from shared.policy.errors import Fault, PackInvalid
from shared.policy.folders import BUNDLED_PACKS, PACK_FILE, content_hash, find_pack
from shared.policy.parameter_files import read_parameters
from shared.policy.parameters import Parameters
from shared.policy.places import with_lines
from shared.policy.reading import Reader, read_file
from shared.policy.region import read_region, read_validity

IMPLANT_LOWEST_PERCENT, IMPLANT_HIGHEST_PERCENT = 18, 60
"""Implants are self-paid between 18 % and 60 % (JK-05); per hundred."""


def load_pack(
    pack_id: str,
    extra_dirs: Iterable[Path] = (),
    *,
    bundled: Path | None = BUNDLED_PACKS,
    production: bool = False,
) -> SettlementPack:
    """Load a pack by its id; keep the result, loading reads and checks every file.

    ``production`` refuses a pack with unconfirmed assumptions: someone must confirm them first.

    Raises:
        PackUnknown: no such pack.
        PackInvalid: with every fault found.
    """
    return load_pack_folder(find_pack(pack_id, extra_dirs, bundled=bundled), production=production)


def load_pack_folder(folder: Traversable, *, production: bool = False) -> SettlementPack:
    """Load the pack in a folder; see ``load_pack``."""
    faults: list[Fault] = []
    pack = _read(folder, faults)
    if production and pack is not None:
        faults.extend(_unconfirmed(pack.parameters))
    if faults or pack is None:
        raise PackInvalid(folder.name, with_lines(faults, folder))
    return pack


def validate_pack(folder: Traversable) -> list[Fault]:
    """Everything wrong with a pack's folder: rules, parameters, region; empty when sound."""
    faults: list[Fault] = []
    _read(folder, faults)
    return with_lines(faults, folder)


def _unconfirmed(parameters: Parameters) -> list[Fault]:
    return [
        Fault(
            PARAMETERS_FILE,
            name,
            "assumption_unconfirmed",
            "the value is assumed; before production, state under confirmed who confirmed it,"
            " on which day, by which document and article",
            "该取值为假定；投入使用前请在 confirmed 中写明确认单位、日期、文件和条款",
        )
        for name in sorted(parameters.assumed_names)
    ]


def _read(folder: Traversable, faults: list[Fault]) -> SettlementPack | None:
    region_faults: list[Fault] = []
    region = read_region(folder, region_faults)
    faults.extend(region_faults)
    if region is None:
        return None
    head = Reader(PACK_FILE, "", read_file(folder, PACK_FILE, []), faults)
    told_already = len(faults)
    with head.whole():
        pack_id = head.text("id")
        valid_from, valid_to = read_validity(head)
        head.raw("region")
        del faults[told_already:]  # the region's reader has told these faults
        title = head.words("title")
        documents = head.texts("documents")
        plans = read_plans(head)
        parameters = read_parameters(folder, PARAMETERS_FILE, faults, covers=(valid_from, valid_to))
        names = Names(parameters, plans.values())
        line_rules, patient = read_line_rules(head, names, plans)
        tiers, waiting = read_tiers(head, names, plans)
        subsidies = read_subsidies(head, names)
    for name in (CLASS_B_RATIO, IMPLANT_MIN, IMPLANT_MAX):
        names.one(head, PARAMETERS_FILE, "ratio", name=name)
    _check_implants(head, parameters)
    pack = SettlementPack(
        pack_id,
        content_hash(folder),
        title,
        valid_from,
        valid_to,
        parameters,
        line_rules,
        tiers,
        patient,
        plans,
        waiting,
        documents,
        subsidies,
    )
    check_rules(head, pack)
    return pack


def _check_implants(head: Reader, parameters: Parameters) -> None:
    """Each stated share lies inside 0.18 … 0.60 and the lowest is not above the highest (JK-05)."""
    for name in (IMPLANT_MIN, IMPLANT_MAX):
        parameter = parameters.by_name.get(name)
        for dated in parameter.values if parameter is not None else ():
            value = dated.value
            if not isinstance(value, Decimal):
                continue
            if not IMPLANT_LOWEST_PERCENT <= value * 100 <= IMPLANT_HIGHEST_PERCENT:
                head.faults.append(
                    Fault(
                        PARAMETERS_FILE,
                        f"{name}.values.{dated.start}",
                        "implant_share_out_of_range",
                        "an implant's self-first share lies from 0.18 to 0.60; correct it",
                        "植入材料先行自付比例应在 0.18 至 0.60 之间；请改正",
                    )
                )
    lowest, highest = (parameters.by_name.get(name) for name in (IMPLANT_MIN, IMPLANT_MAX))
    if lowest is None or highest is None:
        return
    for day in sorted({dated.start for dated in (*lowest.values, *highest.values)}):
        low, high = lowest.value_at(day), highest.value_at(day)
        if isinstance(low, Decimal) and isinstance(high, Decimal) and low > high:
            head.faults.append(
                Fault(
                    PARAMETERS_FILE,
                    f"{IMPLANT_MIN}.values.{day}",
                    "bounds_reversed",
                    f"the lowest implant share is above the highest on {day}; correct one",
                    f"{day} 植入材料最低比例高于最高比例；请改正",
                )
            )
