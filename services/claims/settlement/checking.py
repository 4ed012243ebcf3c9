"""What only the whole pack shows: rules that meet without a stated order, rules never reached.

A general rule and its exceptions are written by conditions. Two rules of one kind that both hold
for some visit are a conflict that the author must settle, never a silent order of lines in a file;
the fault names such a visit.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import combinations

from services.claims.settlement.conditions import Case, When
from services.claims.settlement.kinds import Notice, StatedAmount
from services.claims.settlement.lines import Waiver
from services.claims.settlement.possible import Bounds, example
from services.claims.settlement.tiers import Adjustment, SettlementPack, Tier
from shared.policy.reading import Reader

_ORDER_DOES_NOT_MATTER = frozenset({"at_least"})
"""Of several floors the highest counts, in whatever order they are looked at."""


def check_rules(head: Reader, pack: SettlementPack) -> None:
    """Note conflicts, and rules never reached, among the rules that could be read."""
    last = pack.valid_to or date.max
    if last < pack.valid_from:
        return  # told already
    plans = tuple(sorted(set(pack.plans.values())))
    bounds = Bounds(pack.valid_from, last, plans, pack.parameters.at(pack.valid_from))
    sound = _sound(head, pack.tiers)
    checker = _Checker(head, bounds, {tier.head.id: tier for tier in sound})
    for position, tier in enumerate(sound):
        checker.tier(tier, sound[:position])
    if not any(".when" in f.where and f.where.startswith("waivers") for f in head.faults):
        checker.waivers(pack.line_rules.waivers)


def _sound(head: Reader, tiers: Iterable[Tier]) -> list[Tier]:
    """Less those whose conditions or payer have a fault of their own: nothing follows from these."""
    listed = head.content.get("tiers")
    told = [
        fault.where
        for fault in head.faults
        if fault.file == head.file and (".when" in fault.where or fault.where.endswith(".payer"))
    ]
    unread = {
        str(entry.get("id"))
        for position, entry in enumerate(listed if isinstance(listed, list) else ())
        if isinstance(entry, dict)
        and any(where.startswith(f"tiers[{position}].") for where in told)
    }
    return [tier for tier in tiers if tier.head.id not in unread]


@dataclass(frozen=True)
class _Checker:
    head: Reader
    bounds: Bounds
    by_id: dict[str, Tier]

    def tier(self, tier: Tier, earlier: Sequence[Tier]) -> None:
        own = tier.head
        siblings = [
            other.head.when
            for other in earlier
            if own.group
            and other.head.group == own.group
            # These two may leave the visit to the next of the group though their conditions hold.
            and not isinstance(other, Notice | StatedAmount)
        ]
        if not self._reached(tier, siblings):
            return
        self._adjustments(tier, siblings)
        for other in earlier:
            self._pair(tier, other)

    def _conditions(self, tier: Tier) -> Iterator[list[When]]:
        """What must hold for the tier to apply; each of several ways."""
        if not tier.head.follows:
            yield [tier.head.when]
        for tier_id in sorted(tier.head.follows):
            if tier_id in self.by_id:
                yield [tier.head.when, self.by_id[tier_id].head.when]

    def _example(
        self, tier: Tier, also: Sequence[When] = (), none_of: Sequence[When] = ()
    ) -> Case | None:
        for conditions in self._conditions(tier):
            found = example(self.bounds, [*conditions, *also], none_of)
            if found is not None:
                return found
        return None

    def _reached(self, tier: Tier, siblings: list[When]) -> bool:
        own, when, place = tier.head, tier.head.when, f"tiers.{tier.head.id}"
        outside = when.last_day < self.bounds.first or self.bounds.last < when.first_day
        if outside or when.last_day < when.first_day:
            self.head.fault(
                place,
                "unreachable",
                "the tier's dates lie outside the pack's; correct them or remove the tier",
                "该层次的日期不在政策包有效期内；请改正或删除",
            )
            return False
        if own.follows and not all(tier_id in self.by_id for tier_id in own.follows):
            return False  # told already, of the tier that it follows
        if self._example(tier) is None:
            self.head.fault(
                place,
                "unreachable",
                "no visit can meet these conditions together; correct one of them",
                "没有就诊能同时满足这些条件；请改正其中之一",
            )
            return False
        if siblings and self._example(tier, none_of=siblings) is None:
            self.head.fault(
                place,
                "unreachable",
                f"every such visit is taken by an earlier tier of the group {own.group}; narrow the"
                " earlier one, or put the exception before the general rule",
                f"凡符合条件的就诊都已由 group {own.group} 中排在前面的层次支付；"
                "请缩小前面层次的条件，或将特殊规定排在一般规定之前",
            )
            return False
        return True

    def _pair(self, tier: Tier, other: Tier) -> None:
        """One payer pays a visit's line by one rule, unless a group says which."""
        own, before = tier.head, other.head
        if own.group and own.group == before.group:
            return
        if isinstance(tier, Notice) or isinstance(other, Notice) or before.when.excludes(own.when):
            return
        apart = bool(own.line_kinds and before.line_kinds) and own.line_kinds.isdisjoint(
            before.line_kinds
        )
        within = bool(before.line_kinds) and before.line_kinds <= own.line_kinds
        conflict = before.payer == own.payer and not apart
        doubtful = bool(own.line_kinds) and not apart and not within
        met = None
        if conflict or doubtful:
            for conditions in self._conditions(other):
                met = met or self._example(tier, also=conditions)
        if met is None:
            return
        if conflict:
            self.head.fault(
                f"tiers.{own.id}",
                "tiers_conflict",
                f"this tier and {before.id} have one payer and both apply, for example to"
                f" {_told(met)}; narrow their conditions, or put both in one group so that the"
                " first that applies pays",
                f"本层次与 {before.id} 支付方相同且会同时适用，例如 {_told(met)};"
                "请缩小条件，或放入同一 group,由先适用者支付",
            )
        if doubtful:
            self.head.fault(
                f"tiers.{own.id}",
                "line_kinds_in_doubt",
                f"the earlier tier {before.id} may relieve lines of these kinds and of others, for"
                f" example for {_told(met)}; put this tier before it, or narrow the conditions so"
                " that not both apply",
                f"之前的层次 {before.id} 可能同时支付这些类别与其他类别的明细，例如 {_told(met)};"
                "请将本层次提前，或缩小条件避免同时适用",
            )

    def _adjustments(self, tier: Tier, siblings: list[When]) -> None:
        placed = list(_placed_adjustments(self.head, tier))
        for place, adjustment in placed:
            if self._example(tier, [adjustment.when], siblings) is None:
                self.head.fault(
                    place,
                    "unreachable",
                    "no visit of this tier can meet the adjustment's conditions; correct them or"
                    " remove it",
                    "本层次的就诊都不能满足该调整的条件；请改正或删除",
                )
        for (_, first), (place, second) in combinations(placed, 2):
            alike = first.operation == second.operation
            settled = (
                first.target != second.target
                or first.order != second.order
                or (alike and first.operation in _ORDER_DOES_NOT_MATTER)
            )
            met = None if settled else self._example(tier, [first.when, second.when], siblings)
            if met is not None:
                self.head.fault(
                    place,
                    "adjustments_conflict",
                    f"this adjustment and another of the same target ({second.target}) both apply,"
                    f" for example to {_told(met)}; narrow their conditions, or give each its"
                    " order when both are meant to count",
                    f"该调整与另一项同一对象({second.target})的调整会同时适用，例如 {_told(met)};"
                    "请缩小条件；如确需叠加，请分别注明 order",
                )

    def waivers(self, waivers: Sequence[Waiver]) -> None:
        for position, waiver in enumerate(waivers):
            if example(self.bounds, [waiver.when]) is None:
                self.head.fault(
                    f"waivers[{position}]",
                    "unreachable",
                    "no visit can meet this waiver's conditions within the pack's dates; correct"
                    " them or remove it",
                    "在政策包有效期内没有就诊能满足该减免的条件；请改正或删除",
                )
        for (_, first), (position, second) in combinations(enumerate(waivers), 2):
            kinds = first.kinds & second.kinds
            # A list of items names what it means: of two the first that names the item counts.
            listed = first.items and first.items != second.items
            met = None
            if kinds and not listed:
                met = example(self.bounds, [first.when, second.when])
            if met is not None:
                words = ", ".join(sorted(kinds))
                self.head.fault(
                    f"waivers[{position}]",
                    "waivers_conflict",
                    f"two waivers apply to {words}, for example for {_told(met)}; name each kind of"
                    " line in one of them, or narrow their conditions",
                    f"有两项减免同时适用于 {words}，例如 {_told(met)}；每种项目请只写入一项，或缩小条件",
                )


def _placed_adjustments(head: Reader, tier: Tier) -> Iterator[tuple[str, Adjustment]]:
    """Each adjustment with its place in the file; they are kept in the order of application."""
    listed = next(
        (
            entry.get("adjustments")
            for entry in head.content.get("tiers", ())
            if isinstance(entry, dict) and entry.get("id") == tier.head.id
        ),
        None,
    )
    orders = [
        entry.get("order", 0) if isinstance(entry.get("order", 0), int) else 0
        for entry in listed or ()
    ]
    positions = sorted(range(len(orders)), key=lambda position: orders[position])
    for position, adjustment in zip(positions, tier.head.adjustments, strict=False):
        yield f"tiers.{tier.head.id}.adjustments[{position}]", adjustment


def _told(case: Case) -> str:
    """A visit in the words of the pack's files, which an author can look for."""
    visit = case.visit
    parts = [
        f"type {visit.type}",
        f"facility_level {visit.facility_level}",
        f"in_region {str(visit.in_region).lower()}",
        f"categories [{', '.join(sorted(case.person.categories))}]",
    ]
    if visit.programmes:
        parts.append(f"disease_programme [{', '.join(visit.programmes)}]")
    return ", ".join([*parts, f"on {case.day}"])
