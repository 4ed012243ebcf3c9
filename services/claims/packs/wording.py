"""A pack's conditions and tilts in plain words, Chinese and English."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from services.claims.settlement.conditions import When
from services.claims.settlement.tiers import Adjustment
from shared.events.catalog.words import CATEGORY_WORDS, VISIT_TYPE_WORDS
from shared.policy.parameters import Parameters
from shared.policy.reading import Words

LEVEL_WORDS: dict[str, tuple[str, str]] = {
    "village": ("村卫生室", "village clinic"),
    "township": ("乡镇卫生院", "township hospital"),
    "primary": ("一级医院", "primary hospital"),
    "secondary": ("二级医院", "secondary hospital"),
    "tertiary": ("三级医院", "tertiary hospital"),
    "unrated": ("未定级医院", "unrated hospital"),
}
PROGRAMME_WORDS: dict[str, tuple[str, str]] = {
    "major_14": ("14种重大疾病", "14 major diseases"),
    "serious_34": ("34种重病", "34 serious diseases"),
    "national_94": ("94种大病专项救治", "94 diseases of the national programme"),
    "chronic_4": ("4种慢性病", "4 chronic diseases"),
}
_SETS: tuple[tuple[str, dict[str, tuple[str, str]], tuple[str, str]], ...] = (
    ("visit_types", VISIT_TYPE_WORDS, ("就诊类型为{}", "the visit is: {}")),
    ("facility_levels", LEVEL_WORDS, ("在{}就诊", "at a {}")),
    ("categories", CATEGORY_WORDS, ("就诊之日属于{}", "on the visit's date the person is: {}")),
    (
        "except_categories",
        CATEGORY_WORDS,
        ("就诊之日不属于{}", "on the visit's date the person is not: {}"),
    ),
    ("insurance_plans", {}, ("险种为{}", "the insurance plan is: {}")),
    ("disease_programmes", PROGRAMME_WORDS, ("病种属于{}", "the illness belongs to: {}")),
)
_FLAGS: tuple[tuple[str, tuple[str, str], tuple[str, str]], ...] = (
    (
        "any_category",
        ("就诊之日属于任一救助对象类别", "some category is in force on the visit's date"),
        ("就诊之日不属于任何救助对象类别", "no category is in force on the visit's date"),
    ),
    ("in_region", ("在参保地就诊", "in the enrolment area"), ("在参保地以外就诊", "outside it")),
    (
        "designated",
        ("在定点医疗机构", "at a designated institution"),
        ("在非定点医疗机构", "at an institution that is not designated"),
    ),
    ("referral", ("已办理转诊", "with a referral"), ("未办理转诊", "without a referral")),
    (
        "in_region_or_referred",
        ("在参保地就诊，或已办理转诊", "in the enrolment area, or with a referral"),
        ("在参保地以外就诊且未办理转诊", "outside the enrolment area without a referral"),
    ),
    (
        "card_presented",
        ("出示了健康扶贫证(卡)", "the card was shown"),
        ("未出示健康扶贫证(卡)", "no card was shown"),
    ),
)
_TARGETS: dict[str, tuple[str, str]] = {
    "deductible": ("起付线", "the deductible"),
    "ratio": ("支付比例", "the ratio"),
    "segment_ratio": ("各段支付比例", "each segment's ratio"),
}
_OPERATIONS: dict[str, tuple[str, str]] = {
    "add": ("提高 {}(不超过 100%)", "is raised by {} (at most 100 %)"),
    "multiply": ("乘以 {}", "is multiplied by {}"),
    "at_least": ("不低于 {}", "is at least {}"),
}


def conditions(when: When) -> Words:
    """When a rule applies; no condition fits every visit."""
    zh, en = [], []
    for name, words, (said_zh, said_en) in _SETS:
        codes = sorted(getattr(when, name, ()))
        if codes:
            zh.append(said_zh.format("或".join(words.get(code, (code, code))[0] for code in codes)))
            en.append(
                said_en.format(" or ".join(words.get(code, (code, code))[1] for code in codes))
            )
    for name, yes, no in _FLAGS:
        flag = getattr(when, name, None)
        if flag is not None:
            zh.append((yes if flag else no)[0])
            en.append((yes if flag else no)[1])
    if when.first_day > date.min:
        zh.append(f"自 {when.first_day} 起")
        en.append(f"from {when.first_day}")
    if when.last_day < date.max:
        zh.append(f"至 {when.last_day} 止")
        en.append(f"until {when.last_day}")
    if not zh:
        return Words("所有就诊", "every visit")
    return Words("；".join(zh), "; ".join(en))


def tilt(adjustment: Adjustment, names: Iterable[str], parameters: Parameters) -> Words:
    """What a tilt changes, by its parameters' own descriptions."""
    found = [parameters.by_name[name].description for name in sorted(names)]
    target, operation = _TARGETS[adjustment.target], _OPERATIONS[adjustment.operation]
    by = Words(
        "、".join(f"「{one.zh}」" for one in found), ", ".join(f"“{one.en}”" for one in found)
    )
    return Words(
        f"{target[0]}{operation[0].format(by.zh)}", f"{target[1]} {operation[1].format(by.en)}"
    )
