"""Why a decision came out as it did: codes, and the words for people at windows."""

from __future__ import annotations

REASONS: dict[str, tuple[str, str]] = {
    "number_agrees": ("证件号码一致", "the ID number agrees"),
    "card_agrees": ("健康卡有效且与登记一致", "the health card is valid and agrees"),
    "name_and_birth_agree": ("姓名与出生日期相符", "name and birth date agree"),
    "evidence_agrees": ("多项信息相符", "several facts agree"),
    "name_differs": ("证件号码一致，但姓名不同", "the number agrees but the name is another"),
    "contradicted": ("有信息与登记不符", "something told contradicts the register"),
    "number_repaired": (
        "证件号码疑有一处笔误，已按姓名或出生日期核对",
        "the number has one slip; name or birth date confirm the person",
    ),
    "number_two_slips": (
        "证件号码疑有两处笔误，已按姓名或出生日期核对",
        "the number has two slips; name or birth date confirm the person",
    ),
    "number_shared": ("该证件号码登记在多人名下", "several registered persons have this number"),
    "number_of_relative": (
        "证件号码属于同户其他成员",
        "the number is that of another member of the household",
    ),
    "lookalike": (
        "同户有号码相近的成员(如双胞胎)，请补充姓名",
        "a member of the household has a neighbouring number (twins): ask for the name",
    ),
    "namesake": (
        "同户有同名成员，请核对出生日期",
        "another member of the household has this name: ask for the birth date",
    ),
    "several_alike": ("有多人同样相符，须核对", "several persons fit alike; look closer"),
    "not_enough": (
        "相符信息不足，请补充村或证件号码",
        "too little agrees: ask for village or number",
    ),
    "too_many_alike": ("同名人员过多，请补充信息", "too many of that name: ask for more"),
    "elsewhere": ("住址不在登记的村", "the address is not the registered village"),
    "newborn_provisional": (
        "新生儿暂按母亲信息认定，取得证件号码后须重新识别",
        "a newborn, provisional by the mother's number; asked again when a number arrives",
    ),
    "mother_registered": ("母亲在册，新生儿尚未登记", "the mother is registered, the child is not"),
    "confirmed_before": ("此前已由人工确认为同一人", "a person confirmed this before"),
    "nobody_fits": ("登记册中无相符人员", "nobody on the register fits"),
}
"""Reason code → words (Chinese, English)."""

EVIDENCE: dict[tuple[str, str], tuple[str, str]] = {
    ("id_number", "exact"): ("证件号码一致", "the ID number agrees"),
    ("id_number", "repaired"): ("证件号码仅差一处笔误", "the ID number is one slip away"),
    ("id_number", "near"): ("证件号码差两处", "the ID number is two slips away"),
    ("id_number", "two_slips"): (
        "证件号码无效，与登记号码差两处",
        "the ID number is not valid, and two slips away from the registered one",
    ),
    ("id_number", "misread"): (
        "证件号码有误，且与登记相差较大",
        "the ID number is not valid and far from the registered one",
    ),
    ("id_number", "of_relative"): (
        "证件号码是同户其他成员的",
        "the ID number is that of another member of the household",
    ),
    ("id_number", "differs"): ("证件号码不同", "the ID number is another"),
    ("name", "exact"): ("姓名一致", "the name agrees"),
    ("name", "variant"): ("姓名为异体字或写法不同", "the name is written in variant characters"),
    ("name", "alias"): ("为曾用名或别名", "a former name or an alias"),
    ("name", "homophone"): ("姓名同音", "the name sounds the same"),
    ("name", "lookalike"): ("姓名有一字形近", "one character of the name looks alike"),
    ("name", "reordered"): ("姓名字序不同", "the name's characters are in another order"),
    ("name", "truncated"): ("姓名被截短", "the name is cut short"),
    ("name", "accent"): ("姓名方言音近", "the name sounds the same in the local speech"),
    ("name", "partial"): ("姓名部分相同", "a part of the name agrees"),
    ("name", "similar"): ("姓名拼写相近", "the name is spelled alike"),
    ("name", "differs"): ("姓名不同", "the name is another"),
    ("birth_date", "exact"): ("出生日期一致", "the birth date agrees"),
    ("birth_date", "first_of_year"): (
        "出生日期同为1月1日",
        "the birth date is the same first of January, often a stand-in",
    ),
    ("birth_date", "swapped"): ("出生月日颠倒", "day and month of birth are exchanged"),
    ("birth_date", "lunar"): ("出生日期为农历与公历之差", "the birth date by the lunar calendar"),
    ("birth_date", "year_only"): ("仅出生年份一致", "only the year of birth agrees"),
    ("birth_date", "year_off_by_one"): ("出生年份差一年", "the birth date is one year off"),
    ("birth_date", "one_digit"): ("出生日期差一位数字", "one digit of the birth date differs"),
    ("birth_date", "month_and_year"): ("出生年月一致", "month and year of birth agree"),
    ("birth_date", "differs"): ("出生日期不同", "the birth date is another"),
    ("sex", "exact"): ("性别一致", "the sex agrees"),
    ("sex", "differs"): ("性别不同", "the sex is another"),
    ("village", "village"): ("住址在登记的村", "the address names the village"),
    ("village", "merged_village"): ("住址在合并前后的村", "the address names a merged village"),
    ("village", "township"): ("住址在登记的乡镇", "the address names the township"),
    ("village", "elsewhere"): ("住址在别处", "the address is elsewhere"),
    ("phone", "exact"): ("联系电话一致", "the telephone agrees"),
    ("phone", "differs"): ("联系电话不同", "the telephone is another"),
    ("card", "exact"): ("健康卡一致", "the health card agrees"),
    ("card", "differs"): ("健康卡不同", "the health card is another"),
}
"""(field, level) of evidence → words (Chinese, English)."""
