"""HTTP shapes of the ledger."""

from __future__ import annotations

from datetime import date, datetime

from pydantic import BaseModel, ConfigDict

from shared.money import Money


class AccountLine(BaseModel):
    """An account's sums; ``balance`` is debit less credit."""

    code: str
    kind: str
    fund: str | None
    facility_code: str | None
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
                "since": None,
                "known_at": None,
                "accounts": [
                    {
                        "code": "facility:H51111300101",
                        "kind": "facility",
                        "fund": None,
                        "facility_code": "H51111300101",
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
    since: date | None
    known_at: datetime | None
    accounts: list[AccountLine]
    total: Money
    """The sum of all balances; always 0.00, unless one fund's accounts were asked for."""


class EntryLine(BaseModel):
    """One posting; a debit is positive, a credit negative."""

    entry_id: str
    kind: str
    kind_zh: str
    settlement_id: str | None
    source_id: str | None
    """What was booked, of kinds that are no settlement's."""
    reverses_entry_id: str | None
    booked_on: date
    recorded_at: datetime
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
                        "kind": "settlement",
                        "kind_zh": "结算",
                        "settlement_id": "01890a5d-ac96-774b-bcce-b302099a8062",
                        "source_id": None,
                        "reverses_entry_id": None,
                        "booked_on": "2016-03-08",
                        "recorded_at": "2016-03-08T10:30:00+08:00",
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
