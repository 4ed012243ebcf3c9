"""The chart of accounts, and entries in double entry: what is owed to whom, and that it adds up.

The ledger is the county's settlement book. An account is one kind of the chart for one fund and
one facility; its code says which (``payer:medical_aid:H51111300101``). A posting is a debit
(positive) or a credit (negative) of one account, and the postings of an entry sum to zero.

Kinds of entries (凭证类型) and what they book:

A settlement (``settlement``, 结算) debits what each fund owes for the bill, what the hospital bears
itself and what the patient pays, and credits the facility with the total; its reversal
(``reversal``, 冲销) is the same with the signs turned. Such an entry touches one facility only, so
each facility's accounts balance by themselves. A fund's opening balance and every appropriation
debit the fund's money and credit its source; a transfer debits one fund and credits another.
A payment of a clearing run takes the fund's money for its use, and lowers what the fund owes and
what the facility is owed; what is held back waits in ``held`` until it is released. A fee
(``service_fee``, 服务费) of a family-doctor team debits what the special fund owes and credits the
team's institution, without a bill; so does the fund's part of drugs that it hands out
(``drug_payment``, 慢病免费投药), with the signs turned when that is withdrawn. Of a global budget, an advance takes the fund's money to
``advance``; the year's end turns it into what was spent, and lowers by the members' bills what the
fund owes and what they are owed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final, Literal
from uuid import UUID

AccountKind = Literal[
    "payer", "hospital", "patient", "facility", "fund", "source", "spent", "held", "advance"
]
EntryKind = Literal[
    "settlement",
    "reversal",
    "opening",
    "appropriation",
    "transfer",
    "clearing_payment",
    "deposit_release",
    "service_fee",
    "budget_advance",
    "budget_settlement",
    "drug_payment",
]

FUND_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "waiver_fund": ("Waiver fund", "减免补助资金"),
    "basic_insurance": ("Basic medical insurance", "基本医疗保险基金"),
    "critical_illness": ("Critical illness insurance", "大病保险"),
    "medical_aid": ("Medical aid", "医疗救助资金"),
    "second_compensation": ("Second compensation", "二次补偿资金"),
    "commercial_insurance": ("Commercial insurance", "商业补充保险"),
    "special_fund": ("Special fund", "专项救治基金"),
    "emergency_aid": ("Emergency aid fund", "疾病应急救助基金"),
    "charity_fund": ("Charity fund", "慈善救助基金"),
    "fiscal_subsidy": ("Fiscal subsidy", "财政补助资金"),
}
"""English and Chinese name of each fund; all but the fiscal subsidy may be a payer of a bill."""


PURPOSE_NAMES: Final[Mapping[str, tuple[str, str]]] = {
    "opening_balance": ("the opening balance", "期初余额"),
    "surplus_transfer": ("the insurance's surplus", "医保基金历年结余划拨"),
    "poverty_office": ("the poverty office", "扶贫办拨款"),
    "civil_affairs": ("civil affairs", "民政拨款"),
    "fiscal": ("the treasury", "财政拨款"),
    "contributions": ("contributions", "参保缴费"),
    "premium": ("premiums", "保费"),
    "donation": ("donations", "捐赠"),
    "severe_illness": ("severe and major illness", "重病和大病兜底保障"),
    "contract_fee": ("contracts of chronic patients", "慢病签约"),
    "check_up": ("check-ups", "健康体检"),
    "chronic_drugs": ("drugs for chronic outpatients", "慢病门诊投药治疗"),
    "fee_waiver": ("fee waivers", "医疗费用减免"),
    "benefits": ("benefits", "待遇支付"),
    "subsidy": ("subsidies", "补助"),
}
"""English and Chinese name of each source of a fund's money and of each use of it."""


@dataclass(frozen=True)
class AccountType:
    """One kind of the chart, for a fund, a facility and a purpose."""

    name_en: str
    """With ``{fund}``, ``{facility}`` and ``{purpose}`` where they stand in an account's name."""
    name_zh: str
    meaning: str


CHART: Final[Mapping[AccountKind, AccountType]] = {
    "payer": AccountType(
        "{fund}, owed to {facility}",
        "{fund}应付({facility})",
        "receivable from a fund: its parts of a facility's settled bills, until it pays. Debit",
    ),
    "hospital": AccountType(
        "Borne by {facility} itself",
        "医疗机构承担({facility})",
        "the part of its bills that the hospital must bear, of no fund. Debit",
    ),
    "patient": AccountType(
        "Patients' own payments at {facility}",
        "患者自付({facility})",
        "what patients pay at the window. Debit",
    ),
    "facility": AccountType(
        "Settled bills of {facility}",
        "医疗机构已结算费用({facility})",
        "payable to the facility: what it has earned with settled bills. Credit",
    ),
    "fund": AccountType(
        "{fund}: money at hand", "{fund}结存", "the money that a fund holds. Debit"
    ),
    "source": AccountType(
        "{fund}: from {purpose}", "{fund}来源：{purpose}", "where a fund's money came from. Credit"
    ),
    "spent": AccountType(
        "{fund}: spent on {purpose}", "{fund}支出：{purpose}", "what it was used for. Debit"
    ),
    "held": AccountType(
        "{fund}, held back from {facility}",
        "{fund}预留质量保证金({facility})",
        "owed to the facility, held back as an assurance deposit. Debit",
    ),
    "advance": AccountType(
        "{fund}, advanced to {facility}",
        "{fund}预拨({facility})",
        "paid in advance to a medical community's lead hospital, until the year is settled. Debit",
    ),
}
"""The chart of accounts (会计科目); ``docs/glossary.md`` has the words."""

