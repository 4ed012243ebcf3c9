"""The programme in force: the defaults, and what the region's pack says instead."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from services.contracts.programme.domain import Programme
from shared.content import read_yaml
from shared.policy.errors import Fault, PackInvalid
from shared.policy.folders import BUNDLED_PACKS, find_pack
from shared.runtime.context import ServiceContext

DEFAULTS = Path(__file__).with_name("programme.yaml")
REGION_FILE = "contracts.yaml"


def load(region_file: Path | None = None) -> Programme:
    """The programme of a region.

    Raises:
        pydantic.ValidationError: the content has a fault; it names the section and the field.
        yaml.YAMLError: a file is no YAML.
    """
    if region_file is None or not region_file.is_file():
        return _read("{}")
    return _read(region_file.read_text(encoding="utf-8"))


@lru_cache(maxsize=8)
def _read(region: str) -> Programme:
    """The programme by the text of a region's file: a page of content is read and checked once."""
    content = read_yaml(DEFAULTS.read_text(encoding="utf-8"))
    return Programme.model_validate(content | read_yaml(region))


def programme_of(context: ServiceContext) -> Programme:
    """The programme, read once and kept with the context.

    Raises:
        pydantic.ValidationError: as :func:`load`.
        PackInvalid: it sends patients to an institution that the region does not have.
    """
    found = context.state.get("contracts.programme")
    if not isinstance(found, Programme):
        folder = find_pack(
            context.region.pack_id, context.settings.pack_dirs, bundled=BUNDLED_PACKS
        )
        found = load(folder / REGION_FILE)
        _known(found, context)
        context.state["contracts.programme"] = found
    return found


def _known(programme: Programme, context: ServiceContext) -> None:
    named = {code for target in programme.referral_targets for code in target.facilities}
    faults = [
        Fault(
            REGION_FILE,
            "referral_targets",
            "unknown_facility",
            f"{code} is not in the list of facilities; add it or correct the code",
            f"{code} 不在机构名单中；请补充或改正代码",
        )
        for code in sorted(named)
        if context.region.facility(code) is None
    ]
    if faults:
        raise PackInvalid(context.region.pack_id, faults)
