"""HTTP shapes of the ledger."""

from __future__ import annotations

from datetime import date

from pydantic import BaseModel, ConfigDict

from shared.money import Money


class AccountLine(BaseModel):
    """An account's sums; ``balance`` is debit less credit."""

    code: str
    name_zh: str
    name_en: str
    debit: Money
    credit: Money
    balance: Money


class TrialBalance(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "as_of": "2016-03-31",
                "accounts": [
                    {
                        "code": "facility:H51111300101",
                        "name_zh": "医疗机构已结算费用(H51111300101)",
                        "name_en": "Settled bills of H51111300101",
                        "debit": "0.00",
                        "credit": "5000.00",
                        "balance": "-5000.00",
                    }
                ],
                "total": "0.00",
            }
        }
    )

    as_of: date
    accounts: list[AccountLine]
    total: Money
    """The sum of all balances; always 0.00."""


class EntryLine(BaseModel):
    """One posting; a debit is positive, a credit negative."""

    entry_id: str
    settlement_id: str
    reverses_entry_id: str | None
    booked_on: date
    amount: Money


class AccountEntries(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "code": "payer:medical_aid:H51111300101",
                "name_zh": "医疗救助资金应付(H51111300101)",
                "name_en": "Medical aid, owed to H51111300101",
                "items": [
                    {
                        "entry_id": "01890a5d-ac96-774b-bcce-b302099a8061",
                        "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8062",
                        "reverses_entry_id": None,
                        "booked_on": "2016-03-08",
                        "amount": "663.83",
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    code: str
    name_zh: str
    name_en: str
    items: list[EntryLine]
    next_cursor: str | None
