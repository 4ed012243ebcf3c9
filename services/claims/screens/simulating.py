"""What the simulations' pages show: both sides of a result, row by row."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.claims.screens.kit import said
from shared.web.kit import Said

SHOWN_CHANGES = 20
_LABELS = ("visit_type", "category", "facility_level", "township")
_WORDS = {"category": "category", "facility_level": "level", "visit_type": "visit"}


def sides(found: Mapping[str, Any]) -> dict[str, Any]:
    """A result for reading: payers, groups and reasons with before and after beside each other."""
    before, after = found["before"], found["after"]
    return {
        "payers": _payers(before, after),
        "groups": [{"label": label, "rows": _groups(label, before, after)} for label in _LABELS],
        "reasons": _reasons(before["target"]["by_reason"], after["target"]["by_reason"]),
        "reported": _reported(found),
        "refused": sum(each["visits"] for each in found["refused"]),
        "changed": found["changed"][:SHOWN_CHANGES],
    }


def _payers(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[dict[str, Any]]:
    was = {each["payer"]: each["amount"] for each in before["payers"]}
    becomes = {each["payer"]: each["amount"] for each in after["payers"]}
    rows = [
        _row(said(f"payer.{payer}"), was.get(payer, "0.00"), becomes.get(payer, "0.00"))
        for payer in dict.fromkeys((*was, *becomes))
    ]
    rows.append(_row(said("sim.patient"), before["patient_pays"], after["patient_pays"]))
    return rows


def _row(name: Said, before: str, after: str) -> dict[str, Any]:
    return {
        "name": name,
        "before": before,
        "after": after,
        "change": str(Decimal(after) - Decimal(before)),
    }


def _groups(
    label: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[dict[str, Any]]:
    was = {each[label]: each for each in before[f"by_{label}"]}
    return [
        {"name": _group_name(label, each[label]), "before": was[each[label]], "after": each}
        for each in after[f"by_{label}"]
    ]


def _group_name(label: str, word: str) -> Said:
    if label == "category" and word == "resident":
        return said("sim.ordinary")
    if label == "township":
        return {"text_zh": word, "text_en": word} if word else said("sim.elsewhere")
    return said(f"{_WORDS[label]}.{word}")


def _reasons(
    before: Sequence[Mapping[str, str]], after: Sequence[Mapping[str, str]]
) -> list[dict[str, Any]]:
    was = {each["reason"]: each for each in before}
    rows = []
    for each in after:
        reason = each["reason"]
        key = "sim.reason" if reason.endswith("patient_remainder") else "reason"
        rows.append({"name": said(f"{key}.{reason}"), "before": was[reason], "after": each})
    return rows


def _reported(found: Mapping[str, Any]) -> dict[str, Any] | None:
    """The report's inpatients beside ours."""
    reported = found.get("reported")
    if reported is None:
        return None
    kind = reported["visit_type"]
    ours = {
        side: next(
            (each for each in found[side]["by_visit_type"] if each["visit_type"] == kind), None
        )
        for side in ("before", "after")
    }
    return {"reported": reported, **ours}
