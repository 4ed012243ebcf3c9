"""Double entry for a settlement: who owes the facility what, and that it adds up.

The chart of accounts is one small set per facility:

``payer:<payer>:<facility>``
    What a fund (or the hospital itself, or the waiver fund) owes for settled bills. Debit.
``patient:<facility>``
    What patients pay at the window. Debit.
``facility:<facility>``
    What the facility has earned with settled bills. Credit.

A settlement debits every payer and the patient and credits the facility with the total; a
reversal is the same entry with the signs turned. Every entry touches one facility only, so each
facility's accounts balance by themselves.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

AccountKind = Literal["payer", "patient", "facility"]

PAYER_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "waiver_fund": ("Waiver fund", "减免补助资金"),
    "basic_insurance": ("Basic medical insurance", "基本医疗保险基金"),
    "critical_illness": ("Critical illness insurance", "大病保险"),
    "medical_aid": ("Medical aid", "医疗救助资金"),
    "second_compensation": ("Second compensation", "二次补偿资金"),
    "commercial_insurance": ("Commercial insurance", "商业补充保险"),
    "special_fund": ("Special fund", "专项救治基金"),
    "emergency_aid": ("Emergency aid fund", "疾病应急救助基金"),
    "charity_fund": ("Charity fund", "慈善救助基金"),
    "hospital": ("Borne by the hospital", "医院承担"),
}


class EntryNotBalanced(AssertionError):
    """The postings of an entry do not sum to zero; nothing may be written."""


@dataclass(frozen=True)
class Account:
    """An account of a facility."""

    code: str
    kind: AccountKind
    facility_code: str
    payer: str | None
    name_en: str
    name_zh: str


@dataclass(frozen=True)
class Posting:
    """A debit (positive) or a credit (negative), in fen."""

    account: Account
    amount_fen: int


def payer_account(payer: str, facility_code: str) -> Account:
    name_en, name_zh = PAYER_NAMES.get(payer, (payer, payer))
    return Account(
        code=f"payer:{payer}:{facility_code}",
        kind="payer",
        facility_code=facility_code,
        payer=payer,
        name_en=f"{name_en}, owed to {facility_code}",
        name_zh=f"{name_zh}应付({facility_code})",
    )


def patient_account(facility_code: str) -> Account:
    return Account(
        code=f"patient:{facility_code}",
        kind="patient",
        facility_code=facility_code,
        payer=None,
        name_en=f"Patients' own payments at {facility_code}",
        name_zh=f"患者自付({facility_code})",
    )


def facility_account(facility_code: str) -> Account:
    return Account(
        code=f"facility:{facility_code}",
        kind="facility",
        facility_code=facility_code,
        payer=None,
        name_en=f"Settled bills of {facility_code}",
        name_zh=f"医疗机构已结算费用({facility_code})",
    )


def postings_of(
    *,
    facility_code: str,
    total_fen: int,
    payers: Sequence[tuple[str, int]],
    patient_pays_fen: int,
) -> list[Posting]:
    """The postings of a settlement (or, with negative amounts, of a reversal).

    Args:
        facility_code: the facility that treated the patient.
        total_fen: the bill.
        payers: each payer and its part.
        patient_pays_fen: what the patient pays.

    Raises:
        EntryNotBalanced: the parts do not add up to the total.
    """
    postings = [
        Posting(payer_account(payer, facility_code), amount_fen)
        for payer, amount_fen in payers
        if amount_fen != 0
    ]
    if patient_pays_fen != 0:
        postings.append(Posting(patient_account(facility_code), patient_pays_fen))
    postings.append(Posting(facility_account(facility_code), -total_fen))
    if sum(posting.amount_fen for posting in postings) != 0:
        raise EntryNotBalanced("the payers' parts and the patient's do not sum to the total")
    return postings
