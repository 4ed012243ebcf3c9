"""The rules as written in ``rules.yaml``, each with its citation, version and parameters."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from functools import cache
from pathlib import Path
from typing import Any

from services.claims.monitoring.domain import KNOWN_RULES
from services.claims.monitoring.records import Rule
from shared.content import read_yaml

_SHARES = frozenset({"limit", "tolerance"})
FILE = Path(__file__).parent / "rules.yaml"


def _shown(parameters: Mapping[str, Any]) -> dict[str, Any]:
    """Parameters as a sentence says them: shares in per cent."""
    return {
        name: f"{(Decimal(value) * 100).normalize():f}%" if name in _SHARES else value
        for name, value in parameters.items()
    }


@cache
def rules() -> tuple[Rule, ...]:
    """Every rule in force.

    Raises:
        ValueError: the file names a rule that the program does not know.
    """
    content = read_yaml(FILE.read_text(encoding="utf-8"))
    found = tuple(
        Rule(
            id=one["id"],
            name_zh=one["name_zh"],
            name_en=one["name_en"],
            text_zh=one["text_zh"].format(**_shown(one["parameters"])),
            text_en=one["text_en"].format(**_shown(one["parameters"])),
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
