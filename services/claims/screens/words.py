"""The codes of claims in words, Chinese and English: no screen shows a code without its word."""

from __future__ import annotations

from services.claims.settlement.explanation import REASON_NAMES
from shared.events.catalog.words import CATEGORY_WORDS, PAYER_WORDS, VISIT_TYPE_WORDS, keyed

Words = dict[str, tuple[str, str]]

PATIENT = "patient"

PAYERS: Words = {
    **PAYER_WORDS,
    PATIENT: ("个人支付", "Patient"),
}
"""Short, as they stand beside a bar; the sentences of the steps have the full names."""

CASE_STATUSES: Words = {
    "open": ("已登记", "Registered"),
    "charging": ("收费中", "Charging"),
    "discharged": ("待结算", "To be settled"),
    "settled": ("已结算", "Settled"),
    "cancelled": ("已取消", "Cancelled"),
}

SETTLEMENT_STATUSES: Words = {
    "settled": ("有效", "In force"),
    "reversed": ("已冲销", "Reversed"),
    "reversal": ("冲销单", "Reversal"),
}

LINE_KINDS: Words = {
    "drug": ("药品", "Drug"),
    "lab": ("化验", "Laboratory"),
    "ct": ("CT", "CT"),
    "mri": ("核磁共振", "MRI"),
    "surgery": ("手术", "Surgery"),
    "bed": ("床位", "Bed"),
    "consultation": ("诊查", "Consultation"),
    "registration": ("挂号", "Registration"),
    "injection": ("注射", "Injection"),
    "physical_cooling": ("物理降温", "Physical cooling"),
    "material": ("材料", "Material"),
    "implant": ("植入材料", "Implant"),
    "other": ("其他", "Other"),
}
"""In the order in which a form offers them."""

CATALOGUE_CLASSES: Words = {
    "A": ("甲类", "Class A"),
    "B": ("乙类", "Class B"),
    "C": ("目录外", "Out of catalogue"),
}

LEVELS: Words = {
    "village": ("村级", "Village"),
    "township": ("乡镇", "Township"),
    "primary": ("一级", "Primary"),
    "secondary": ("二级", "Secondary"),
    "tertiary": ("三级", "Tertiary"),
    "unrated": ("未定级", "Unrated"),
}

PROGRAMMES: Words = {
    "major_14": ("14种重大疾病", "14 major diseases"),
    "serious_34": ("34种重病", "34 serious diseases"),
    "national_94": ("94种大病专项救治", "94 diseases of the national programme"),
    "chronic_4": ("4种慢性病", "4 chronic diseases"),
}

REASONS: Words = {code: (words.zh, words.en) for code, words in REASON_NAMES.items()}

BILL_PARTS: Words = {
    "waived": ("减免", "Waived"),
    "out_of_catalogue": ("目录外", "Out of catalogue"),
    "over_limit": ("超限价", "Over the price limit"),
    "self_first": ("先行自付", "Self-first"),
    "in_scope": ("政策范围内", "In scope"),
}
"""How a bill divides before any fund pays; the parts add up to its total."""

WORDS: Words = {
    **keyed("category", CATEGORY_WORDS),
    **keyed("visit", VISIT_TYPE_WORDS),
    **keyed("payer", PAYERS),
    **keyed("status", CASE_STATUSES),
    **keyed("settlement", SETTLEMENT_STATUSES),
    **keyed("kind", LINE_KINDS),
    **keyed("class", CATALOGUE_CLASSES),
    **keyed("level", LEVELS),
    **keyed("programme", PROGRAMMES),
    **keyed("reason", REASONS),
    **keyed("part", BILL_PARTS),
}
