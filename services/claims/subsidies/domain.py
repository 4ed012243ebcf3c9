"""The enrolment subsidy of one person and insurance year, from the pack's ordered rules.

One contribution is subsidised once: of the rules that fit the person and his tier the first of the
pack counts (LP-02 … LP-06), and never more than the contribution itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from services.claims.settlement.bill import CATEGORIES
from services.claims.settlement.explanation import Step, percent, said
from shared.money import text_from_fen, times
from shared.policy.errors import Refusal, Refused
from shared.policy.parameters import Parameters, ParameterView
from shared.policy.reading import Citation, Words

NOT_LIFTED, LIFTED = "not_lifted", "lifted"
POVERTY_STATUSES = frozenset({NOT_LIFTED, LIFTED})
_POOR, _POOR_LIFTED = "registered_poor", "registered_poor_lifted"
FIRST_YEAR, LAST_YEAR = 1949, 2199


class SubsidyRefused(Refused):
    """The subsidy cannot be worked out as asked; every fault is listed."""

    default_code = "subsidy_refused"


@dataclass(frozen=True, slots=True)
class SubsidyRule:
    """A share of the base for some categories in some tiers; ``ratio`` names a parameter."""

    id: str
    categories: frozenset[str]
    tiers: frozenset[int]
    ratio: str
    citation: Citation
    payer: Words | None


@dataclass(frozen=True, slots=True)
class SubsidyRules:
    """A pack's rules: ``base`` and ``contributions`` name amounts keyed by insurance year."""

    base: str
    contributions: Mapping[int, str]
    rules: tuple[SubsidyRule, ...]
    otherwise: Words
    otherwise_citation: Citation


@dataclass(frozen=True, slots=True)
class Enrolment:
    """Who enrols, in which tier, for which insurance year.

    The categories are those on the day the contribution is collected. ``poverty_status`` may be
    left out: the categories tell it. A person whom either calls lifted is lifted.
    """

    categories: frozenset[str]
    tier: int
    year: int
    poverty_status: str | None = None

    @property
    def told_categories(self) -> frozenset[str]:
        """The categories with the poverty status worked in."""
        lifted = self.poverty_status == LIFTED or _POOR_LIFTED in self.categories
        if lifted and not self.categories.isdisjoint({_POOR, _POOR_LIFTED}):
            return (self.categories - {_POOR}) | {_POOR_LIFTED}
        return self.categories


@dataclass(frozen=True, slots=True)
class Subsidy:
    """Contribution = subsidy + what the person pays; amounts in fen."""

    contribution: int
    subsidy: int
    rule: str
    citation: Citation
    ratio: Decimal | None
    payer: Words | None
    explanation: tuple[Step, ...]
    assumptions: tuple[str, ...]

    @property
    def person_pays(self) -> int:
        return self.contribution - self.subsidy

    def as_answer(self) -> dict[str, Any]:
        """The contract's answer: amounts as CNY strings."""
        return {
            "contribution": text_from_fen(self.contribution),
            "subsidy": text_from_fen(self.subsidy),
            "person_pays": text_from_fen(self.person_pays),
            "rule": self.rule,
            "citation": self.citation.text,
            "ratio": None if self.ratio is None else str(self.ratio),
            "payer": None if self.payer is None else self.payer.en,
            "payer_zh": None if self.payer is None else self.payer.zh,
            "explanation": [step.as_dict() for step in self.explanation],
            "assumptions": list(self.assumptions),
        }


