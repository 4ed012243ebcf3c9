"""The three shipped packs' arithmetic written a second time, straight from the rules' own words.

Whole numbers only: a ratio is a count of millionths. It shares nothing with the engine but the
facts of a bill; it knows no pack file and no tier.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from services.claims.settlement.bill import Bill, Line, Person, Standing

MILLION = 1_000_000
RURAL_POOR = {
    "registered_poor",
    "registered_poor_lifted",
    "destitute",
    "subsistence",
    "orphan",
    "low_income",
    "illness_impoverished_severe",
}


def fen(text: str) -> int:
    return int(Decimal(text) * 100)


def share(amount: int, ratio: str | Decimal) -> int:
    """amount × ratio, half a fen upwards."""
    millionths = int(Decimal(ratio) * MILLION)
    return (2 * amount * millionths + MILLION) // (2 * MILLION)


def lines_of(bill: Bill, person: Person, p: dict[str, Any], pack: str) -> dict[str, int]:
    found = dict.fromkeys(("waived", "out", "over", "b", "implant", "other", "scope", "total"), 0)
    found |= {"drug_scope": 0, "drug_total": 0}
    for line in bill.lines:
        waived = waiver(line, bill, person, p) if pack == "xinbin-2018" else 0
        charge = line.amount_fen - waived
        found["total"] += line.amount_fen
        found["waived"] += waived
        scope = over = first = out = 0
        if line.catalogue_class == "C":
            out = charge
        else:
            if line.price_limit_fen is not None:
                limit = line.price_limit_fen * (line.quantity or Decimal(1))
                whole = int(limit)
                whole += limit - whole >= Decimal("0.5")
                over = max(0, charge - whole)
            ratio: Any = line.self_first_ratio
            if ratio is None:
                ratio = p["class_b.self_first_ratio"] if line.catalogue_class == "B" else "0"
            first = share(charge - over, ratio)
            scope = charge - over - first
        reason = "b" if line.catalogue_class == "B" else "other"
        found["implant" if line.kind == "implant" else reason] += first
        found["out"] += out
        found["over"] += over
        found["scope"] += scope
        if line.kind == "drug":
            found["drug_scope"] += scope
            found["drug_total"] += line.amount_fen - waived
    return found


def waiver(line: Line, bill: Bill, person: Person, p: dict[str, Any]) -> int:
    visit = bill.visit
    near = visit.in_region and visit.facility_level in {"township", "secondary"}
    if not (near and person.categories):
        return 0
    if line.kind in {"registration", "consultation", "injection", "physical_cooling"}:
        return line.amount_fen
    if line.kind in {"ct", "mri", "bed", "surgery", "lab"}:
        return share(line.amount_fen, p["waiver.rate"])
    return 0


def critical(burden: int, deductible: int, segments: list[tuple[int, str]]) -> Decimal:
    above, total = max(0, burden - deductible), Decimal(0)
    for number, (start, ratio) in enumerate(segments):
        end = segments[number + 1][0] if number + 1 < len(segments) else above
        total += max(0, min(above, end) - start) * Decimal(ratio)
    return total


def inpatient(
    pack: str, bill: Bill, person: Person, year: Standing, p: dict[str, Any], scope: int
) -> dict[str, int]:
    visit, categories = bill.visit, person.categories
    level = visit.facility_level
    poor = bool(categories & RURAL_POOR)
    deductible = fen(p[f"basic.deductible.{level}"])
    ratio = Decimal(p[f"basic.ratio.{level}"])
    serious = fen(p["critical_illness.deductible"])
    segments = [(fen(s["above"]), s["ratio"]) for s in p["critical_illness.segments"]]
    if pack == "liangping-2019" and poor:
        if visit.in_region and level in {"secondary", "tertiary"}:
            deductible = share(deductible, p["tilt.deductible_factor"])
            ratio = min(Decimal(1), ratio + Decimal(p["tilt.ratio_points"]))
        serious = share(serious, p["critical_illness.deductible_factor"])
        if categories & {"registered_poor", "registered_poor_lifted", "destitute"}:
            points = Decimal(p["critical_illness.ratio_points"])
            segments = [(at, str(min(Decimal(1), Decimal(r) + points))) for at, r in segments]
    deductible = min(deductible, scope)
    room = max(0, fen(p["basic.annual_cap"]) - year.basic_paid)
    basic = min(share(scope - deductible, ratio), room)
    burden, before = scope - basic, year.critical_illness_burden
    exact = critical(before + burden, serious, segments) - critical(before, serious, segments)
    ill = int(exact)
    ill += exact - ill >= Decimal("0.5")
    left = burden - ill
    aid_ratio = None
    if pack == "liangping-2019":
        aid_ratio = p["medical_aid.ratio"] if poor else None
    elif categories:
        aid_ratio = p[f"medical_aid.ratio.{level}"]
        if pack == "jinkouhe-2016" and categories & {"registered_poor", "registered_poor_lifted"}:
            aid_ratio = str(max(Decimal(aid_ratio), Decimal(p["medical_aid.floor"])))
    room = max(0, fen(p["medical_aid.annual_cap"]) - year.medical_aid_paid)
    aid = min(share(left, aid_ratio), room) if aid_ratio is not None else 0
    return {
        "deductible": deductible,
        "basic_insurance": basic,
        "critical_illness": ill,
        "medical_aid": aid,
        "left": left - aid,
    }


def work_out(
    pack: str, bill: Bill, person: Person, year: Standing, p: dict[str, Any]
) -> dict[str, Any]:
    """Payers, the patient's share and its reasons, in fen."""
    visit, categories = bill.visit, person.categories
    parts = lines_of(bill, person, p, pack)
    paid = {"waiver_fund": parts["waived"]}
    scope = parts["scope"]
    deductible = fund = hospital = 0
    outside = parts["out"] + parts["over"] + parts["b"] + parts["implant"] + parts["other"]
    if visit.type == "inpatient":
        stay = inpatient(pack, bill, person, year, p, scope)
        deductible = stay.pop("deductible")
        left = stay.pop("left")
        paid |= stay
        near = visit.designated and (visit.in_region or visit.referral)
        if pack == "xinbin-2018" and categories and near:
            programmes = visit.programmes
            limited = "major_14" in programmes or (
                "serious_34" in programmes and bill.evidence.card_presented
            )
            still_poor = "registered_poor" in categories and (
                "registered_poor_lifted" not in categories
            )
            if limited:
                fund = min(left, fen(p["special_fund.limit"]))
                hospital = left - fund + outside
            elif "national_94" in programmes and still_poor:
                fund, hospital = left, outside
    elif (
        pack == "jinkouhe-2016"
        and visit.in_region
        and visit.facility_level
        in {
            "township",
            "village",
        }
    ):
        pooled = min(scope, max(0, fen(p["outpatient.annual_base"]) - year.outpatient_base_used))
        paid["basic_insurance"] = share(pooled, p["outpatient.ratio"])
    elif (
        pack == "xinbin-2018"
        and visit.type == "chronic_outpatient"
        and "chronic_4" in visit.programmes
    ):
        basic = share(parts["drug_scope"], p["outpatient.ratio"])
        paid["basic_insurance"] = basic
        if categories:
            room = max(0, fen(p["chronic_drugs.annual_cap"]) - year.chronic_drug_fund_paid)
            fund = min(parts["drug_total"] - basic, room)
    paid |= {"special_fund": fund, "hospital": hospital}
    total = parts["total"]
    return {
        "paid": {payer: amount for payer, amount in paid.items() if amount},
        "deductible": deductible,
        "in_scope": scope,
        "patient": total - sum(paid.values()),
    }
