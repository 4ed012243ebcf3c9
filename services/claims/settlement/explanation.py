"""The steps of a settlement in words: rule, source, base, ratio, cap, amount, one sentence."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from shared.money import text_from_fen
from shared.policy.reading import Citation, Words

PAYER_NAMES: dict[str, Words] = {
    "waiver_fund": Words("减免资金", "the waiver fund"),
    "basic_insurance": Words("基本医疗保险", "basic insurance"),
    "critical_illness": Words("大病保险", "critical-illness insurance"),
    "medical_aid": Words("医疗救助", "medical aid"),
    "second_compensation": Words("二次补偿", "second compensation"),
    "commercial_insurance": Words("商业保险", "commercial insurance"),
    "special_fund": Words("专项基金", "the special fund"),
    "emergency_aid": Words("疾病应急救助", "emergency aid"),
    "charity_fund": Words("医药爱心扶贫基金", "the charity fund"),
    "hospital": Words("医院", "the hospital"),
}
"""Every payer a pack may name, in the words of the policy documents."""

REASON_NAMES: dict[str, Words] = {
    "out_of_catalogue": Words("目录外", "out of catalogue"),
    "over_limit": Words("超限价", "over the price limit"),
    "self_first_class_b": Words("乙类先行自付", "class B self-first"),
    "self_first_implant": Words("植入材料先行自付", "implant self-first"),
    "self_first_other": Words("其他先行自付", "other self-first"),
    "in_scope_remainder": Words("政策范围内剩余", "in-scope remainder"),
}
"""Why a patient pays, in the order in which the reasons are told (JK-83)."""

SELF_FIRST = ("self_first_class_b", "self_first_implant", "self_first_other")
RELIEF_ORDER = ("in_scope_remainder", *SELF_FIRST, "over_limit", "out_of_catalogue")
"""The order in which a payer relieves the patient (settlement.md, section 4)."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the calculation; amounts in fen. ``rule`` is the article's id."""

    step: str
    rule: str
    citation: str
    base_fen: int
    amount_fen: int
    text_zh: str
    text_en: str
    ratio: Decimal | None = None
    cap_fen: int | None = None

    def as_dict(self) -> dict[str, str]:
        """The step in the quote contract's shape; absent ratio and cap are left out."""
        shown = {
            "step": self.step,
            "rule": self.rule,
            "citation": self.citation,
            "base": text_from_fen(self.base_fen),
            "amount": text_from_fen(self.amount_fen),
            "text_zh": self.text_zh,
            "text_en": self.text_en,
        }
        if self.ratio is not None:
            shown["ratio"] = str(self.ratio)
        if self.cap_fen is not None:
            shown["cap"] = text_from_fen(self.cap_fen)
        return shown


def percent(ratio: Decimal) -> str:
    """``0.83`` as ``83%``."""
    return f"{(ratio * 100).normalize():f}%"


def _first_large(words: str) -> str:
    return words[:1].upper() + words[1:]


def said(
    step: str,
    citation: Citation,
    *,
    base_fen: int,
    amount_fen: int,
    zh: str,
    en: str,
    ratio: Decimal | None = None,
    cap_fen: int | None = None,
) -> Step:
    """A step whose rule and source are those of the citation."""
    return Step(step, citation.article, citation.text, base_fen, amount_fen, zh, en, ratio, cap_fen)


def line_step(
    reason: str, citation: Citation, base_fen: int, amount_fen: int, ratio: Decimal | None
) -> Step:
    """A part that leaves the bill before any fund pays."""
    name = REASON_NAMES[reason]
    base, amount = text_from_fen(base_fen), text_from_fen(amount_fen)
    if ratio is None:
        zh = f"{name.zh}费用{amount}元由个人承担。"
        en = f"{_first_large(name.en)}: {amount} CNY is borne by the patient."
    else:
        zh = f"{name.zh}: {base}元按{percent(ratio)}先由个人承担{amount}元。"
        en = f"{_first_large(name.en)}: {percent(ratio)} of {base} CNY is paid first by the patient, {amount} CNY."
    return said(
        reason, citation, base_fen=base_fen, amount_fen=amount_fen, zh=zh, en=en, ratio=ratio
    )