def subsidise(
    enrolment: Enrolment,
    rules: SubsidyRules,
    parameters: Parameters,
    in_force: tuple[date, date | None],
    *,
    overrides: Mapping[str, Any] | None = None,
) -> Subsidy:
    """Work out the subsidy of one enrolment.

    ``in_force`` is the pack's first and last day. The values are those of the insurance year that
    is subsidised, whenever the money is collected (LP-07).

    Raises:
        SubsidyRefused: an unknown category, tier or status, or a year outside the pack.
        ParameterMissing: the year's contribution, or a rule's share, has no value.
        OverrideRefused: a replaced parameter is unknown or malformed.
    """
    refusals = _refusals(enrolment, rules)
    if refusals:
        raise SubsidyRefused(refusals)
    view = parameters.at(_first_day(enrolment.year, in_force[0]), overrides)
    contribution = view.money_fen(rules.contributions[enrolment.tier])
    _check_year(enrolment.year, in_force)
    categories = enrolment.told_categories
    for rule in rules.rules:
        if enrolment.tier in rule.tiers and not rule.categories.isdisjoint(categories):
            return _by_rule(rule, rules, view, contribution)
    step = said(
        "subsidy",
        rules.otherwise_citation,
        base_fen=contribution,
        amount_fen=0,
        zh=rules.otherwise.zh,
        en=rules.otherwise.en,
    )
    return Subsidy(
        contribution,
        0,
        rules.otherwise_citation.article,
        rules.otherwise_citation,
        None,
        None,
        (step, _person_step(rules.otherwise_citation, contribution, contribution)),
        view.assumptions,
    )


def _by_rule(
    rule: SubsidyRule, rules: SubsidyRules, view: ParameterView, contribution: int
) -> Subsidy:
    base, ratio = view.money_fen(rules.base), view.decimal(rule.ratio)
    subsidy = min(times(base, ratio), contribution)
    shown, amount = text_from_fen(base), text_from_fen(subsidy)
    zh = f"按一档个人缴费标准{shown}元的{percent(ratio)}资助参保{amount}元"
    en = f"{percent(ratio)} of the tier-1 contribution of {shown} CNY is subsidised: {amount} CNY"
    if rule.payer is not None:
        zh += f"，由{rule.payer.zh}支付"
        en += f", paid by {rule.payer.en}"
    step = said(
        "subsidy",
        rule.citation,
        base_fen=base,
        amount_fen=subsidy,
        zh=zh + "。",
        en=en + ".",
        ratio=ratio,
        cap_fen=contribution,
    )
    return Subsidy(
        contribution,
        subsidy,
        rule.citation.article,
        rule.citation,
        ratio,
        rule.payer,
        (step, _person_step(rule.citation, contribution, contribution - subsidy)),
        view.assumptions,
    )


def _person_step(citation: Citation, contribution: int, pays: int) -> Step:
    whole, own = text_from_fen(contribution), text_from_fen(pays)
    return said(
        "person",
        citation,
        base_fen=contribution,
        amount_fen=pays,
        zh=f"个人缴费标准{whole}元，本人缴纳{own}元。",
        en=f"Of the contribution of {whole} CNY the person pays {own} CNY.",
    )


def _first_day(year: int, valid_from: date) -> date:
    """The day whose values hold for an insurance year, which the pack may begin within."""
    return max(date(year, 1, 1), valid_from) if year == valid_from.year else date(year, 1, 1)


def _check_year(year: int, in_force: tuple[date, date | None]) -> None:
    first, last = in_force
    if year < first.year or (last is not None and year > last.year):
        until = last.year if last is not None else "open"
        raise SubsidyRefused(
            [
                Refusal(
                    "pack_does_not_cover",
                    "insurance_year",
                    f"the pack is in force from {first.year} to {until}, not in {year}; choose"
                    " the pack of that year",
                    f"政策包适用于 {first.year} 至{last.year if last else '今'} 年，不含 {year} 年；请改用当年适用的政策包",
                )
            ]
        )


def _refusals(enrolment: Enrolment, rules: SubsidyRules) -> list[Refusal]:
    found: list[Refusal] = []

    def unknown(field: str, allowed: object) -> None:
        found.append(
            Refusal("unknown_value", field, f"write one of: {allowed}", f"应为以下之一: {allowed}")
        )

    for code in sorted(enrolment.categories - CATEGORIES):
        unknown("person.categories", f"{', '.join(sorted(CATEGORIES))} (not {code})")
    if enrolment.poverty_status not in {None, *POVERTY_STATUSES}:
        unknown("person.poverty_status", ", ".join(sorted(POVERTY_STATUSES)))
    if enrolment.tier not in rules.contributions:
        unknown("insurance_tier", ", ".join(str(tier) for tier in sorted(rules.contributions)))
    if not FIRST_YEAR <= enrolment.year <= LAST_YEAR:
        unknown("insurance_year", f"{FIRST_YEAR} … {LAST_YEAR}")
    return found
