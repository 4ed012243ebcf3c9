"""Names of the encrypted columns of reviews, and the errors that their use cases share."""

from __future__ import annotations

from shared.http.problem import Conflict, NotFound, Unprocessable
from shared.security.principal import Principal

ALIAS_COLUMN = "person_aliases.value"
NOTE_COLUMN = "review_decisions.note"
CREDENTIALS_COLUMN = "recognitions.credentials"
WITHDRAWAL_COLUMN = "review_withdrawals.reason"


class ReviewUnknown(NotFound):
    code = "review_unknown"
    title = "There is no such review, or it is not yours to decide"
    title_zh = "没有此复核任务，或您无权办理"


class ReviewDecidedAlready(Conflict):
    code = "review_decided_already"
    title = "This review was decided before"
    title_zh = "此复核此前已有结论"


class YouDecidedAlready(Conflict):
    code = "you_decided_already"
    title = "You have decided this review; another person is to decide it too"
    title_zh = "您已复核过此任务，需由另一人复核"


class PersonNotProposed(Unprocessable):
    code = "person_not_proposed"
    title = "The person is none of the review's candidates"
    title_zh = "所选人员不在候选人员之中"


class PersonToBeNamed(Unprocessable):
    code = "person_missing"
    title = "Say which of the candidates is the patient"
    title_zh = "请指明哪一位候选人员是患者"


class JudgeThemAll(Unprocessable):
    code = "judge_them_all"
    title = "A different person means that none of the candidates is the patient"
    title_zh = "“不是同一人”表示所有候选人员都不是患者"


class NotDecidedYet(Conflict):
    code = "review_not_decided"
    title = "This review has no outcome yet that could be taken back"
    title_zh = "此复核尚无结论，无需收回"


class ReviewWithdrawn(Conflict):
    code = "review_withdrawn_already"
    title = "The outcome of this review was taken back before"
    title_zh = "此复核结论此前已收回"


class YouAskedAlready(Conflict):
    code = "you_asked_already"
    title = "You have asked that this outcome be taken back; another person is to ask it too"
    title_zh = "您已提出收回此结论，需由另一人确认"


class WithdrawalReasonMissing(Unprocessable):
    code = "reason_missing"
    title = "Say in words why the outcome was wrong"
    title_zh = "请说明收回结论的原因"


def seen_by(caller: Principal) -> tuple[bool, str | None]:
    """Whether the caller sees reviews, and of which township; None: of the whole county."""
    kind, _, value = caller.organisation.partition(":")
    return kind in ("region", "township"), value if kind == "township" else None
