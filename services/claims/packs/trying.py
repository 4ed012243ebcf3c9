"""A bill tried in the pack browser: what stands in its form, as a quote, and what was wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from pydantic import ValidationError

from services.claims.screens.kit import said
from services.claims.settlement.bill import ACCUMULATORS, CATEGORIES
from services.claims.settlement.schemas import QuoteRequest
from services.claims.settlement.tiers import SettlementPack
from shared.http.faults import field_faults
from shared.http.problem import FieldFault
from shared.web.forms import plain_number, ratio_of_percent
from shared.web.kit import Said, Typed

ROWS = 5
_LINE = re.compile(r"lines\[(\d+)\]\.(\w+)")
_COLUMNS = {"amount": "amount", "price_limit": "limit", "self_first_ratio": "first"}
_NAMES = {"visit.discharged_on": "day", "lines": "lines"}
_NAMES |= {f"year_to_date.{name}": name for name in ACCUMULATORS}


def first_example(pack: SettlementPack, today: date) -> Typed:
    """A registered poor person's stay, on the last day that is past and the pack's."""
    day = max(pack.valid_from, min(today, pack.valid_to or today))
    typed = Typed(day=day.isoformat(), type="inpatient", level="secondary", programme="")
    typed |= {"in_region": "1", "designated": "1", "category-registered_poor": "1"}
    for row, (kind, catalogue_class, amount) in enumerate(
        (("bed", "A", "3000.00"), ("drug", "B", "1000.00"), ("drug", "C", "500.00"))
    ):
        typed |= {f"kind-{row}": kind, f"class-{row}": catalogue_class, f"amount-{row}": amount}
    return Typed(typed)


def quote_of(pack: SettlementPack, typed: Typed) -> tuple[QuoteRequest | None, dict[str, Said]]:
    """The quote that the form describes, or what is wrong with its fields."""
    filled = [row for row in range(ROWS) if typed[f"amount-{row}"]]
    if not filled:
        return None, {"lines": said("pack.try.empty")}
    faults: dict[str, Said] = {}
    lines = [_line(typed, row, faults) for row in filled]
    plans = sorted(set(pack.plans.values()))
    visit: dict[str, Any] = {
        "type": typed["type"],
        "facility_level": typed["level"],
        "in_region": bool(typed["in_region"]),
        "designated": bool(typed["designated"]),
        "referral": bool(typed["referral"]),
        "admitted_on": typed["day"],
        "discharged_on": typed["day"],
        "diagnoses": [],
    }
    if typed["programme"]:
        visit["disease_programme"] = typed["programme"]
    body = {
        "pack": pack.pack_id,
        "visit": visit,
        "person": {
            "categories": [code for code in sorted(CATEGORIES) if typed[f"category-{code}"]],
            "insurance_plan": typed["plan"] or plans[0],
        },
        "evidence": {"card_presented": bool(typed["card"])},
        "year_to_date": {name: plain_number(typed[name]) for name in ACCUMULATORS if typed[name]},
        "lines": lines,
    }
    try:
        quote = QuoteRequest.model_validate(body)
    except ValidationError as error:
        placed, _ = at_fields(field_faults(error.errors()), filled)
        return None, placed | faults
    return (None, faults) if faults else (quote, {})


def _line(typed: Typed, row: int, faults: dict[str, Said]) -> dict[str, Any]:
    line: dict[str, Any] = {
        "line_no": row + 1,
        "name": typed[f"kind-{row}"] or "other",
        "kind": typed[f"kind-{row}"],
        "catalogue_class": typed[f"class-{row}"],
        "amount": plain_number(typed[f"amount-{row}"]),
    }
    if typed[f"limit-{row}"]:
        line["price_limit"] = plain_number(typed[f"limit-{row}"])
    if typed[f"first-{row}"]:
        ratio = ratio_of_percent(typed[f"first-{row}"])
        if ratio is None:
            faults[f"first-{row}"] = said("pack.try.number")
        else:
            line["self_first_ratio"] = ratio
    return line


def filled_rows(typed: Mapping[str, str]) -> list[int]:
    """The form's rows that became lines, in their order."""
    return [row for row in range(ROWS) if typed.get(f"amount-{row}")]


def at_fields(
    faults: Sequence[FieldFault], filled: Sequence[int]
) -> tuple[dict[str, Said], list[Said]]:
    """Faults beside the form's fields, and those that belong to none."""
    placed: dict[str, Said] = {}
    others: list[Said] = []
    for fault in faults:
        words = {"text_zh": fault.message_zh, "text_en": fault.message}
        line = _LINE.fullmatch(fault.field)
        name = _NAMES.get(fault.field, "")
        if line is not None and line[2] in _COLUMNS and int(line[1]) < len(filled):
            name = f"{_COLUMNS[line[2]]}-{filled[int(line[1])]}"
        if name:
            placed.setdefault(name, words)
        else:
            others.append(words)
    return placed, others
