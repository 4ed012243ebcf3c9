"""The rules as written in ``rules.yaml``, each with its citation, version and parameters."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from services.claims.monitoring.domain import KNOWN_RULES, Rule

FILE = Path(__file__).parent / "rules.yaml"


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule in force.

    Raises:
        ValueError: the file names a rule that the program does not know.
    """
    content = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    found = tuple(
        Rule(
            id=one["id"],
            name_zh=one["name_zh"],
            name_en=one["name_en"],
            citation=one["citation"],
            parameters=one["parameters"],
            assumed=tuple(one.get("assumed", ())),
            version=content["version"],
        )
        for one in content["rules"]
    )
    unknown = {rule.id for rule in found} - KNOWN_RULES
    if unknown:
        raise ValueError(f"{FILE.name} names rules that are not known: {sorted(unknown)}")
    return found


def rule_of(rule_id: str) -> Rule | None:
    return next((rule for rule in rules() if rule.id == rule_id), None)