def waiver_step(
    citation: Citation, base_fen: int, ratio: Decimal, amount_fen: int, *, after: bool = False
) -> Step:
    """What one waiver takes, before insurance or after it from the patient's share."""
    base, amount = text_from_fen(base_fen), text_from_fen(amount_fen)
    zh = f"可减免项目{base}元，按{percent(ratio)}减免{amount}元。"
    en = f"Of {base} CNY in items with a waiver, {percent(ratio)} is waived: {amount} CNY."
    if after:
        zh = f"可减免项目{base}元，按{percent(ratio)}在个人承担部分内减免{amount}元。"
        en = (
            f"Of {base} CNY in items with a waiver, {percent(ratio)} is waived after insurance,"
            f" at most the patient's share: {amount} CNY."
        )
    return said(
        "waiver",
        citation,
        base_fen=base_fen,
        amount_fen=amount_fen,
        zh=zh,
        en=en,
        ratio=ratio,
    )


def in_scope_step(citation: Citation, charge_fen: int, in_scope_fen: int) -> Step:
    """What the funds look at."""
    charge, amount = text_from_fen(charge_fen), text_from_fen(in_scope_fen)
    return said(
        "in_scope",
        citation,
        base_fen=charge_fen,
        amount_fen=in_scope_fen,
        zh=f"费用{charge}元扣除目录外、超限价和先行自付后，政策范围内费用为{amount}元。",
        en=f"Of {charge} CNY, {amount} CNY is in scope after out-of-catalogue, over-limit and"
        " self-first parts.",
    )


def deductible_step(citation: Citation, in_scope_fen: int, amount_fen: int) -> Step:
    """The part of the in-scope amount below the deductible."""
    amount = text_from_fen(amount_fen)
    return said(
        "deductible",
        citation,
        base_fen=in_scope_fen,
        amount_fen=amount_fen,
        zh=f"起付线以内的{amount}元基本医疗保险不予报销。",
        en=f"Basic insurance does not pay the {amount} CNY below the deductible.",
    )


def ratio_step(
    payer: str,
    citation: Citation,
    *,
    base_fen: int,
    ratio: Decimal,
    amount_fen: int,
    room_fen: int | None,
    capped: bool,
    adjusted: bool,
) -> Step:
    """A fund pays a share of a base; ``room_fen`` is what its yearly cap still leaves, if any."""
    name = PAYER_NAMES[payer]
    base, amount = text_from_fen(base_fen), text_from_fen(amount_fen)
    zh = f"{name.zh}按{percent(ratio)}支付{base}元中的{amount}元"
    en = f"{_first_large(name.en)} pays {percent(ratio)} of {base} CNY: {amount} CNY"
    if adjusted:
        zh += "(比例已按政策调整)"
        en += " (ratio adjusted by the policy)"
    if capped:
        zh += "，已达年度限额"
        en += ", which reaches the annual cap"
    return said(
        payer,
        citation,
        base_fen=base_fen,
        amount_fen=amount_fen,
        zh=zh + "。",
        en=en + ".",
        ratio=ratio,
        cap_fen=room_fen,
    )


def burden_step(
    payer: str,
    citation: Citation,
    *,
    year_burden_fen: int,
    visit_burden_fen: int,
    deductible_fen: int,
    amount_fen: int,
) -> Step:
    """A fund that looks at the burden of the whole year."""
    name = PAYER_NAMES[payer]
    year, limit = text_from_fen(year_burden_fen), text_from_fen(deductible_fen)
    amount = text_from_fen(amount_fen)
    if year_burden_fen <= deductible_fen:
        zh = f"本年累计政策范围内负担{year}元，未超过{name.zh}起付线{limit}元，不支付。"
        en = (
            f"The year's in-scope burden of {year} CNY does not exceed the deductible of {limit}"
            f" CNY, so {name.en} pays nothing."
        )
    else:
        zh = f"本年累计政策范围内负担{year}元，超过起付线{limit}元的部分分段报销，{name.zh}本次支付{amount}元。"
        en = (
            f"The year's in-scope burden of {year} CNY exceeds the deductible of {limit} CNY;"
            f" {name.en} pays {amount} CNY for this visit."
        )
    return said(payer, citation, base_fen=visit_burden_fen, amount_fen=amount_fen, zh=zh, en=en)


