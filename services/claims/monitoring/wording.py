"""What a flag's evidence says, in sentences: Chinese and English."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from shared.events.catalog.words import CATEGORY_WORDS
from shared.money import text_from_fen

Evidence = Mapping[str, Any]
Names = Callable[[str], tuple[str, str]]
"""Chinese and English name of an institution."""


def in_words(rule: str, evidence: Evidence, names: Names) -> tuple[str, str]:
    """The evidence of a rule's finding as a sentence, Chinese and English.

    Args:
        rule: its id.
        evidence: as the rule gave it; amounts in fen.
        names: of institutions by their codes.
    """
    return _WORDS[rule](evidence, names)


def _money(fen: Any) -> str:
    return f"{Decimal(text_from_fen(int(fen))):,.2f}"


def _price(fen: Any) -> str:
    """A unit price, which may have parts of a fen."""
    yuan = (Decimal(str(fen)) / 100).normalize()
    return f"{yuan:,f}" if yuan != round(yuan, 2) else f"{yuan:,.2f}"


def _percent(part: Any, whole: Any) -> str:
    return f"{Decimal(part) / Decimal(whole) * 100:.2f}"


def _stays(evidence: Evidence, names: Names) -> tuple[str, str]:
    (a, b), (c, d) = evidence["first_stay"], evidence["second_stay"]
    one, other = (names(code) for code in evidence["facilities"])
    return (
        f"{one[0]} {a} 至 {b},{other[0]} {c} 至 {d}",
        f"{one[1]} {a} to {b}, {other[1]} {c} to {d}",
    )


def _overlap(evidence: Evidence, names: Names) -> tuple[str, str]:
    zh, en = _stays(evidence, names)
    days = evidence["shared_days"]
    return f"{zh}:重叠 {days} 天。", f"{en}: {days} days are in both stays."


def _readmission(evidence: Evidence, names: Names) -> tuple[str, str]:
    zh, en = _stays(evidence, names)
    days, illness = evidence["days_between"], evidence["illness"]
    return (
        f"{zh}:相隔 {days} 天，因同一疾病({illness})再次入院。",
        f"{en}: again after {days} days for the same illness ({illness}).",
    )


def _split(evidence: Evidence, names: Names) -> tuple[str, str]:
    zh, en = _stays(evidence, names)
    days = evidence["days_between"]
    return (
        f"{zh}:出院 {days} 天后又在同一机构入院。",
        f"{en}: admitted again at the same institution after {days} days.",
    )


def _share(evidence: Evidence, _: Names) -> tuple[str, str]:
    month, visits = evidence["month"], evidence["visits"]
    outside, total = evidence["out_of_catalogue_fen"], evidence["total_fen"]
    share = _percent(outside, total)
    limit = f"{Decimal(evidence['limit']) * 100:.0f}"
    return (
        (
            f"{month} 贫困人口 {visits} 人次，目录外费用 {_money(outside)} 元，占总费用 "
            f"{_money(total)} 元的 {share}%，超过 {limit}%。"
        ),
        (
            f"{month}: {visits} visits of the registered poor, {_money(outside)} CNY outside the "
            f"catalogue of {_money(total)} CNY: {share} %, above {limit} %."
        ),
    )


def _deposit(evidence: Evidence, _: Names) -> tuple[str, str]:
    amount = _money(evidence["deposit_fen"])
    return (
        f"入院时收取押金 {amount} 元；应先诊疗后付费，不收押金。",
        f"{amount} CNY were taken as a deposit at admission; there must be none.",
    )


def _death(evidence: Evidence, _: Names) -> tuple[str, str]:
    day, days = evidence["died_on"], evidence["days_after"]
    return (
        f"名册登记 {day} 死亡，{days} 天后入院(就诊)。",
        f"The register says that the person died on {day}; the visit began {days} days later.",
    )


def _left(evidence: Evidence, _: Names) -> tuple[str, str]:
    found = [CATEGORY_WORDS.get(code, (code, code)) for code in evidence["categories"]]
    zh, en = "、".join(word[0] for word in found), ", ".join(word[1] for word in found)
    left = evidence["left_on"]
    if left is None:
        return (
            f"按“{zh}”结算，而名册上就诊当日不在列。",
            f"Settled as {en}; on the visit's day the register does not list the person.",
        )
    return (
        f"按“{zh}”结算，而名册登记 {left} 已退出。",
        f"Settled as {en}; the register says that the last category ended on {left}.",
    )


def _dear(evidence: Evidence, _: Names) -> tuple[str, str]:
    item, line = evidence["item"], evidence["line_no"]
    price, limit = _price(evidence["unit_price_fen"]), _price(evidence["price_limit_fen"])
    return (
        f"第 {line} 行“{item}”单价 {price} 元，超过限价 {limit} 元。",
        f"Line {line}, {item}: a unit price of {price} CNY above the limit of {limit} CNY.",
    )


def _sexes(evidence: Evidence, names: Names) -> tuple[str, str]:
    zh, en = _stays(evidence, names)
    one, other = evidence["diagnoses"]
    return (
        f"{zh}:诊断 {one} 与 {other} 分属不同性别。",
        f"{en}: the diagnoses {one} and {other} belong to different sexes.",
    )


def _repeated(evidence: Evidence, _: Names) -> tuple[str, str]:
    item, day, times = evidence["item"], evidence["on"], evidence["times"]
    lines, amount = ", ".join(map(str, evidence["lines"])), _money(evidence["amount_fen"])
    return (
        f"{day}“{item}”收费 {times} 次(第 {lines} 行)，共 {amount} 元。",
        f"{day}: {item} was charged {times} times (lines {lines}), {amount} CNY in all.",
    )


def _jump(evidence: Evidence, _: Names) -> tuple[str, str]:
    month, visits = evidence["month"], evidence["visits"]
    total, mean = evidence["total_fen"], evidence["mean_before_fen"]
    factor = f"{Decimal(total) / Decimal(mean):.1f}" if mean else "—"
    return (
        f"{month} {visits} 人次，费用 {_money(total)} 元，是此前月均 {_money(mean)} 元的 {factor} 倍。",
        (
            f"{month}: {visits} visits cost {_money(total)} CNY, {factor} times the mean of the months "
            f"before, {_money(mean)} CNY."
        ),
    )


def _against(evidence: Evidence, _: Names) -> tuple[str, str]:
    item, diagnosis = evidence.get("item"), evidence.get("diagnosis")
    zh = f"诊断 {diagnosis}" if item is None else f"第 {evidence['line_no']} 行“{item}”"
    en = f"Diagnosis {diagnosis}" if item is None else f"Line {evidence['line_no']}, {item},"
    only, low, high = evidence["only_sex"], evidence["min_age"], evidence["max_age"]
    if only is not None and evidence["sex"] not in {None, only}:
        sex, other = _SEXES[only], _SEXES[evidence["sex"]]
        wanted, known = (f"{sex[0]}性", f"{sex[1]} patients"), (f"为{other[0]}性", f"is {other[1]}")
    else:
        ages = f"{low or 0}–{high}" if high is not None else f"{low}+"
        wanted = (f" {ages} 岁的人", f"patients aged {ages}")
        year = evidence["birth_year"]
        known = (f" {year} 年出生", f"was born in {year}")
    return (
        f"{zh}限于{wanted[0]}；名册登记此人{known[0]}。",
        f"{en} is for {wanted[1]}; the person {known[1]}, the register says.",
    )


_SEXES: Final[Mapping[str, tuple[str, str]]] = {"M": ("男", "male"), "F": ("女", "female")}


def _doctor_jump(evidence: Evidence, names: Names) -> tuple[str, str]:
    zh, en = _jump(evidence, names)
    return f"医生 {evidence['doctor']}：{zh}", f"Doctor {evidence['doctor']}, {en}"


_WORDS: Final[Mapping[str, Callable[[Evidence, Names], tuple[str, str]]]] = {
    "overlapping_stays": _overlap,
    "readmission": _readmission,
    "split_stay": _split,
    "out_of_catalogue_share": _share,
    "deposit_taken": _deposit,
    "visit_after_death": _death,
    "visit_after_leaving": _left,
    "price_over_limit": _dear,
    "sexes_contradict": _sexes,
    "repeated_item": _repeated,
    "against_sex_or_age": _against,
    "facility_jump": _jump,
    "doctor_jump": _doctor_jump,
}
