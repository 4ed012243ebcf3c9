"""Reading a pack's rules: conditions, tiers, tilts, waivers, with every fault noted."""

from __future__ import annotations

from datetime import date

from services.claims.settlement.bill import (
    ACCUMULATORS,
    CATEGORIES,
    DISEASE_PROGRAMMES,
    LEVELS,
    LINE_KINDS,
    VISIT_TYPES,
)
from services.claims.settlement.conditions import When
from services.claims.settlement.explanation import PAYER_NAMES
from services.claims.settlement.lines import LineRules, Waiver
from services.claims.settlement.tiers import (
    Adjustment,
    ByLevel,
    DeductibleAndRatio,
    PooledRatio,
    RatioOfRemainder,
    SegmentsOverYear,
    Tier,
    TierHead,
    WaitingTier,
)
from shared.policy.parameters import Parameters
from shared.policy.reading import Citation, Reader
from shared.policy.values import Shape

PARAMETERS_FILE = "parameters.yaml"
MAX_TIERS = 100
_LEVEL = "<level>"
_KINDS = frozenset(
    {"deductible_and_ratio", "pooled_ratio", "segments_over_year", "ratio_of_remainder"}
)
_MODES = frozenset({"immediate", "ex_post", "disabled"})
_OPERATIONS = {
    "deductible": frozenset({"multiply"}),
    "ratio": frozenset({"add", "at_least", "multiply"}),
    "segment_ratio": frozenset({"add", "at_least", "multiply"}),
}
_ACCUMULATORS = frozenset(ACCUMULATORS)
_FLAGS = ("any_category", "in_region", "designated", "referral", "card_presented")
_SETS = {
    "visit_types": VISIT_TYPES,
    "facility_levels": frozenset(LEVELS),
    "categories": CATEGORIES,
    "disease_programmes": DISEASE_PROGRAMMES,
}


class Names:
    """Checks that each parameter a rule names exists and has the unit the rule needs."""

    def __init__(self, parameters: Parameters) -> None:
        self.parameters = parameters

    def one(self, reader: Reader, key: str, unit: str, *, name: str = "") -> str:
        wanted = name or reader.text(key)
        if not wanted:
            return ""
        found = self.parameters.by_name.get(wanted)
        if found is None:
            reader.fault(
                key,
                "unknown_parameter",
                f"{wanted} is not in {PARAMETERS_FILE}; add it with its source",
                f"{PARAMETERS_FILE} 中没有 {wanted};请注明出处后添加",
            )
        elif found.unit and found.unit != unit:
            reader.fault(
                key,
                "wrong_unit",
                f"{wanted} has the unit {found.unit}, this rule needs {unit}",
                f"{wanted} 的单位为 {found.unit},此处需要 {unit}",
            )
        return wanted

    def by_level(self, reader: Reader, key: str, unit: str, when: When) -> ByLevel:
        """A name for each level; ``<level>`` in it stands for the institution's level."""
        pattern = reader.text(key)
        if not pattern:
            return dict.fromkeys(LEVELS, "")
        if _LEVEL not in pattern:
            return dict.fromkeys(LEVELS, self.one(reader, key, unit, name=pattern))
        names = {level: pattern.replace(_LEVEL, level) for level in LEVELS}
        for level in sorted(when.facility_levels) or LEVELS:
            self.one(reader, key, unit, name=names[level])
        return names

    def segments(self, reader: Reader, key: str) -> str:
        name = self.one(reader, key, "table")
        found = self.parameters.by_name.get(name)
        if found is not None and found.unit == "table":
            shape: Shape = found.shape
            if (
                dict(shape.columns) != {"above": "CNY", "ratio": "ratio"}
                or shape.brackets != "above"
            ):
                reader.fault(
                    key,
                    "wrong_table",
                    f"{name} needs the columns above (CNY) and ratio (ratio), with brackets: above",
                    f"{name} 应有 above(CNY)和 ratio(ratio)两列,并注明 brackets: above",
                )
        return name


def read_plans(head: Reader) -> dict[str, str]:
    """Each accepted word for an insurance plan, to the plan's code."""
    listed = head.child("insurance_plans")
    words: dict[str, str] = {}
    if listed is None:
        return words
    for code in listed.content:
        for word in (str(code), *listed.texts(str(code))):
            if words.setdefault(word, str(code)) != str(code):
                listed.fault(
                    str(code),
                    "repeated",
                    f"{word} stands for two plans; give it to one",
                    f"{word} 对应两个险种;请只保留一个",
                )
    return words


def _when(parent: Reader, plans: dict[str, str]) -> When:
    reader = parent.child("when", required=False)
    if reader is None:
        return When()
    sets: dict[str, frozenset[str]] = {}
    with reader.whole():
        for key, allowed in (*_SETS.items(), ("insurance_plans", frozenset(plans.values()))):
            words = reader.texts(key, required=False)
            if key in reader.content and not words:
                reader.fault(
                    key,
                    "unreachable",
                    "an empty list fits no visit; name something or remove the condition",
                    "空列表不适用于任何就诊;请填写或删去该条件",
                )
            for word in words:
                if word not in allowed:
                    reader.fault(
                        key,
                        "unknown_word",
                        f"{word} is not one of: {', '.join(sorted(allowed))}",
                        f"{word} 应为以下之一: {', '.join(sorted(allowed))}",
                    )
            sets[key] = frozenset(words)
        flags = {key: reader.maybe_flag(key) if key in reader.content else None for key in _FLAGS}
        first = reader.day("from", required=False)
        last = reader.day("to", required=False)
    return When(
        sets["visit_types"],
        sets["facility_levels"],
        sets["categories"],
        sets["insurance_plans"],
        sets["disease_programmes"],
        flags["any_category"],
        flags["in_region"],
        flags["designated"],
        flags["referral"],
        flags["card_presented"],
        first or date.min,
        last or date.max,
    )


