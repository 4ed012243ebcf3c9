"""The engine: one bill, one pack, one person, one year so far — every payer's share to the fen.

Pure and deterministic. The order of calculation is that of settlement.md; regions differ only in
their packs. Emergency and chronic visits are calculated as the pack's tiers say: the
``jinkouhe-2016`` pack reads all three out-of-hospital kinds of visit as outpatient (JK-07).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from functools import partial
from typing import Any

from services.claims.settlement.bill import (
    Bill,
    BillRefused,
    Evidence,
    Line,
    PackDoesNotCover,
    Person,
    Standing,
    Visit,
    refusals_of,
)
from services.claims.settlement.conditions import Case
from services.claims.settlement.explanation import REASON_NAMES, Step, patient_step
from services.claims.settlement.lines import LineSplit, line_steps, split_lines
from services.claims.settlement.relief import waive_after_insurance
from services.claims.settlement.tiers import Calculation, Cut, SettlementPack, run_tiers
from shared.money import text_from_fen
from shared.policy.errors import OverrideRefused, ParameterMissing, Refusal, Refused

__all__ = [
    "Bill",
    "BillRefused",
    "Evidence",
    "Line",
    "OverrideRefused",
    "PackDoesNotCover",
    "ParameterMissing",
    "Person",
    "Refusal",
    "Refused",
    "Settlement",
    "SettlementPack",
    "Standing",
    "Visit",
    "settle",
]

NOTHING_SO_FAR = Standing()


def cuts_as_dicts(cuts: Iterable[Cut]) -> list[dict[str, str]]:
    """In the shape of the HTTP contract."""
    return [
        {
            "benefit": cut.benefit,
            "amount": text_from_fen(cut.amount),
            "cap": text_from_fen(cut.cap),
        }
        for cut in cuts
    ]


@dataclass(frozen=True, slots=True)
class Settlement:
    """A bill split among its payers; all amounts in fen.

    Σ payers + patient_pays = total = waived + out_of_catalogue + over_limit + self_first + in_scope.
    ``payers`` are in the order of the tiers and hold each tier that applied, with 0 if it paid
    nothing. ``waived`` is what left the bill before insurance. ``gap`` tells the reasons of ``patient_pays`` and sums to it (JK-83). ``consumed`` is
    what the visit adds to the person's ``year``.
    """

    pack: str
    pack_version: str
    day: date
    total: int
    waived: int
    out_of_catalogue: int
    over_limit: int
    self_first: int
    self_first_class_b: int
    self_first_implant: int
    self_first_other: int
    in_scope: int
    deductible: int
    payers: tuple[tuple[str, int], ...]
    patient_pays: int
    gap: Mapping[str, int]
    assumptions: tuple[str, ...]
    consumed: Standing
    lines: tuple[LineSplit, ...]
    line_story: Callable[[], list[Step]] = field(compare=False)
    story: tuple[Callable[[], Step], ...] = field(compare=False)
    cuts: tuple[Cut, ...] = ()
    """What yearly caps kept from benefits; room that comes free is offered to such bills."""

    @property
    def explanation(self) -> tuple[Step, ...]:
        """The steps in their order, put into words when they are asked for."""
        return (*self.line_story(), *(step() for step in self.story))

    @property
    def year(self) -> int:
        """The calendar year whose standing the visit moves."""
        return self.day.year

    def paid_by(self, payer: str) -> int:
        """A payer's share; 0 for one that took no part."""
        return dict(self.payers).get(payer, 0)

    def as_breakdown(self) -> dict[str, Any]:
        """The quote contract's answer: amounts as CNY strings."""
        answer: dict[str, Any] = {
            "pack": self.pack,
            "pack_version": self.pack_version,
            "total": text_from_fen(self.total),
            "waived": text_from_fen(self.waived),
            "out_of_catalogue": text_from_fen(self.out_of_catalogue),
            "over_limit": text_from_fen(self.over_limit),
            "self_first": text_from_fen(self.self_first),
            "in_scope": text_from_fen(self.in_scope),
            "deductible": text_from_fen(self.deductible),
            "payers": [
                {"payer": payer, "amount": text_from_fen(fen)} for payer, fen in self.payers
            ],
            "patient_pays": text_from_fen(self.patient_pays),
            "explanation": [step.as_dict() for step in self.explanation],
            "gap": {reason: text_from_fen(fen) for reason, fen in self.gap.items()},
            "assumptions": list(self.assumptions),
        }
        if self.cuts:
            answer["cuts"] = cuts_as_dicts(self.cuts)
        return answer


