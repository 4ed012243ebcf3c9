"""The programme in force: the defaults, and what the region's pack says instead."""

from __future__ import annotations

from pathlib import Path

import yaml

from services.contracts.programme.domain import Programme
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
    content = yaml.safe_load(DEFAULTS.read_text(encoding="utf-8"))
    if region_file is not None and region_file.is_file():
        content |= yaml.safe_load(region_file.read_text(encoding="utf-8"))
    return Programme.model_validate(content)


def programme_of(context: ServiceContext) -> Programme:
    """The programme, read once and kept with the context.

    Raises:
        pydantic.ValidationError: as :func:`load`.
    """
    found = context.state.get("contracts.programme")
    if not isinstance(found, Programme):
        folder = find_pack(
            context.region.pack_id, context.settings.pack_dirs, bundled=BUNDLED_PACKS
        )
        found = context.state["contracts.programme"] = load(folder / REGION_FILE)
    return found
