"""The rules as written in ``rules.yaml``, and what the region's pack says instead."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from services.contracts.plausibility.domain import KNOWN_RULES, Rule
from shared.content import read_yaml
from shared.policy.folders import BUNDLED_PACKS, find_pack
from shared.runtime.context import ServiceContext

FILE = Path(__file__).with_name("rules.yaml")
REGION_FILE = "follow-up-checks.yaml"
_KEPT = "contracts.plausibility_rules"


def load(region_file: Path | None = None) -> tuple[Rule, ...]:
    """The rules of a region.

    Raises:
        ValueError: a file names a rule or a parameter that is not known.
        yaml.YAMLError: a file is no YAML.
    """
    content = read_yaml(FILE.read_text(encoding="utf-8"))
    found: dict[str, dict[str, Any]] = {one["id"]: one for one in content["rules"]}
    version = str(content["version"])
    if region_file is not None and region_file.is_file():
        region = read_yaml(region_file.read_text(encoding="utf-8"))
        version = f"{version}+{region['version']}"
        for one in region["rules"]:
            known = found.get(one["id"])
            if known is None or not set(one.get("parameters", {})) <= set(known["parameters"]):
                raise ValueError(f"{REGION_FILE}: {one['id']} or one of its parameters is unknown")
            parameters = known["parameters"] | one.get("parameters", {})
            assumed = [n for n in known["assumed"] if n not in one.get("parameters", {})]
            found[one["id"]] = known | one | {"parameters": parameters, "assumed": assumed}
    unknown = set(found) - KNOWN_RULES
    if unknown:
        raise ValueError(f"{FILE.name} names rules that are not known: {sorted(unknown)}")
    return tuple(
        Rule(
            id=one["id"],
            name_zh=one["name_zh"],
            name_en=one["name_en"],
            citation=one["citation"],
            parameters=one["parameters"],
            assumed=tuple(one["assumed"]),
            version=version,
        )
        for one in found.values()
    )


def rules_of(context: ServiceContext) -> tuple[Rule, ...]:
    """The rules, read once and kept with the context."""
    found = context.state.get(_KEPT)
    if not isinstance(found, tuple):
        folder = find_pack(
            context.region.pack_id, context.settings.pack_dirs, bundled=BUNDLED_PACKS
        )
        found = context.state[_KEPT] = load(folder / REGION_FILE)
    return found
