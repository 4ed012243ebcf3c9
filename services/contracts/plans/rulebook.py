"""The rulebook: the programmes and their rules, read strictly from ``rules.yaml`` once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from importlib.resources import files
from importlib.resources.abc import Traversable

from services.contracts.plans.domain import (
    Applies,
    Interval,
    Kind,
    Programme,
    Rule,
    Supply,
    Unmet,
)
from shared.policy.errors import Fault, PackInvalid
from shared.policy.reading import Citation, Reader, read_file

RULES_FILE = "rules.yaml"
_KINDS: dict[str, Kind] = {
    "follow_up": "follow_up",
    "check_up": "check_up",
    "report": "report",
    "refill": "refill",
}
_WAYS = frozenset({"clinic", "home", "phone"})
_ANY_DAY = date(2016, 1, 1)


@dataclass(frozen=True, slots=True)
class Rulebook:
    """Every programme by its code, and every rule by its code, the newest version of each."""

    programmes: Mapping[str, Programme]
    rules: Mapping[str, Rule]

    def rule(self, code: str, version: int | None) -> Rule | None:
        """A rule as it was in that version, else its newest."""
        newest = self.rules.get(code)
        if newest is None or newest.version == version:
            return newest
        older = self.programmes[newest.programme].rules
        return next((r for r in older if r.code == code and r.version == version), newest)


@lru_cache(maxsize=1)
def rulebook() -> Rulebook:
    """The rulebook that the product carries.

    Raises:
        PackInvalid: with every fault of the file.
    """
    return read_rulebook(files("services.contracts.plans"))


def read_rulebook(folder: Traversable) -> Rulebook:
    """Read a rulebook from the folder's ``rules.yaml``.

    Raises:
        PackInvalid: with every fault of the file.
    """
    faults: list[Fault] = []
    head = Reader(RULES_FILE, "", read_file(folder, RULES_FILE, faults), faults)
    programmes: dict[str, Programme] = {}
    with head.whole():
        documents = {
            key: value
            for key, value in (head.raw("documents") or {}).items()
            if isinstance(value, str)
        }
        for child in head.children("programmes"):
            programme = _programme(child, documents)
            if programme.code in programmes:
                child.fault("code", "repeated", "the code stands twice", "代码重复")
            programmes[programme.code] = programme
        for code, programme in programmes.items():
            named = programme.applies.enrolled_in | programme.applies.unless
            if programme.unmet is not None:
                named |= {programme.unmet.programme}
            if programme.leads_to is not None:
                named |= {programme.leads_to}
            if programme.supply is not None:
                named |= {programme.supply.disease}
            for other in sorted(named - programmes.keys()):
                head.fault(
                    "programmes",
                    "unknown_programme",
                    f"{code} names {other}, which is no programme of this file",
                    f"{code} 所引用的 {other} 不在本文件中",
                )
    if faults:
        raise PackInvalid(RULES_FILE, faults)
    newest: dict[str, Rule] = {}
    for programme in programmes.values():
        for rule in programme.rules:
            if rule.code not in newest or newest[rule.code].version < rule.version:
                newest[rule.code] = rule
    return Rulebook(programmes, newest)


def _programme(reader: Reader, documents: Mapping[str, str]) -> Programme:
    with reader.whole():
        code = reader.text("code")
        found = Programme(
            code=code,
            title=reader.words("title"),
            kind=_KINDS.get(reader.choice("kind", frozenset(_KINDS)) or "", "follow_up"),
            applies=_applies(reader),
            rules=tuple(_rule(each, code, documents) for each in reader.children("rules")),
            ends_after=frozenset(reader.texts("ends_after", required=False)),
            form=reader.text("form", required=False) or None,
            lasts_days=_number(reader, "lasts_days"),
            rated=reader.flag("rated", default=True),
            unmet=_unmet(reader),
            supply=_supply(reader),
            leads_to=reader.text("leads_to", required=False) or None,
        )
    seen = {(rule.code, rule.version) for rule in found.rules}
    if len(seen) != len(found.rules):
        reader.fault("rules", "repeated", "a version of a rule stands twice", "规则版本重复")
    if not any(rule.routine for rule in found.rules):
        reader.fault(
            "rules",
            "no_routine",
            "mark one rule as routine: it says when to try again after a failed task",
            "须有一条规则标为 routine: 任务未完成后按其间隔再安排",
        )
    return found


def _unmet(reader: Reader) -> Unmet | None:
    if (reader.raw("kind") == "report") != (reader.raw("unmet") is not None):
        reader.fault(
            "unmet",
            "report_only",
            "a programme of kind report, and no other, says what is unmet",
            "kind 为 report 的项目，且仅此类项目，须写 unmet",
        )
    child = reader.child("unmet") if reader.raw("unmet") is not None else None
    if child is None:
        return None
    with child.whole():
        return Unmet(
            programme=child.text("programme"),
            times=child.whole_number("times") or 1,
            days=_number(child, "days") or 0,
            ways=frozenset(child.texts("ways")),
        )


def _supply(reader: Reader) -> Supply | None:
    if (reader.raw("kind") == "refill") != (reader.raw("supply") is not None):
        reader.fault(
            "supply",
            "refill_only",
            "a programme of kind refill, and no other, says of which supply",
            "kind 为 refill 的项目，且仅此类项目，须写 supply",
        )
    child = reader.child("supply") if reader.raw("supply") is not None else None
    if child is None:
        return None
    with child.whole():
        return Supply(child.text("disease"), child.whole_number("at_least_days") or 1)


def _applies(reader: Reader) -> Applies:
    refill = reader.raw("supply") is not None
    child = reader.child("applies", required=not refill)
    if child is None:
        return Applies(enrolled=not refill)
    with child.whole():
        return Applies(
            enrolled=child.flag("enrolled", default=False),
            enrolled_in=frozenset(child.texts("enrolled_in", required=False)),
            categories=frozenset(child.texts("categories", required=False)),
            min_age=_number(child, "min_age"),
            unless=frozenset(child.texts("unless", required=False)),
        )


def _rule(reader: Reader, programme: str, documents: Mapping[str, str]) -> Rule:
    with reader.whole():
        interval = _interval(reader, "due") or Interval()
        cited = reader.citation()
        ways = frozenset(reader.texts("ways", required=False))
        if not ways <= _WAYS:
            reader.fault(
                "ways",
                "unknown_word",
                "ways are clinic, home, phone",
                "方式只能是 clinic, home, phone",
            )
        return Rule(
            code=reader.text("code"),
            version=reader.whole_number("version") or 1,
            programme=programme,
            title=reader.words("title"),
            citation=Citation(documents.get(cited.document, cited.document), cited.article),
            after=frozenset(reader.texts("after")),
            due=interval,
            opens_before_days=_number(reader, "opens_before"),
            grace_days=_number(reader, "grace") or 0,
            from_start=reader.choice("from", frozenset({"start", "visit"}), required=False)
            == "start",
            ways=ways,
            priority=reader.whole_number("priority") or 50,
            routine=reader.flag("routine", default=False),
            repeats_for=_interval(reader, "repeats_for"),
            valid_from=reader.day("valid_from") or _ANY_DAY,
            valid_to=reader.day("valid_to", required=False),
        )


def _interval(reader: Reader, key: str) -> Interval | None:
    child = reader.child(key) if key == "due" or reader.raw(key) is not None else None
    if child is None:
        return None
    with child.whole():
        found = Interval(_number(child, "months") or 0, _number(child, "days") or 0)
    if found.after(_ANY_DAY) <= _ANY_DAY:
        child.fault("", "not_later", "the day must lie after the anchor", "日期须在起算日之后")
    return found


def _number(reader: Reader, key: str) -> int | None:
    return reader.whole_number(key) if reader.raw(key) is not None else None
