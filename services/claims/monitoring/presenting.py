"""A flag and its case file as the screen tells them, and what whoever looks at it may do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from services.claims.monitoring.case import SamePersonTwice, StepNotAllowed, after
from services.claims.monitoring.repository import Flag, Step
from services.claims.monitoring.rules import rule_of
from services.claims.monitoring.wording import in_words
from services.claims.screens.kit import name_of
from shared.clock import SHANGHAI
from shared.money import text_from_fen
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.web.kit import Said

STATUSES: Final = ("open", "explained", "uphold_proposed", "upheld", "dismissed")
SHAPES: Final[Mapping[str, str]] = {
    "open": "○", "explained": "◔", "uphold_proposed": "◑", "upheld": "▼", "dismissed": "●",
}  # fmt: skip

_SCOPE_OF: Final[Mapping[str, str]] = {
    "explain": "claims:settle",
    "uphold": "claims:monitor",
    "dismiss": "claims:monitor",
    "hold": "claims:monitor",
    "release": "claims:monitor",
}


def rule_name(rule_id: str) -> Said:
    """What a rule is called; one that is no longer written by its id."""
    rule = rule_of(rule_id)
    if rule is None:
        return {"text_zh": rule_id, "text_en": rule_id}
    return {"text_zh": rule.name_zh, "text_en": rule.name_en}


def place(context: ServiceContext, facility_code: str) -> Said:
    found = next(
        (each for each in context.region.facilities if each.facility_code == facility_code), None
    )
    if found is None:
        return {"text_zh": facility_code, "text_en": facility_code}
    return {"text_zh": found.name_zh, "text_en": found.name_en}


def sentence(context: ServiceContext, flag: Flag) -> Said:
    """The evidence in words."""

    def names(code: str) -> tuple[str, str]:
        said = place(context, code)
        return said["text_zh"], said["text_en"]

    zh, en = in_words(flag.rule, flag.evidence, names)
    return {"text_zh": zh, "text_en": en}


def row(context: ServiceContext, flag: Flag, *, held: bool) -> dict[str, Any]:
    """A flag as a list or its page's head shows it."""
    rule = rule_of(flag.rule)
    return {
        "flag_id": str(flag.id),
        "rule": rule_name(flag.rule),
        "citation": "" if rule is None else rule.citation,
        "facility": place(context, flag.facility_code),
        "found_on": flag.found_on,
        "evidence": sentence(context, flag),
        "status": flag.status,
        "shape": SHAPES[flag.status],
        "held": held,
    }


def file_of(context: ServiceContext, steps: Sequence[Step]) -> list[dict[str, Any]]:
    """Who did what and why."""
    return [
        {
            "step": one.step,
            "note": one.note,
            "by": name_of(context, one.done_by),
            "at": one.done_at.astimezone(SHANGHAI).isoformat(),
        }
        for one in steps
    ]


def visit(context: ServiceContext, found: Mapping[str, Any]) -> dict[str, Any]:
    """A visit that a flag rests on; without figures once its settlement was reversed."""
    total, patient = found["total_fen"], found["patient_pays_fen"]
    return {
        "encounter_id": found["encounter_id"],
        "visit_no": found["visit_no"],
        "facility": place(context, found["facility_code"]),
        "status": found["status"],
        "admitted_on": found["admitted_on"],
        "discharged_on": found["discharged_on"],
        "total": None if total is None else text_from_fen(total),
        "patient_pays": None if patient is None else text_from_fen(patient),
    }


def choices(
    flag: Flag, steps: Sequence[Step], caller: Principal, *, held: bool
) -> tuple[list[str], bool]:
    """The steps that the caller may take now, and whether only another person may uphold."""
    of_county = caller.of_county
    proposed = next((one.done_by for one in reversed(steps) if one.step == "propose"), None)
    found, same = [], False
    for name, scope in _SCOPE_OF.items():
        if scope not in caller.scopes or (name != "explain" and not of_county):
            continue
        if name == ("hold" if held else "release") or (name == "hold" and not flag.encounters):
            continue
        try:
            after(flag.status, name, caller.client_id, proposed)
        except StepNotAllowed:
            continue
        except SamePersonTwice:
            same = True
            continue
        found.append(name)
    return found, same
