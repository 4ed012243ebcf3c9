"""What a replay says: shares before and after, by whom and where, funds, winners and losers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

import numpy as np

from services.claims.settlement.explanation import PAYER_NAMES, REASON_NAMES
from services.claims.simulations.columns import Flags, Ints
from services.claims.simulations.population import LABELS, Population
from services.claims.simulations.replay import Replayed
from shared.money import ratio_text, text_from_fen, times

MOST_CHANGED = 1_000
"""So many changed visits are listed; all are counted."""
_INPATIENT = "inpatient"
_ASSUMED = {
    "dispensing_insurance_as_told": (
        "what the insurance paid of dispensed drugs is taken as it was told",
        "家庭医生投药的医保支付按原记录计",
    ),
    "dispensings_as_paid": (
        "where the pack has no yearly limit for chronic drugs, dispensings are taken as paid",
        "政策包未规定当日慢病投药年度限额，有关投药按原支付额计",
    ),
}
_REMAINDER = "in_scope_remainder"


@dataclass(frozen=True)
class Measures:
    """What is asked of both sides."""

    target: Decimal
    """The patients' share that is aimed at, such as 0.10 (JK-83)."""
    burden_fen: int
    """A household that pays more in the period stays above the threshold."""


def compare(
    population: Population, before: Replayed, after: Replayed, measures: Measures
) -> dict[str, Any]:
    """Before and after in the shape of the HTTP contract, and which visits changed.

    Only visits that both sides could calculate are compared; the others are counted by reason.
    """
    counted = population.inside & (before.refused == 0) & (after.refused == 0)
    return {
        "visits": int(counted.sum()),
        "persons": len(np.unique(population.columns.person[counted])),
        "households": len(np.unique(population.household[counted])),
        "refused": _refused(population, before, after),
        "before": _side(population, before, counted, measures),
        "after": _side(population, after, counted, measures),
        **_changes(population, before, after, counted),
        "dispensings": _dispensings(population, before, after),
    }


def _dispensings(population: Population, before: Replayed, after: Replayed) -> dict[str, Any]:
    """The fund's part of drugs that teams handed out, told apart from the visits' cost."""
    counted = population.dispensed_inside
    total = int(population.dispensed_total[counted].sum())
    rest = int(population.columns.dispensings.rest[counted].sum())
    sides = {}
    for name, side in (("before", before), ("after", after)):
        pays = int(side.dispensed[counted].sum())
        sides[name] = {
            "special_fund": text_from_fen(pays),
            "patient_pays": text_from_fen(rest - pays),
        }
    as_paid = int((after.as_paid & counted).sum())
    return {
        "count": int(counted.sum()),
        "total": text_from_fen(total),
        "basic_insurance": text_from_fen(total - rest),
        **sides,
        "changed": int((counted & (before.dispensed != after.dispensed)).sum()),
        "as_paid": as_paid,
        "assumptions": [
            {"code": code, "message": message, "message_zh": message_zh}
            for code, (message, message_zh) in _ASSUMED.items()
            if (as_paid if code == "dispensings_as_paid" else counted.any())
        ],
    }


def _refused(population: Population, before: Replayed, after: Replayed) -> list[dict[str, Any]]:
    found = []
    for side, replayed in (("before", before), ("after", after)):
        for number, code in enumerate(replayed.codes, start=1):
            visits = int((population.inside & (replayed.refused == number)).sum())
            if visits:
                found.append({"side": side, "code": code, "visits": visits})
    return found


def _side(
    population: Population, side: Replayed, counted: Flags, measures: Measures
) -> dict[str, Any]:
    patient = side.patient_pays
    total = int(side.total[counted].sum())
    pays = int(patient[counted].sum())
    gap = {reason: int(side.gap[reason][counted].sum()) for reason in REASON_NAMES}
    return {
        "total": text_from_fen(total),
        "waived": text_from_fen(int(side.waived[counted].sum())),
        "in_scope": text_from_fen(int(side.in_scope[counted].sum())),
        "payers": [
            {"payer": payer, "amount": text_from_fen(int(side.payers[payer][counted].sum()))}
            for payer in PAYER_NAMES
            if payer in side.payers
        ],
        "patient_pays": text_from_fen(pays),
        "patient_share": ratio_text(pays, total),
        "gap": {reason: text_from_fen(amount) for reason, amount in gap.items()},
        "target": _target(population, side, counted, measures, total, pays),
        "burden": _burden(population, patient, counted, measures),
        **{
            f"by_{label}": _groups(population, side.total, patient, counted, label)
            for label in LABELS
        },
    }