def read_line_rules(
    head: Reader, names: Names, plans: dict[str, str]
) -> tuple[LineRules, Citation]:
    waivers = []
    for child in head.children("waivers", required=False):
        with child.whole():
            kinds = child.texts("kinds")
            for kind in kinds:
                if kind not in LINE_KINDS:
                    child.fault(
                        "kinds",
                        "unknown_word",
                        f"{kind} is not one of: {', '.join(sorted(LINE_KINDS))}",
                        f"{kind} 应为以下之一: {', '.join(sorted(LINE_KINDS))}",
                    )
            ratio = names.one(child, "ratio", "ratio")
            child.choice("stage", frozenset({"before_insurance"}))
            waivers.append(Waiver(frozenset(kinds), ratio, _when(child, plans), child.citation()))
    nowhere = Citation("", "")
    reader = head.child("line_rules")
    if reader is None:
        return LineRules(tuple(waivers), nowhere, nowhere, nowhere, nowhere), nowhere
    with reader.whole():
        rules = LineRules(
            tuple(waivers),
            reader.citation("out_of_catalogue"),
            reader.citation("over_limit"),
            reader.citation("self_first_other"),
            reader.citation("in_scope"),
        )
        patient = reader.citation("patient")
    return rules, patient


def read_tiers(
    head: Reader, names: Names, plans: dict[str, str]
) -> tuple[tuple[Tier, ...], tuple[WaitingTier, ...]]:
    tiers: list[Tier] = []
    waiting: list[WaitingTier] = []
    readers = head.children("tiers")
    if not readers or len(readers) > MAX_TIERS:
        head.fault(
            "tiers",
            "no_tiers",
            f"a pack has 1 to {MAX_TIERS} tiers",
            f"政策包应有 1 至 {MAX_TIERS} 个支付层次",
        )
        return (), ()
    last_order: int | None = None
    seen: set[str] = set()
    for reader in readers:
        with reader.whole():
            tier_id = reader.text("id")
            order = reader.whole_number("order")
            if tier_id in seen:
                reader.fault(
                    "id",
                    "repeated",
                    "another tier has this id; give each its own",
                    "支付层次的 id 重复;每层应有自己的 id",
                )
            seen.add(tier_id)
            if order is not None and last_order is not None and order <= last_order:
                reader.fault(
                    "order",
                    "unordered_tiers",
                    f"the order {order} does not come after {last_order}; number the tiers"
                    " upwards, each once, as they pay",
                    f"序号 {order} 不在 {last_order} 之后;请按支付先后递增编号,不得重复",
                )
            last_order = order if order is not None else last_order
            payer = reader.choice("payer", frozenset(PAYER_NAMES))
            citation = reader.citation()
            mode = reader.choice("mode", _MODES, required=False) or "immediate"
            if mode == "immediate":
                tier = _tier(
                    reader, names, plans, TierHead(tier_id, order or 0, payer, citation, When())
                )
                if tier is not None:
                    tiers.append(tier)
            else:
                waiting.append(WaitingTier(tier_id, payer, mode, citation, reader.words("note")))
    return tuple(tiers), tuple(waiting)


def _tier(reader: Reader, names: Names, plans: dict[str, str], bare: TierHead) -> Tier | None:
    kind = reader.choice("kind", _KINDS)
    when = _when(reader, plans)
    head = TierHead(
        bare.id,
        bare.order,
        bare.payer,
        bare.citation,
        when,
        tuple(
            _adjustment(child, names, plans)
            for child in reader.children("adjustments", required=False)
        ),
        reader.text("group", required=False),
        reader.words("otherwise") if "otherwise" in reader.content else None,
    )
    if kind == "deductible_and_ratio":
        return DeductibleAndRatio(
            head,
            names.by_level(reader, "deductible", "CNY", when),
            names.by_level(reader, "ratio", "ratio", when),
            names.one(reader, "cap", "CNY"),
            reader.choice("accumulator", _ACCUMULATORS),
        )
    if kind == "pooled_ratio":
        return PooledRatio(
            head,
            names.by_level(reader, "ratio", "ratio", when),
            names.one(reader, "pool", "CNY"),
            _basis(reader, names),
            reader.choice("accumulator", _ACCUMULATORS),
        )
    if kind == "segments_over_year":
        return SegmentsOverYear(
            head,
            names.one(reader, "deductible", "CNY"),
            names.segments(reader, "segments"),
            reader.choice("burden", _ACCUMULATORS),
            reader.choice("accumulator", _ACCUMULATORS),
        )
    if kind == "ratio_of_remainder":
        return RatioOfRemainder(
            head,
            names.by_level(reader, "ratio", "ratio", when),
            names.one(reader, "cap", "CNY"),
            reader.choice("accumulator", _ACCUMULATORS),
        )
    return None


def _basis(reader: Reader, names: Names) -> str:
    name = names.one(reader, "basis", "text")
    found = names.parameters.by_name.get(name)
    if found is not None and found.shape.choices != {"cost", "fund"}:
        reader.fault(
            "basis",
            "wrong_choices",
            f"{name} needs the choices cost and fund",
            f"{name} 的 choices 应为 cost 和 fund",
        )
    return name


def _adjustment(reader: Reader, names: Names, plans: dict[str, str]) -> Adjustment:
    with reader.whole():
        target = reader.choice("target", frozenset(_OPERATIONS))
        operation = reader.choice("operation", _OPERATIONS.get(target, frozenset({"multiply"})))
        return Adjustment(
            target,
            operation,
            names.one(reader, "parameter", "ratio"),
            _when(reader, plans),
            reader.citation(),
        )