def settle(
    bill: Bill,
    pack: SettlementPack,
    person: Person,
    standing: Standing = NOTHING_SO_FAR,
    *,
    parameters: Mapping[str, Any] | None = None,
) -> Settlement:
    """Split a bill among every payer of the pack and the patient.

    ``standing`` is the person's year before this visit; ``parameters`` replaces named values for
    this one calculation, written as in the pack. Values are those of the day of discharge (of the
    visit, for an outpatient).

    Raises:
        BillRefused: the visit, the person or lines are wrong; every fault is listed.
        PackDoesNotCover: the pack is not in force on that day.
        ParameterMissing: a rule that applies needs a parameter without a value.
        OverrideRefused: a replaced parameter is unknown or malformed.
    """
    refusals = refusals_of(bill, person, standing)
    plan = pack.plans.get(person.insurance_plan)
    if plan is None:
        listed = ", ".join(sorted(set(pack.plans.values())))
        refusals.append(
            Refusal(
                "unknown_insurance_plan",
                "person.insurance_plan",
                f"the pack does not know this plan; write one of: {listed}",
                f"政策包没有这个险种；应为以下之一: {listed}",
            )
        )
    if refusals or plan is None:
        raise BillRefused(refusals)
    day = bill.visit.day
    if day is None:
        raise AssertionError("a visit without a day was refused above")
    if not pack.covers(day):
        raise PackDoesNotCover(pack.pack_id, day, pack.valid_from, pack.valid_to)
    if plan != person.insurance_plan:
        person = replace(person, insurance_plan=plan)
    view = pack.parameters.at(day, parameters)
    case = Case(bill.visit, person, bill.evidence, standing, view, day)
    totals = split_lines(bill.lines, case, pack.line_rules)
    calculation = Calculation(case, totals)
    run_tiers(pack, calculation)
    waive_after_insurance(bill.lines, calculation, pack.line_rules)
    gap = {reason: calculation.left[reason] for reason in REASON_NAMES}
    calculation.say(patient_step, pack.patient_citation, totals.total, gap)
    settlement = Settlement(
        pack=pack.pack_id,
        pack_version=pack.version,
        day=day,
        total=totals.total,
        waived=totals.waived,
        out_of_catalogue=totals.left["out_of_catalogue"],
        over_limit=totals.left["over_limit"],
        self_first=totals.self_first_total,
        self_first_class_b=totals.left["self_first_class_b"],
        self_first_implant=totals.left["self_first_implant"],
        self_first_other=totals.left["self_first_other"],
        in_scope=totals.in_scope,
        deductible=calculation.deductible,
        payers=tuple(calculation.payers.items()),
        patient_pays=sum(gap.values()),
        gap=gap,
        assumptions=view.assumptions,
        consumed=Standing(**calculation.consumed),
        lines=totals.splits,
        line_story=partial(line_steps, totals, case, pack.line_rules),
        story=tuple(calculation.story),
        cuts=tuple(calculation.cuts),
    )
    _assert_sound(settlement)
    return settlement


def _assert_sound(settlement: Settlement) -> None:
    """Nothing is lost, nothing is invented, nobody pays less than nothing."""
    shares = [fen for _, fen in settlement.payers]
    if min([settlement.patient_pays, *shares, *settlement.gap.values()]) < 0:
        raise AssertionError("no share of a bill may be negative")
    if sum(shares) + settlement.patient_pays != settlement.total:
        raise AssertionError("the payers' shares and the patient's must add up to the bill")
