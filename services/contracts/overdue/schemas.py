"""HTTP shapes of the overdue list."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, StringConstraints

from services.contracts.overdue.domain import State

Consent = Literal["given", "refused"]

_CALL: dict[str, Any] = {
    "call_id": "01890a5d-ac96-774b-bcce-b302099a8070",
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "team": "H51111300202",
    "called_at": "2016-03-10T09:00:00+08:00",
    "outcome": "agreed",
    "agreed_on": "2016-03-14",
    "again_on": "2016-03-15",
    "consent": "given",
    "exemption_id": None,
}
_PERSON: dict[str, Any] = {
    "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
    "household_id": "01890a5d-ac96-774b-bcce-b302099a8001",
    "team": "H51111300202",
    "township": "金河镇",
    "village": "曙光村",
    "since": "2016-03-01",
    "days": 9,
    "priority": 20,
    "overdue": 1,
    "missed": 0,
    "rules": ["hypertension_recheck"],
    "state": "agreed",
    "state_zh": "已约定，等待返回",
    "consent": "given",
    "last_call": {
        "called_on": "2016-03-10",
        "outcome": "agreed",
        "outcome_zh": "已联系，约定日期",
        "agreed_on": "2016-03-14",
        "again_on": "2016-03-15",
    },
}


class CallOutcomeAnswer(BaseModel):
    """What a call may end in, as the county has it."""

    outcome: str
    name_zh: str
    name_en: str
    reached: bool
    wants_day: bool
    again_days: int | None
    exempt_reason: str | None
    """The exempt reason that it opens; ``evidence`` is needed then."""


class CallOutcomeList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "items": [
                    {
                        "outcome": "died",
                        "name_zh": "已去世",
                        "name_en": "Died",
                        "reached": True,
                        "wants_day": False,
                        "again_days": None,
                        "exempt_reason": "died",
                    }
                ],
                "next_cursor": None,
            }
        }
    )

    items: list[CallOutcomeAnswer]
    next_cursor: str | None = None


class LastCallAnswer(BaseModel):
    """The last call since the person became overdue."""

    called_on: date
    outcome: str
    outcome_zh: str
    agreed_on: date | None
    again_on: date | None


class OverduePerson(BaseModel):
    """Somebody who did not come; the person by pseudonym and village only."""

    model_config = ConfigDict(json_schema_extra={"example": _PERSON})

    person_id: str
    household_id: str | None
    team: str
    township: str | None
    village: str | None
    since: date
    """The due day of the oldest thing that is overdue."""
    days: int
    """For how many days."""
    priority: int
    overdue: int
    """Tasks that can still be done."""
    missed: int
    """Tasks whose window closed, with no service since."""
    rules: list[str]
    state: State
    state_zh: str
    consent: Consent
    """``refused``: he has last said that he does not want to be called."""
    last_call: LastCallAnswer | None


class OverdueList(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"example": {"items": [_PERSON], "next_cursor": None}}
    )

    items: list[OverduePerson]
    next_cursor: str | None


class CallRequest(BaseModel):
    """A call to somebody overdue, or a try."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "example": {
                "person_id": "01890a5d-ac96-774b-bcce-b302099a8058",
                "called_at": "2016-03-10T09:00:00+08:00",
                "outcome": "agreed",
                "agreed_on": "2016-03-14",
                "consent": "given",
            }
        },
    )

    person_id: Annotated[str, StringConstraints(min_length=1, max_length=64)]
    called_at: AwareDatetime
    outcome: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
    """One of ``GET /overdue-outcomes``."""
    agreed_on: date | None = None
    """The day on which he will come; with ``agreed``."""
    since: date | None = None
    """Of a death or a move: its day, default the day of the call."""
    evidence: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    """Of a death or a move: who says so, or the document; kept encrypted."""
    consent: Consent | None = None
    """What he said about being called; left out: nothing."""
    note: Annotated[str, StringConstraints(min_length=1, max_length=2000)] | None = None
    """Free text, stored encrypted and never passed on."""


class CallAnswer(BaseModel):
    """The call as kept."""

    model_config = ConfigDict(json_schema_extra={"example": _CALL})

    call_id: str
    person_id: str
    team: str
    called_at: AwareDatetime
    outcome: str
    agreed_on: date | None
    again_on: date | None
    """From which day he is to be called again; null: no more."""
    consent: Consent | None
    exemption_id: str | None
    """The exempt reason that it opened."""


class ReturnsAnswer(BaseModel):
    """Whether people came after they were called."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "first": "2016-03-01",
                "last": "2016-03-31",
                "team": None,
                "return_days": 15,
                "calls": 40,
                "reached": 31,
                "judged": 36,
                "returned": 27,
                "share": "0.7500",
            }
        }
    )

    first: date
    last: date
    team: str | None
    return_days: int
    calls: int
    reached: int
    judged: int
    """Calls of which it is settled: the person came, or the days are over."""
    returned: int
    share: str | None
    """``returned`` of ``judged``; null when none is judged."""
