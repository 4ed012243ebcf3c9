"""What contracts says: who signed with which team, which task is open or done."""

from __future__ import annotations

from datetime import date, datetime
from typing import ClassVar

from shared.events.base import Event


class _ContractEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "contract"
    key_field: ClassVar[str] = "person_id"

    contract_id: str
    person_id: str
    team: str
    township: str | None = None
    village: str | None = None
    effective_on: date


class ContractSigned(_ContractEvent):
    """A person and a family-doctor team signed."""

    verb: ClassVar[str] = "signed"

    valid_to: date


class ContractEnded(_ContractEvent):
    """A contract ended before or at its term."""

    verb: ClassVar[str] = "ended"

    reason: str


class _TaskEvent(Event):
    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "task"
    key_field: ClassVar[str] = "person_id"

    task_id: str
    person_id: str
    rule: str
    team: str
    due_on: date


class TaskOpened(_TaskEvent):
    """A team has something to do for a person until the due day."""

    verb: ClassVar[str] = "opened"

    encounter_id: str | None = None


class TaskClosed(_TaskEvent):
    """A task was done, or became pointless; ``outcome`` tells which."""

    verb: ClassVar[str] = "closed"

    outcome: str


class FollowUpRecorded(Event):
    """A team followed a person up."""

    producer: ClassVar[str] = "contracts"
    noun: ClassVar[str] = "follow_up"
    verb: ClassVar[str] = "recorded"
    key_field: ClassVar[str] = "person_id"

    follow_up_id: str
    person_id: str
    team: str
    task_id: str | None = None
    performed_at: datetime
    way: str