ENTRY_NAMES: Final[Mapping[EntryKind, tuple[str, str]]] = {
    "settlement": ("Settlement", "结算"),
    "reversal": ("Reversal", "冲销"),
    "opening": ("Opening balance", "期初余额"),
    "appropriation": ("Appropriation", "拨入"),
    "transfer": ("Transfer between funds", "基金间划拨"),
    "clearing_payment": ("Clearing payment", "清算拨付"),
    "deposit_release": ("Release of a deposit", "退还质量保证金"),
    "service_fee": ("Fee of a family-doctor team", "家庭医生团队服务费"),
    "budget_advance": ("Advance of a global budget", "总额预算预拨"),
    "budget_settlement": ("Year's end of a global budget", "总额预算年终清算"),
    "drug_payment": ("Free drugs of a chronic disease", "慢病免费投药"),
}
"""English and Chinese name of each kind of journal entry (凭证类型)."""


def kind_zh(kind: str) -> str:
    """The Chinese name of a kind of entry."""
    return next(name_zh for known, (_, name_zh) in ENTRY_NAMES.items() if known == kind)


class EntryNotBalanced(AssertionError):
    """The postings of an entry do not sum to zero; nothing may be written."""


@dataclass(frozen=True)
class Account:
    """A kind of the chart for a fund, a facility and a purpose, as far as the kind has them."""

    kind: AccountKind
    fund: str | None = None
    facility_code: str | None = None
    purpose: str | None = None

    @property
    def code(self) -> str:
        parts = (self.kind, self.fund, self.facility_code, self.purpose)
        return ":".join(part for part in parts if part)

    @property
    def name_en(self) -> str:
        return self._name(CHART[self.kind].name_en, 0)

    @property
    def name_zh(self) -> str:
        return self._name(CHART[self.kind].name_zh, 1)

    def _name(self, pattern: str, language: int) -> str:
        fund = self.fund or ""
        purpose = self.purpose or ""
        return pattern.format(
            fund=FUND_NAMES.get(fund, (fund, fund))[language],
            facility=self.facility_code,
            purpose=PURPOSE_NAMES.get(purpose, (purpose, purpose))[language],
        )


@dataclass(frozen=True)
class Posting:
    """A debit (positive) or a credit (negative), in fen."""

    account: Account
    amount_fen: int


@dataclass(frozen=True)
class Entry:
    """What is booked at once, wholly or not at all; balanced, each account at most once.

    Raises:
        EntryNotBalanced: the postings do not sum to zero, are fewer than two, hold a zero, or
            name an account twice; a fault of the program.
    """

    kind: EntryKind
    booked_on: date
    """The business day it belongs to; when it was written is the database's to say."""
    postings: tuple[Posting, ...]
    settlement_id: UUID | None = None
    """The settlement or reversal that is booked; None for entries of other kinds."""
    source_id: UUID | None = None
    """What is booked otherwise; an entry of a kind is booked once for each source."""
    reverses_settlement_id: UUID | None = None
    """Of a reversal: the settlement whose entry it undoes."""

    def __post_init__(self) -> None:
        amounts = [posting.amount_fen for posting in self.postings]
        accounts = {posting.account for posting in self.postings}
        # Nothing but zeros is left out, so a sum of zero has two sides or is empty.
        if not amounts or not all(amounts) or sum(amounts) != 0 or len(accounts) < len(amounts):
            raise EntryNotBalanced(f"an entry of kind {self.kind} does not balance")


def settlement_entry(
    *,
    settlement_id: UUID,
    facility_code: str,
    total_fen: int,
    payers: Sequence[tuple[str, int]],
    patient_pays_fen: int,
    booked_on: date,
    reverses_settlement_id: UUID | None = None,
) -> Entry:
    """The entry of a settlement or, with negative amounts, of a reversal.

    Args:
        settlement_id: the settlement or reversal.
        facility_code: the facility that treated the patient.
        total_fen: the bill.
        payers: each payer and its part.
        patient_pays_fen: what the patient pays.
        booked_on: its business day.
        reverses_settlement_id: of a reversal, what it reverses.

    Raises:
        EntryNotBalanced: the parts do not add up to the total.
    """
    parts = [(payer_account(payer, facility_code), amount) for payer, amount in payers]
    parts.append((Account("patient", facility_code=facility_code), patient_pays_fen))
    parts.append((Account("facility", facility_code=facility_code), -total_fen))
    return Entry(
        kind="settlement" if reverses_settlement_id is None else "reversal",
        booked_on=booked_on,
        postings=tuple(Posting(account, amount) for account, amount in parts if amount != 0),
        settlement_id=settlement_id,
        reverses_settlement_id=reverses_settlement_id,
    )


def payer_account(payer: str, facility_code: str) -> Account:
    """Where a payer's part of a facility's bill is booked."""
    if payer == "hospital":
        return Account("hospital", facility_code=facility_code)
    return Account("payer", fund=payer, facility_code=facility_code)