def remainder_step(payer: str, citation: Citation, base_fen: int) -> Step:
    """What is left in scope for a fund that pays after the insurances (JK-09)."""
    name, base = PAYER_NAMES[payer], text_from_fen(base_fen)
    return said(
        f"{payer}_base",
        citation,
        base_fen=base_fen,
        amount_fen=base_fen,
        zh=f"政策范围内费用经各项保险支付后个人负担{base}元，为{name.zh}的计算基数。",
        en=f"After the insurances {base} CNY of in-scope burden is left, the base of {name.en}.",
    )


def limit_step(
    payer: str,
    citation: Citation,
    *,
    base_fen: int,
    in_scope_fen: int,
    amount_fen: int,
    room_fen: int | None,
) -> Step:
    """A payer takes what is left, up to a limit if there is one (XB-04, XB-05, XB-25).

    ``in_scope_fen`` is the part of the base inside the policy's scope, ``room_fen`` what the limit
    still leaves.
    """
    name = PAYER_NAMES[payer]
    base, amount = text_from_fen(base_fen), text_from_fen(amount_fen)
    zh, en = f"剩余费用{base}元", f"Of the {base} CNY left"
    if base_fen != in_scope_fen:
        inside, outside = text_from_fen(in_scope_fen), text_from_fen(base_fen - in_scope_fen)
        zh += f"(政策范围内{inside}元、范围外{outside}元)"
        en += f" ({inside} in scope, {outside} out of scope)"
    zh += f"由{name.zh}承担{amount}元"
    en += f" {name.en} bears {amount} CNY"
    if room_fen is not None and base_fen > room_fen:
        zh += f"，已达限额{text_from_fen(room_fen)}元"
        en += f", which reaches the limit of {text_from_fen(room_fen)} CNY"
    return said(
        payer,
        citation,
        base_fen=base_fen,
        amount_fen=amount_fen,
        zh=zh + "。",
        en=en + ".",
        cap_fen=room_fen,
    )


def patient_cap_step(
    payer: str, citation: Citation, *, base_fen: int, cap_fen: int, amount_fen: int
) -> Step:
    """A payer takes what the patient would pay beyond his own cap."""
    name = PAYER_NAMES[payer]
    base, cap, amount = (text_from_fen(fen) for fen in (base_fen, cap_fen, amount_fen))
    return said(
        payer,
        citation,
        base_fen=base_fen,
        amount_fen=amount_fen,
        zh=f"个人负担{base}元，以{cap}元为限，超出的{amount}元由{name.zh}支付。",
        en=f"Of the patient's {base} CNY, what exceeds his cap of {cap} CNY is paid by {name.en}:"
        f" {amount} CNY.",
        cap_fen=cap_fen,
    )


def stated_step(payer: str, citation: Citation, base_fen: int, amount_fen: int) -> Step:
    """A payer that settles on its own account has told its share (JK-82)."""
    name, amount = PAYER_NAMES[payer], text_from_fen(amount_fen)
    return said(
        payer,
        citation,
        base_fen=base_fen,
        amount_fen=amount_fen,
        zh=f"{name.zh}自行核定，支付{amount}元。",
        en=f"{_first_large(name.en)} settles on its own account and pays {amount} CNY.",
    )


def words_step(payer: str, citation: Citation, base_fen: int, words: Words) -> Step:
    """A fund that pays nothing for this visit, and why."""
    return said(payer, citation, base_fen=base_fen, amount_fen=0, zh=words.zh, en=words.en)


def patient_step(citation: Citation, total_fen: int, gap: dict[str, int]) -> Step:
    """What the patient pays, and for which reasons."""
    amount_fen = sum(gap.values())
    amount = text_from_fen(amount_fen)
    parts = [(REASON_NAMES[key], text_from_fen(fen)) for key, fen in gap.items() if fen]
    zh, en = f"个人支付{amount}元", f"The patient pays {amount} CNY"
    if parts:
        zh += ":" + "、".join(f"{name.zh}{fen}元" for name, fen in parts)
        en += ": " + ", ".join(f"{name.en} {fen}" for name, fen in parts)
    return said(
        "patient", citation, base_fen=total_fen, amount_fen=amount_fen, zh=zh + "。", en=en + "."
    )
