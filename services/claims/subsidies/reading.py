"""Reading a pack's subsidies, with every fault noted.

The keys of ``subsidies`` in ``pack.yaml``:

``base``
    The parameter (CNY, values by the first day of the insurance year) of which shares are paid.
``contributions``
    ``tier`` (a whole number) with ``contribution``, the parameter of what a person owes in it.
``rules``
    In the order in which they count, the first that fits pays: ``id``, ``categories``, ``tiers``,
    ``ratio`` (a ratio's parameter), ``payer`` (words, optional), ``citation``.
``otherwise``
    ``words`` and ``citation`` for a person whom no rule fits.
"""

from __future__ import annotations

from services.claims.settlement.bill import CATEGORIES
from services.claims.settlement.pack_rules import Names
from services.claims.subsidies.domain import SubsidyRule, SubsidyRules
from shared.policy.reading import Citation, Reader, Words


def read_subsidies(head: Reader, names: Names) -> SubsidyRules | None:
    """The pack's subsidies; None when it knows none."""
    reader = head.child("subsidies", required=False)
    if reader is None:
        return None
    with reader.whole():
        base = names.one(reader, "base", "CNY")
        contributions: dict[int, str] = {}
        for child in reader.children("contributions"):
            with child.whole():
                tier = child.whole_number("tier")
                contribution = names.one(child, "contribution", "CNY")
            if tier is not None:
                contributions[tier] = contribution
        rules = tuple(_rule(child, names, contributions) for child in reader.children("rules"))
        _check_reach(reader, rules)
        words, citation = Words("", ""), Citation("", "")
        otherwise = reader.child("otherwise")
        if otherwise is not None:
            with otherwise.whole():
                words, citation = otherwise.words("words"), otherwise.citation()
    return SubsidyRules(base, contributions, rules, words, citation)


def _rule(reader: Reader, names: Names, contributions: dict[int, str]) -> SubsidyRule:
    with reader.whole():
        rule = SubsidyRule(
            reader.text("id"),
            frozenset(reader.texts("categories")),
            frozenset(_tiers(reader, contributions)),
            names.one(reader, "ratio", "ratio"),
            reader.citation(),
            reader.words("payer") if "payer" in reader.content else None,
        )
    for word in sorted(rule.categories - CATEGORIES):
        reader.fault(
            "categories",
            "unknown_word",
            f"{word} is not one of: {', '.join(sorted(CATEGORIES))}",
            f"{word} 应为以下之一: {', '.join(sorted(CATEGORIES))}",
        )
    return rule


def _tiers(reader: Reader, contributions: dict[int, str]) -> list[int]:
    listed = reader.raw("tiers")
    if not isinstance(listed, list) or not listed or not all(t in contributions for t in listed):
        known = ", ".join(str(tier) for tier in sorted(contributions))
        reader.fault(
            "tiers",
            "unknown_tier",
            f"write a list of tiers that have a contribution: {known}",
            f"应为有缴费标准的档次列表: {known}",
        )
        return []
    return listed


def _check_reach(reader: Reader, rules: tuple[SubsidyRule, ...]) -> None:
    """A rule whose every category and tier an earlier rule takes is never reached."""
    taken: set[tuple[str, int]] = set()
    for rule in rules:
        wanted = {(category, tier) for category in rule.categories for tier in rule.tiers}
        if wanted and wanted <= taken:
            reader.fault(
                f"rules.{rule.id}",
                "unreachable",
                "earlier rules take all of its categories and tiers; move or remove it",
                "其人员类别和档次已被前面的规则全部覆盖；请移动或删除",
            )
        taken |= wanted
