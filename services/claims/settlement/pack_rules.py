"""Reading a pack's rules, with every fault noted: names, plans, conditions, waivers.

The keys that stand in ``pack.yaml`` beside ``id``, ``title``, ``valid`` and ``region``:

``documents``
    The documents on which the pack rests, as citations name them.
``insurance_plans``
    ``code: [other words]``: each plan's code and the words by which it is also known.
``line_rules``
    The citations of the line stage's steps: ``out_of_catalogue``, ``over_limit``,
    ``self_first_other``, ``in_scope``, ``patient``.
``waivers`` (optional; of two lists of items that name a line's item the first counts)
    ``kinds``: kinds of line; ``ratio``: a ratio's parameter; ``items`` (optional): a list's
    parameter, ``*`` in it meaning every item; ``stage`` (optional): a text's parameter with the
    choices ``before_insurance`` and ``after_insurance``; ``when``; ``citation``.
``tiers``
    The payers in their order: see ``tier_rules``.
``subsidies`` (optional)
    Who pays the enrolment contribution: see ``services.claims.subsidies``.

``when`` (optional wherever it stands; every condition named must hold)
    ``visit_types``, ``facility_levels``, ``insurance_plans``: one of the list;
    ``categories``: the person has one of them on the visit's date; ``except_categories``: he has
    none of them; ``any_category``: whether he has any at all;
    ``disease_programmes``: the visit is in one of them;
    ``in_region``, ``designated``, ``referral``, ``card_presented``: true or false;
    ``in_region_or_referred``: inside the insured's region, or outside it with a referral;
    ``from``, ``to``: first and last day, by the day of discharge (of the visit).

A parameter's name may hold ``<level>`` for the institution's level and ``<plan>`` for the
person's insurance plan.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.claims.settlement.bill import (
    CATEGORIES,
    DISEASE_PROGRAMMES,
    LEVELS,
    LINE_KINDS,
    VISIT_TYPES,
)
from services.claims.settlement.conditions import When
from services.claims.settlement.lines import AFTER, BEFORE, LineRules, Waiver
from services.claims.settlement.tiers import Named
from shared.policy.parameters import Parameters
from shared.policy.reading import Citation, Reader
from shared.policy.values import Shape

PARAMETERS_FILE = "parameters.yaml"
_LEVEL, _PLAN = "<level>", "<plan>"
_FLAGS = (
    "any_category",
    "in_region",
    "designated",
    "referral",
    "in_region_or_referred",
    "card_presented",
)
_SETS = {
    "visit_types": VISIT_TYPES,
    "facility_levels": frozenset(LEVELS),
    "categories": CATEGORIES,
    "except_categories": CATEGORIES,
    "disease_programmes": DISEASE_PROGRAMMES,
}


class Names:
    """Checks that each parameter a rule names exists and has the unit the rule needs."""

    def __init__(self, parameters: Parameters, plans: Iterable[str] = ()) -> None:
        self.parameters = parameters
        self.plans = sorted(set(plans))

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
                f"{PARAMETERS_FILE} 中没有 {wanted}；请注明出处后添加",
            )
        elif found.unit and found.unit != unit:
            reader.fault(
                key,
                "wrong_unit",
                f"{wanted} has the unit {found.unit}, this rule needs {unit}",
                f"{wanted} 的单位为 {found.unit}，此处需要 {unit}",
            )
        return wanted

    def named(self, reader: Reader, key: str, unit: str, when: When) -> Named:
        """A name for each level and plan: ``<level>`` and ``<plan>`` in it stand for them."""
        pattern = reader.text(key)
        if not pattern:
            return Named({})
        levels = sorted(when.facility_levels) or LEVELS
        plans = sorted(when.insurance_plans) or self.plans
        names = {
            (level, plan): pattern.replace(_LEVEL, level).replace(_PLAN, plan)
            for level in LEVELS
            for plan in self.plans
        }
        met = (names.get((level, plan)) for level in levels for plan in plans)
        for name in dict.fromkeys(name for name in met if name):
            self.one(reader, key, unit, name=name)
        return Named(names)

    def choice(self, reader: Reader, key: str, choices: frozenset[str]) -> str:
        """A text parameter with exactly these choices."""
        name = self.one(reader, key, "text")
        found = self.parameters.by_name.get(name)
        if found is not None and found.shape.choices != choices:
            listed = ", ".join(sorted(choices))
            reader.fault(
                key,
                "wrong_choices",
                f"{name} needs the choices: {listed}",
                f"{name} 的 choices 应为: {listed}",
            )
        return name

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
                    f"{name} 应有 above(CNY)和 ratio(ratio)两列，并注明 brackets: above",
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
                    f"{word} 对应两个险种；请只保留一个",
                )
    return words


def read_when(parent: Reader, plans: dict[str, str]) -> When:
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
                    "空列表不适用于任何就诊；请填写或删去该条件",
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
        visit_types=sets["visit_types"],
        facility_levels=sets["facility_levels"],
        categories=sets["categories"],
        except_categories=sets["except_categories"],
        insurance_plans=sets["insurance_plans"],
        disease_programmes=sets["disease_programmes"],
        any_category=flags["any_category"],
        in_region=flags["in_region"],
        designated=flags["designated"],
        referral=flags["referral"],
        in_region_or_referred=flags["in_region_or_referred"],
        card_presented=flags["card_presented"],
        first_day=first or date.min,
        last_day=last or date.max,
    )


def read_kinds(reader: Reader, key: str, *, required: bool = True) -> frozenset[str]:
    """Kinds of line, each a known word."""
    kinds = reader.texts(key, required=required)
    for kind in kinds:
        if kind not in LINE_KINDS:
            reader.fault(
                key,
                "unknown_word",
                f"{kind} is not one of: {', '.join(sorted(LINE_KINDS))}",
                f"{kind} 应为以下之一: {', '.join(sorted(LINE_KINDS))}",
            )
    return frozenset(kinds)


def read_line_rules(
    head: Reader, names: Names, plans: dict[str, str]
) -> tuple[LineRules, Citation]:
    waivers = []
    for child in head.children("waivers", required=False):
        with child.whole():
            kinds = read_kinds(child, "kinds")
            waivers.append(
                Waiver(
                    kinds,
                    names.one(child, "ratio", "ratio"),
                    read_when(child, plans),
                    child.citation(),
                    names.one(child, "items", "list") if "items" in child.content else "",
                    names.choice(child, "stage", frozenset({BEFORE, AFTER}))
                    if "stage" in child.content
                    else "",
                )
            )
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