def _groups(
    population: Population, total: Ints, patient: Ints, counted: Flags, label: str
) -> list[dict[str, Any]]:
    group, words = population.labels[label]
    # bincount adds floats, which are exact up to 2**53 fen.
    size = len(words)
    visits = np.bincount(group[counted], minlength=size)
    totals = np.bincount(group[counted], weights=total[counted], minlength=size)
    pays = np.bincount(group[counted], weights=patient[counted], minlength=size)
    return [
        {
            label: word,
            "visits": int(visits[at]),
            "total": text_from_fen(int(totals[at])),
            "patient_pays": text_from_fen(int(pays[at])),
            "patient_share": ratio_text(int(pays[at]), int(totals[at])),
        }
        for at, word in sorted(enumerate(words), key=lambda each: each[1])
        if visits[at]
    ]


def _target(
    population: Population,
    side: Replayed,
    counted: Flags,
    measures: Measures,
    total: int,
    pays: int,
) -> dict[str, Any]:
    """What is above the target, split by the reasons of what patients pay (JK-83).

    Each reason has its part of the excess, in proportion to what patients pay for it; the remainder
    in scope is told apart by the pool that should have paid it.
    """
    group, words = population.labels["visit_type"]
    inpatient = np.array([word == _INPATIENT for word in words], dtype=bool)[group]
    rest = side.gap[_REMAINDER]
    reasons = {
        reason: int(side.gap[reason][counted].sum())
        for reason in REASON_NAMES
        if reason != _REMAINDER
    }
    reasons["inpatient_remainder"] = int(rest[counted & inpatient].sum())
    reasons["outpatient_remainder"] = int(rest[counted & ~inpatient].sum())
    allowed = times(total, measures.target)
    excess = max(0, pays - allowed)
    return {
        "share": str(measures.target),
        "allowed": text_from_fen(allowed),
        "excess": text_from_fen(excess),
        "met": pays <= allowed,
        "by_reason": [
            {
                "reason": reason,
                "patient_pays": text_from_fen(reasons[reason]),
                "excess": text_from_fen(part),
            }
            for reason, part in _apportioned(excess, reasons).items()
        ],
    }


def _apportioned(amount: int, weights: Mapping[str, int]) -> dict[str, int]:
    """An amount split in proportion, to the fen; the largest weight takes the rounding."""
    whole = sum(weights.values())
    if not whole:
        return dict.fromkeys(weights, 0)
    parts = {
        name: int((Decimal(amount) * weight / whole).quantize(Decimal(1), ROUND_HALF_UP))
        for name, weight in weights.items()
    }
    largest = max(weights, key=lambda name: weights[name])
    parts[largest] += amount - sum(parts.values())
    return parts


def _burden(
    population: Population, patient: Ints, counted: Flags, measures: Measures
) -> dict[str, Any]:
    size = int(population.household.max(initial=-1)) + 1
    paid = np.bincount(population.household[counted], weights=patient[counted], minlength=size)
    above = paid > measures.burden_fen
    return {
        "threshold": text_from_fen(measures.burden_fen),
        "households_above": int(above.sum()),
        "beyond_threshold": text_from_fen(int((paid[above] - measures.burden_fen).sum())),
    }


def _changes(
    population: Population, before: Replayed, after: Replayed, counted: Flags
) -> dict[str, Any]:
    was, becomes = before.patient_pays, after.patient_pays
    change = becomes - was
    moved = change != 0
    payers = [payer for payer in PAYER_NAMES if payer in before.payers or payer in after.payers]
    nothing = np.zeros(len(was), dtype=np.int64)
    sides = {
        payer: (before.payers.get(payer, nothing), after.payers.get(payer, nothing))
        for payer in payers
    }
    for one, other in sides.values():
        moved |= one != other
    moved &= counted
    places = np.flatnonzero(moved)
    places = places[np.argsort(-np.abs(change[places]), kind="stable")][:MOST_CHANGED]
    return {
        "winners": _moved(population, change, moved & (change < 0)),
        "losers": _moved(population, change, moved & (change > 0)),
        "changed_count": int(moved.sum()),
        "changed": [
            {
                "settlement_id": population.names[int(at)],
                "before": text_from_fen(int(was[at])),
                "after": text_from_fen(int(becomes[at])),
                "difference": text_from_fen(int(change[at])),
                "payers": [
                    {
                        "payer": payer,
                        "before": text_from_fen(int(one[at])),
                        "after": text_from_fen(int(other[at])),
                    }
                    for payer, (one, other) in sides.items()
                    if one[at] != other[at]
                ],
            }
            for at in places
        ],
    }


def _moved(population: Population, change: Ints, these: Flags) -> dict[str, Any]:
    return {
        "visits": int(these.sum()),
        "persons": len(np.unique(population.columns.person[these])),
        "amount": text_from_fen(int(np.abs(change[these]).sum())),
    }
