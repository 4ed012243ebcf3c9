"""What can be wrong with a contract or one of its steps."""

from __future__ import annotations

from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable


class ContractUnknown(NotFound):
    code = "contract_unknown"
    title = "There is no such contract, or it is not yours to see"
    title_zh = "没有这份签约，或您无权查看"


class ContractOverlaps(Conflict):
    code = "contract_overlaps"
    title = "The person has another contract in force in this period"
    title_zh = "该人员在此期间已有有效签约"


class OfferOpen(Conflict):
    code = "offer_open_already"
    title = "The person has been offered a contract that is neither signed nor declined"
    title_zh = "该人员已有未办结的签约邀请"


class ContractEndedAlready(Conflict):
    code = "contract_ended_already"
    title = "The contract has ended already"
    title_zh = "该签约已终止"


class ContractExpired(Conflict):
    code = "contract_expired"
    title = "The contract's term was over on that day"
    title_zh = "该日签约已到期"


class StepRefused(Conflict):
    code = "step_not_allowed"
    title = "The contract is in a state in which this cannot be done"
    title_zh = "签约当前状态不能办理此项"


class PersonLeftRegistry(Conflict):
    code = "person_left_registry"
    title = "The person is no longer on the registry"
    title_zh = "该人员已不在册"


class FieldsWrong(Unprocessable):
    """A field contradicts what is known; the fault names the cure."""


def fault(field: str, code: str, message: str, message_zh: str) -> FieldsWrong:
    """One wrong field."""
    return FieldsWrong(errors=[FieldFault(field, code, message, message_zh)])


def in_the_future(field: str) -> FieldsWrong:
    """A day after today where only what has happened can be recorded."""
    return fault(
        field,
        "in_the_future",
        "the day cannot be after today; give the day on which it happened",
        "日期不能晚于今天；请填写实际发生日期",
    )


def overlaps() -> ContractOverlaps:
    """Another contract of the person holds on one of the days."""
    return ContractOverlaps(
        "a person has one family-doctor team at a time; end the other contract first, "
        "or sign from the day after it"
    )
