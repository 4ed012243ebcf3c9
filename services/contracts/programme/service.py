"""The programme in force: the defaults, and what the region's pack says instead."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from services.contracts.programme.domain import Programme
from shared.content import read_yaml
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
    """
    found = context.state.get("contracts.programme")
    if not isinstance(found, Programme):
        folder = find_pack(
            context.region.pack_id, context.settings.pack_dirs, bundled=BUNDLED_PACKS
        )
        found = context.state["contracts.programme"] = load(folder / REGION_FILE)
    return found
