"""Taking a review's outcome back: what it taught is forgotten, what it changed is told anew.

The decided review stays as the record of what was said. Its question is asked again as a new
review, so that it is decided like any other. Until then nobody is told as the patient on the word
that was taken back.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.merges.domain import Group
from services.identity.merges.repository import MergeRepository
from services.identity.persons.domain import name_key
from services.identity.persons.register import lock_register, stamp
from services.identity.reviews.deciding import learn, verdicts
from services.identity.reviews.names import (
    ALIAS_COLUMN,
    CREDENTIALS_COLUMN,
    WITHDRAWAL_COLUMN,
    NotDecidedYet,
    ReviewUnknown,
    ReviewWithdrawn,
    WithdrawalReasonMissing,
    YouAskedAlready,
    seen_by,
)
from services.identity.reviews.questions import Credentials, alias_name, alias_number, fingerprint
from services.identity.reviews.repository import ReviewRepository
from services.identity.reviews.revising import Verdict, last_told, settle, standing_for
from services.identity.reviews.schemas import WithdrawalAnswer, WithdrawalRequest
from services.identity.reviews.service import Proposal, open_review
from services.identity.reviews.taking_back_repository import TakingBackRepository
from services.identity.reviews.words import TAKEN_BACK
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_FEWEST_REASON_CHARACTERS = 4
_NOBODY = Verdict("possible", None)


async def take_back(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    review_id: UUID,
    body: WithdrawalRequest,
) -> WithdrawalAnswer:
    """Take an outcome back, whichever it was; what two persons decided, two take back.

    Raises:
        ReviewUnknown: no such review, or not the caller's to decide.
        NotDecidedYet, ReviewWithdrawn, YouAskedAlready, WithdrawalReasonMissing: with the cure.
    """
    reason = " ".join(body.reason.split())
    if len(reason) < _FEWEST_REASON_CHARACTERS:
        raise _reason_missing()
    now, region = context.clock.now(), context.region.region_code
    mine, township = seen_by(caller)
    await lock_register(session, region)
    reviews, rows = ReviewRepository(session, region), TakingBackRepository(session, region)
    row = await reviews.one(review_id, township=township, lock=True) if mine else None
    if row is None:
        raise ReviewUnknown("check the review_id; a township decides about its own people only")
    if row["status"] != "decided":
        raise NotDecidedYet("decide it instead; only an outcome can be taken back")
    if row["withdrawn_at"] is not None:
        raise ReviewWithdrawn(
            "decide the review that asks the question again",
            extra={"reopened_as": str(row["reopened_as"]) if row["reopened_as"] else None},
        )
    asked = await rows.asked([review_id])
    if any(each["asked_by"] == caller.client_id for each in asked):
        raise YouAskedAlready("leave it to another person: two had decided it, two take it back")
    await rows.ask(
        {
            "withdrawal_id": new_id(),
            "review_id": review_id,
            "asked_by": caller.client_id,
            "organisation": caller.organisation,
            "reason_enc": context.vault.encrypt(reason, column=WITHDRAWAL_COLUMN),
            "asked_at": now,
        }
    )
    doubled = len(await reviews.words([review_id])) > 1
    if doubled and not asked:
        answer = WithdrawalAnswer(review_id=str(review_id), status="second")
    else:
        answer = await _TakingBack(session, context, reviews, rows, row, now).done()
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="review.withdrawn",
        subject=str(review_id),
        at=now,
        detail={
            "outcome": row["outcome"],
            "person_id": str(row["person_id"]) if row["person_id"] else None,
            "status": answer.status,
            "reopened_as": answer.reopened_as,
            "recognitions_revised": answer.recognitions_revised,
        },
    )
    return answer


class _TakingBack:
    """One outcome that is taken back, under the register's lock."""

    def __init__(
        self,
        session: WriteSession,
        context: ServiceContext,
        reviews: ReviewRepository,
        rows: TakingBackRepository,
        review: RowMapping,
        now: datetime,
    ) -> None:
        self._session = session
        self._context = context
        self._region = context.region.region_code
        self._reviews = reviews
        self._rows = rows
        self._review = review
        self._now = now

    async def done(self) -> WithdrawalAnswer:
        review_id = self._review["review_id"]
        candidates = await self._reviews.candidates([review_id])
        merged = MergeRepository(self._session, self._region)
        groups = await merged.groups([each["person_id"] for each in candidates])
        everybody = {member for group in groups.values() for member in group.members}
        # Before anything is forgotten: recognitions under way end first.
        standing = await standing_for(self._session, self._region, everybody)
        await self._rows.mark(review_id, at=self._now)
        removed = await self._rows.forget(review_id)
        await self._teach_again(merged, everybody)
        left = await self._rows.aliases({each["value_idx"] for each in removed})
        aliases = [each for each in removed if (each["person_id"], each["value_idx"]) not in left]
        if aliases:
            await stamp(self._session, self._region, {each["person_id"] for each in aliases})
        joined = [row["recognition_id"] for row in await self._reviews.joined([review_id])]
        told = await last_told(self._session, self._region, joined)
        concerned = self._undone(told, everybody)
        by_it = await self._answered_by_it(
            {each: verdict for each, verdict in standing.items() if each not in told}, aliases
        )
        for row in by_it:
            concerned[row["recognition_id"]] = _NOBODY
        revised = await settle(self._session, self._context, concerned, reason="review")
        proposals = [(each["person_id"], each["score"], each["evidence"]) for each in candidates]
        again = await self._ask_again(self._review["recognition_id"], proposals)
        if again is not None:
            await self._rows.reopened_as(review_id, again)
            for recognition_id in joined:
                await self._reviews.join(again, recognition_id, at=self._now)
        for row in by_it:
            await self._ask_about(row, groups)
        return WithdrawalAnswer(
            review_id=str(review_id),
            status="withdrawn",
            reopened_as=str(again) if again else None,
            aliases_removed=len(aliases),
            recognitions_revised=revised,
        )

    def _undone(
        self, told: Mapping[UUID, Verdict], everybody: Collection[UUID]
    ) -> dict[UUID, Verdict]:
        """The recognitions that still are what the outcome made of them: they name nobody."""
        if self._review["outcome"] == "same_person":
            return {each: _NOBODY for each, last in told.items() if last.person_id in everybody}
        return {each: _NOBODY for each, last in told.items() if last.grade == "none"}

    async def _teach_again(self, merged: MergeRepository, everybody: Collection[UUID]) -> None:
        """What other outcomes had taught as well, and this one had only taught first or last."""
        earlier = await self._rows.standing(fingerprint=self._review["fingerprint"])
        for row in earlier:
            persons = [
                each["person_id"] for each in await self._reviews.candidates([row["review_id"]])
            ]
            found = await merged.groups(persons)
            kept = dict.fromkeys(group.kept for group in found.values())
            await self._reviews.judge(verdicts(row, kept, row["person_id"], row["decided_at"]))
        for row in await self._rows.standing(person_ids=everybody):
            group = (await merged.groups([row["person_id"]]))[row["person_id"]]
            await learn(self._context, self._reviews, row, group, self._now)

    async def _answered_by_it(
        self, standing: Mapping[UUID, Verdict], aliases: Sequence[RowMapping]
    ) -> list[RowMapping]:
        """Recognitions made since the outcome that name its person by what it had taught."""
        if self._review["outcome"] != "same_person":
            return []
        vault, day = self._context.vault, business_date(self._now)
        taught = {
            (each["kind"], vault.decrypt(each["value_enc"], column=ALIAS_COLUMN))
            for each in aliases
        }
        names = {name_key(value) for kind, value in taught if kind == "name"}
        numbers = {value for kind, value in taught if kind == "id_number"}
        found = []
        for row in await self._rows.since(standing, self._review["decided_at"]):
            given = self._given(row)
            name, number = alias_name(given), alias_number(given, on=day)
            if (
                (name is not None and name_key(name) in names)
                or number in numbers
                or fingerprint(vault, given, on=day) == self._review["fingerprint"]
            ):
                found.append(row)
        return found

    def _given(self, recognition: RowMapping) -> Credentials:
        text = self._context.vault.decrypt(
            recognition["credentials_enc"], column=CREDENTIALS_COLUMN
        )
        given: Credentials = json.loads(text)
        return given

    async def _ask_again(self, recognition_id: UUID, proposals: Sequence[Proposal]) -> UUID | None:
        reasons = [TAKEN_BACK, *(c for c in self._review["reasons"] if c != TAKEN_BACK)]
        return await open_review(
            self._session,
            self._context,
            recognition_id=recognition_id,
            candidates=proposals,
            credentials_fingerprint=self._review["fingerprint"],
            reasons=reasons,
            now=self._now,
            double=self._review["double"],
        )

    async def _ask_about(self, row: RowMapping, groups: Mapping[UUID, Group]) -> None:
        """Lay a recognition that had built on the outcome before a person."""
        whom = row["person_id"] or row["candidate_id"]
        kept = groups[whom].kept if whom in groups else whom
        if kept is None:
            return
        question = fingerprint(self._context.vault, self._given(row), on=business_date(self._now))
        await open_review(
            self._session,
            self._context,
            recognition_id=row["recognition_id"],
            candidates=[(kept, row["score"], row["evidence"])],
            credentials_fingerprint=question,
            reasons=[TAKEN_BACK],
            now=self._now,
        )


def _reason_missing() -> WithdrawalReasonMissing:
    return WithdrawalReasonMissing(
        "write a reason that an auditor can understand",
        errors=[
            FieldFault(
                "reason",
                "reason_missing",
                "write at least four characters that say why",
                "请至少用四个字说明原因",
            )
        ],
    )
