"""Packs and bills made by chance: any order of tiers of any kind, any values, any waivers."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st

from services.claims.settlement.bill import (
    ACCUMULATORS,
    LEVELS,
    Bill,
    Evidence,
    Line,
    Person,
    Standing,
    Visit,
)
from services.claims.settlement.conditions import When
from services.claims.settlement.explanation import PAYER_NAMES
from services.claims.settlement.kinds import (
    BeyondPatientCap,
    DeductibleAndRatio,
    PooledRatio,
    RatioOfRemainder,
    RemainderUpTo,
    SegmentsOverYear,
    StatedAmount,
    YearlyCap,
)
from services.claims.settlement.lines import (
    AFTER,
    BEFORE,
    CLASS_B_RATIO,
    IMPLANT_MAX,
    IMPLANT_MIN,
    LineRules,
    Waiver,
)
from services.claims.settlement.tiers import (
    Adjustment,
    Named,
    SettlementPack,
    Tier,
    TierHead,
)
from shared.policy.parameters import DatedValue, Parameter, Parameters
from shared.policy.reading import Citation, Words
from shared.policy.values import Shape, Value

DAY = date(2020, 5, 5)
SOURCE = Citation("a document by chance", "R-1")
PLAN = "resident"
USUAL_KINDS = ("drug", "lab", "bed", "ct", "other")
PAYERS = sorted(set(PAYER_NAMES) - {"waiver_fund"})

fen = st.one_of(st.integers(0, 300), st.integers(0, 2_000_000))
ratios = st.one_of(
    st.sampled_from([Decimal(0), Decimal(1), Decimal("0.5")]),
    st.integers(0, 1_000).map(lambda n: Decimal(n) / 1_000),
)


@dataclass
class Chance:
    """A pack with what a test asks about it."""

    pack: SettlementPack
    caps: dict[str, int]
    """Per accumulator that only capped benefits move: the highest of their caps."""
    lifting: list[str]
    """Ratios that a higher value can only make better for the patient."""
    deductibles: list[tuple[str, str]]
    """Deductibles that no tilt changes, with the payer that pays above them."""

    def with_value(self, name: str, value: Value) -> SettlementPack:
        listed = self.pack.parameters.by_name.values()
        return replace(
            self.pack,
            parameters=Parameters(
                replace(p, values=(DatedValue(date.min, None, value),)) if p.name == name else p
                for p in listed
            ),
        )


class Builder:
    """Draws one pack; every number becomes a parameter of its own."""

    def __init__(self, draw: Any) -> None:
        self.draw = draw
        self.parameters: list[Parameter] = []
        self.lifting: list[str] = []
        self.capped: dict[str, list[str]] = {}
        self.uncapped: set[str] = set()

    def value(self, value: Value, unit: str, *, name: str = "", **shape: Any) -> str:
        name = name or f"p{len(self.parameters)}"
        words, dated = Words("值", "value"), DatedValue(date.min, None, value)
        made = Parameter(name, words, Shape(unit, **shape), SOURCE, (dated,), False, "")
        self.parameters.append(made)
        return name

    def money(self) -> str:
        return self.value(self.draw(fen), "CNY")

    def ratio(self, *, lifts: bool = True) -> str:
        name = self.value(self.draw(ratios), "ratio")
        if lifts:
            self.lifting.append(name)
        return name

    def cap(self, *, optional: bool) -> YearlyCap:
        accumulator = self.draw(st.sampled_from(ACCUMULATORS[1:]))
        if optional and self.draw(st.booleans()):
            self.uncapped.add(accumulator)
            return YearlyCap("", accumulator)
        name = self.money()
        self.capped.setdefault(accumulator, []).append(name)
        return YearlyCap(name, accumulator)

    def when(self) -> When:
        """Mostly for everybody: a rule that seldom applies tests little."""
        if self.draw(st.integers(0, 3)):
            return When()
        return When(
            visit_types=self.draw(
                st.sampled_from([frozenset[str](), frozenset({"inpatient", "emergency"})])
            ),
            categories=self.draw(
                st.sampled_from([frozenset[str](), frozenset({"registered_poor", "orphan"})])
            ),
            in_region=self.draw(st.sampled_from([None, True])),
            card_presented=self.draw(st.sampled_from([None, True])),
        )

    def head(self, number: int, payer: str, kinds: frozenset[str], *, tilted: bool) -> TierHead:
        tilts: tuple[Adjustment, ...] = ()
        if tilted and self.draw(st.booleans()):
            target = self.draw(st.sampled_from(["deductible", "ratio", "segment_ratio"]))
            lifts = target != "deductible"
            operation = (
                self.draw(st.sampled_from(["add", "at_least", "multiply"])) if lifts else "multiply"
            )
            parameter = named(self.ratio(lifts=lifts))
            tilts = (Adjustment(target, operation, parameter, self.when(), SOURCE),)
        return TierHead(
            f"t{number}",
            number,
            payer,
            SOURCE,
            self.when(),
            tilts,
            group=self.draw(st.sampled_from(["", "", "g"])),
            line_kinds=kinds,
        )

    def tier(self, number: int, payer: str, kinds: frozenset[str]) -> Tier:
        head = self.head(number, payer, kinds, tilted=True)
        covers = self.draw(st.sampled_from(["in_scope", "everything"]))
        kind = self.draw(st.sampled_from(TIER_KINDS))
        if kind is DeductibleAndRatio:
            return DeductibleAndRatio(
                head, named(self.money()), named(self.ratio()), self.cap(optional=True)
            )
        if kind is PooledRatio:
            basis = self.value(self.draw(st.sampled_from(["cost", "fund"])), "text")
            pool = self.cap(optional=False)
            return PooledRatio(head, named(self.ratio()), pool.parameter, basis, pool.accumulator)
        if kind is SegmentsOverYear:
            edges = sorted({0, *self.draw(st.lists(fen, max_size=3))})
            rows = tuple({"above": edge, "ratio": self.draw(ratios)} for edge in edges)
            table = self.value(rows, "table", columns={"above": "CNY", "ratio": "ratio"})
            self.uncapped |= {"critical_illness_burden", "critical_illness_paid"}
            return SegmentsOverYear(
                head,
                named(self.money()),
                table,
                "critical_illness_burden",
                "critical_illness_paid",
            )
        if kind is RatioOfRemainder:
            return RatioOfRemainder(head, named(self.ratio()), self.cap(optional=True))
        if kind is RemainderUpTo:
            return self.remainder_up_to(head, covers)
        if kind is BeyondPatientCap:
            accumulator = self.draw(st.sampled_from(ACCUMULATORS[1:]))
            self.uncapped.add(accumulator)
            slope = named(self.money()), named(self.ratio(lifts=False))
            return BeyondPatientCap(head, covers, named(self.money()), *slope, accumulator)
        return StatedAmount(head, covers)

    def remainder_up_to(self, head: TierHead, covers: str) -> Tier:
        cap = self.cap(optional=True)
        if self.draw(st.booleans()):
            basis = self.draw(st.sampled_from(["case_disease", "person_year"]))
            return RemainderUpTo(head, covers, cap, self.money(), self.value(basis, "text"))
        return RemainderUpTo(head, covers, cap)

    def waiver(self, stage: str) -> Waiver:
        items = frozenset({self.draw(st.sampled_from(["*", "i1"]))})
        return Waiver(
            frozenset(self.draw(st.sets(st.sampled_from(USUAL_KINDS), min_size=1))),
            self.ratio(),
            self.when(),
            SOURCE,
            self.value(items, "list"),
            stage,
        )


TIER_KINDS = (
    DeductibleAndRatio,
    PooledRatio,
    SegmentsOverYear,
    RatioOfRemainder,
    RemainderUpTo,
    BeyondPatientCap,
    StatedAmount,
)


def named(name: str) -> Named:
    return Named({(level, PLAN): name for level in LEVELS})


@st.composite
def packs(draw: Any) -> Chance:
    """Tiers of some kinds of line first, then tiers of the whole bill, each with its own payer."""
    builder = Builder(draw)
    share = draw(st.integers(180, 600)) / Decimal(1_000)
    for name, ratio in (
        (CLASS_B_RATIO, share),
        (IMPLANT_MIN, Decimal("0.18")),
        (IMPLANT_MAX, Decimal("0.60")),
    ):
        builder.value(ratio, "ratio", name=name)
    stage = builder.value(draw(st.sampled_from([BEFORE, AFTER])), "text")
    waivers = tuple(builder.waiver(stage) for _ in range(draw(st.integers(0, 2))))
    payers = draw(st.permutations(PAYERS))[: draw(st.integers(1, 6))]
    narrow = draw(st.sampled_from([0, 2, 2]))
    tiers = []
    for number, payer in enumerate(payers):
        kinds = frozenset[str]()
        if number < narrow:
            kinds = (frozenset({"drug"}), frozenset({"drug", "lab"}))[number]
        tiers.append(builder.tier(number, payer, kinds))
    pack = SettlementPack(
        "by-chance",
        "0",
        Words("随机", "by chance"),
        date.min,
        None,
        Parameters(builder.parameters),
        LineRules(waivers, SOURCE, SOURCE, SOURCE, SOURCE),
        tuple(tiers),
        SOURCE,
        {PLAN: PLAN},
    )
    view = pack.parameters.at(DAY)
    caps = {
        accumulator: max(view.money_fen(name) for name in names)
        for accumulator, names in builder.capped.items()
        if accumulator not in builder.uncapped
    }
    deductibles = [
        (next(iter(tier.deductible.names.values())), tier.head.payer)
        for tier in tiers
        if isinstance(tier, DeductibleAndRatio)
        and not any(tilt.target == "deductible" for tilt in tier.head.adjustments)
    ]
    return Chance(pack, caps, builder.lifting, deductibles)


@st.composite
def lines(draw: Any) -> tuple[Line, ...]:
    found = []
    for number in range(draw(st.integers(1, 5))):
        kind = draw(st.sampled_from([*USUAL_KINDS, "drug", "implant"]))
        share = draw(st.none() | ratios)
        if kind == "implant":
            share = draw(st.integers(18, 60)) / Decimal(100)
        found.append(
            Line(
                number,
                "item",
                kind,
                draw(st.sampled_from("AABC")),
                draw(fen),
                item_code=draw(st.sampled_from(["i1", "i2"])),
                quantity=draw(st.none() | st.integers(1, 9).map(Decimal)),
                price_limit_fen=draw(st.none() | fen),
                self_first_ratio=share,
            )
        )
    return tuple(found)


def _bill(kind: str, level: str, near: bool, card: bool, told: int, of: tuple[Line, ...]) -> Bill:
    visit = Visit(kind, level, in_region=near, discharged_on=DAY)
    stated = {"commercial_insurance": told} if told else {}
    return Bill(visit, of, Evidence(card, stated))


bills = st.builds(
    _bill,
    st.sampled_from(["inpatient", "inpatient", "outpatient"]),
    st.sampled_from(LEVELS),
    st.booleans(),
    st.booleans(),
    st.sampled_from([0, 0, 5_000]),
    lines(),
)
people = st.builds(
    Person, st.frozensets(st.sampled_from(["registered_poor", "orphan", "marginal"]), max_size=2)
)
years = st.builds(Standing, *(fen for _ in ACCUMULATORS))
