"""HTTP shapes of fee statements."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from shared.money import Money

Period = Annotated[str, StringConstraints(pattern=r"^(19|20)[0-9]{2}-(0[1-9]|1[0-2])$")]
Use = Literal["contract_fee", "check_up"]

_TEAM_EXAMPLE: dict[str, Any] = {
    "team": "H51111300202",
    "name_zh": "金河镇卫生院",
    "period": "2016-03",
    "count": 2,
    "amount": "158.00",
    "issued": "8.00",
    "open": "150.00",
    "uses": [
        {"use": "contract_fee", "name_zh": "家庭医生签约服务", "count": 1, "amount": "8.00"},
        {"use": "check_up", "name_zh": "健康体检", "count": 1, "amount": "150.00"},
    ],
    "contracts_without_service": 3,
    "statements": [
        {
            "statement_id": "01890a5d-ac96-774b-bcce-b302099a8090",
            "number": 1,
            "count": 1,
            "amount": "8.00",
            "issued_at": "2016-04-02T02:00:00Z",
        }
    ],
    "lines": [
        {
            "use": "contract_fee",
            "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
            "contract_id": "01890a5d-ac96-774b-bcce-b302099a8057",
            "service_id": "01890a5d-ac96-774b-bcce-b302099a8061",
            "done_on": "2016-03-10",
            "amount": "8.00",
            "statement_id": "01890a5d-ac96-774b-bcce-b302099a8090",
        }
    ],
}


class UseAnswer(BaseModel):
    """One kind of work."""

    use: Use
    name_zh: str
    count: int
    amount: Money


class LineAnswer(BaseModel):
    """One unit of work."""

    use: Use
    person_id: str
    contract_id: str | None
    service_id: str
    """The follow-up or check-up that earned it."""
    done_on: date
    amount: Money
    statement_id: str | None
    """None: not asked to be paid yet."""


class StatementAnswer(BaseModel):
    """What was asked to be paid at once."""

    statement_id: str
    number: int
    count: int
    amount: Money
    issued_at: AwareDatetime


class TeamStatement(BaseModel):
    """A team's work of a month and what it comes to."""

    model_config = ConfigDict(json_schema_extra={"example": _TEAM_EXAMPLE})

    team: str
    name_zh: str
    period: str
    count: int
    amount: Money
    issued: Money
    """Already asked to be paid."""
    open: Money
    """Not yet."""
    uses: list[UseAnswer]
    contracts_without_service: int
    """Contracts of the month with no service on record: not paid (LP-33, XB-21)."""
    statements: list[StatementAnswer]
    lines: list[LineAnswer] | None = None
    """Only of a team that was asked for by name."""


class FeeStatements(BaseModel):
    """Every team that the caller may see, or the one asked for; the totals are theirs."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "period": "2016-03",
                "team": "H51111300202",
                "count": 2,
                "amount": "158.00",
                "issued": "8.00",
                "open": "150.00",
                "assumptions": ["contract.fee"],
                "items": [_TEAM_EXAMPLE],
            }
        }
    )

    period: str
    team: str | None
    count: int
    amount: Money
    issued: Money
    open: Money
    assumptions: list[str]
    """Prices that the region's pack leaves open."""
    items: list[TeamStatement]


class IssueRequest(BaseModel):
    """Ask that a team be paid for its work of a month."""

    model_config = ConfigDict(
        extra="forbid", json_schema_extra={"example": {"team": "H51111300202", "period": "2016-03"}}
    )

    team: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    period: Period


class IssueAnswer(BaseModel):
    """What this call asked to be paid; nothing when all of it had been asked before."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "team": "H51111300202",
                "period": "2016-03",
                "statement_id": "01890a5d-ac96-774b-bcce-b302099a8090",
                "count": 1,
                "amount": "8.00",
                "uses": [_TEAM_EXAMPLE["uses"][0]],
            }
        }
    )

    team: str
    period: str
    statement_id: str | None
    count: int
    amount: Money
    uses: list[UseAnswer]
