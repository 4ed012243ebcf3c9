"""A breakdown as it is drawn: shares of one bar, steps in sentences, the patient's part.

The same record serves the clerk's window, the pack browser and the printed statement.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from services.claims.packs.service import written
from services.claims.screens.values import shown_value
from services.claims.screens.words import BILL_PARTS, PATIENT, PAYERS, REASONS
from services.claims.settlement.tiers import SettlementPack
from shared.money import fen_from_text, text_from_fen
from shared.web.figures import money

PATTERNS: dict[str, str] = {
    "basic_insurance": "1",
    "critical_illness": "2",
    "medical_aid": "3",
    "second_compensation": "4",
    "commercial_insurance": "4",
    "special_fund": "5",
    "waiver_fund": "5",
    "emergency_aid": "6",
    "charity_fund": "6",
    "hospital": "6",
    PATIENT: PATIENT,
}
"""Payer → colour and pattern, as on the county's page; each is told apart in grey print."""

WIDE_PERCENT = Decimal(12)
"""From this share on, a part's name fits inside it on a desk's screen."""
WIDE_ON_PHONE_PERCENT = Decimal(36)

_BARE_AMOUNT = re.compile(r"(?<![\d.,])\d{4,}\.\d{2}(?!\d)")
_STEP = Decimal("0.001")


def with_separators(sentence: str) -> str:
    """Amounts inside a sentence as everywhere else: ``4230.00`` → ``4,230.00``."""
    return _BARE_AMOUNT.sub(lambda found: money(found[0]), sentence)


def shown_bill(
    breakdown: Mapping[str, Any], pack: SettlementPack | None, day: date
) -> dict[str, Any]:
    """What the templates ``_bill.html`` draw.

    Args:
        breakdown: in the quote contract's shape, amounts as CNY strings; also a reversal's.
        pack: gives the words and the values of the assumptions; None: their names must do.
        day: of the visit, which decides the values.
    """
    amounts = [(each["payer"], fen_from_text(each["amount"])) for each in breakdown["payers"]]
    amounts.append((PATIENT, fen_from_text(breakdown["patient_pays"])))
    total = fen_from_text(breakdown["total"])
    return {
        "total": breakdown["total"],
        "patient_pays": breakdown["patient_pays"],
        "funds_pay": text_from_fen(total - fen_from_text(breakdown["patient_pays"])),
        "payers": _parts(amounts, total),
        "parts": [
            {"code": code, "amount": breakdown[code], **_said(words)}
            for code, words in BILL_PARTS.items()
            if code == "in_scope" or fen_from_text(breakdown[code])
        ],
        "gap": [
            {"code": reason, "amount": amount, **_said(REASONS.get(reason, (reason, reason)))}
            for reason, amount in breakdown["gap"].items()
            if fen_from_text(amount)
        ],
        "steps": [_step(step) for step in breakdown["explanation"]],
        "assumptions": _assumptions(breakdown["assumptions"], pack, day),
        "pack": breakdown["pack"],
        "pack_title_zh": pack.title.zh if pack else breakdown["pack"],
        "pack_title_en": pack.title.en if pack else breakdown["pack"],
        "pack_version": breakdown["pack_version"],
    }


def _said(words: tuple[str, str]) -> dict[str, str]:
    return {"text_zh": words[0], "text_en": words[1]}


def _parts(amounts: Sequence[tuple[str, int]], total_fen: int) -> list[dict[str, Any]]:
    """Each payer with its place in the bar, in per cent of the bill; the patient last."""
    drawn = []
    begins = Decimal(0)
    for payer, amount_fen in amounts:
        if amount_fen == 0 and payer != PATIENT:
            continue
        percent = Decimal(0)
        if total_fen:
            percent = (Decimal(amount_fen) * 100 / total_fen).quantize(_STEP, ROUND_HALF_UP)
        drawn.append(
            {
                "code": payer,
                "amount": text_from_fen(amount_fen),
                "share": str(percent.quantize(Decimal("0.1"), ROUND_HALF_UP)),
                "pattern": PATTERNS[payer],
                "x": f"{begins}%",
                "width": f"{percent}%",
                "middle": f"{begins + percent / 2}%",
                "label": _label(percent),
                **_said(PAYERS[payer]),
            }
        )
        begins += percent
    return drawn


def _label(percent: Decimal) -> str:
    """Where the part's name stands in the bar: ``always``, on a ``desk`` alone, or ``never``."""
    if percent >= WIDE_ON_PHONE_PERCENT:
        return "always"
    return "desk" if percent >= WIDE_PERCENT else "never"


def _step(step: Mapping[str, Any]) -> dict[str, Any]:
    zh = with_separators(str(step["text_zh"]))
    return {
        "code": step["step"],
        "rule": step["rule"],
        "citation": step["citation"],
        "amount": step["amount"],
        "text_zh": zh,
        "text_en": with_separators(str(step.get("text_en") or zh)),
    }


def _assumptions(
    names: Sequence[str], pack: SettlementPack | None, day: date
) -> list[dict[str, str]]:
    """The parameters that the documents leave open, in the pack's words, with what was taken."""
    found = []
    for name in names:
        parameter = pack.parameters.by_name.get(name) if pack else None
        if parameter is None:
            found.append({"name": name, **_said((name, name))})
            continue
        words = parameter.description
        rows = shown_value(parameter.unit, written(parameter, parameter.value_at(day)))
        taken_zh = "；".join(row["text_zh"] for row in rows)
        taken_en = "; ".join(row["text_en"] for row in rows)
        found.append({"name": name, **_said((f"{words.zh}:{taken_zh}", f"{words.en}: {taken_en}"))})
    return found
