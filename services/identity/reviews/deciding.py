"""Deciding a review, and everything that follows from the decision."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.merges.domain import Group
from services.identity.merges.repository import MergeRepository
from services.identity.persons.domain import name_key
from services.identity.persons.indexes import id_number_index, name_index
from services.identity.persons.register import lock_register, stamp
from services.identity.reviews.domain import Word, status_after
from services.identity.reviews.names import (
    ALIAS_COLUMN,
    CREDENTIALS_COLUMN,
    NOTE_COLUMN,
    JudgeThemAll,
    PersonNotProposed,
    PersonToBeNamed,
    ReviewDecidedAlready,
    ReviewUnknown,
    YouDecidedAlready,
    seen_by,
)
from services.identity.reviews.questions import alias_name, alias_number
from services.identity.reviews.repository import ReviewRepository
from services.identity.reviews.revising import Verdict, last_told, settle
from services.identity.reviews.schemas import DecisionAnswer, DecisionRequest
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_PERSON_PREFIX = "user:"
"""A signed-in person; any other client is a program, which is nobody's second opinion."""


@dataclass(frozen=True)
class _Case:
    """A review under decision."""

    row: RowMapping
    groups: dict[UUID, Group]
    """Of each candidate."""

    @property
    def persons(self) -> tuple[UUID, ...]:
        """Who may be the patient: a merged candidate is the one who was kept."""
        return tuple(dict.fromkeys(group.kept for group in self.groups.values()))

    @property
    def everybody(self) -> set[UUID]:
        return {member for group in self.groups.values() for member in group.members}


async def decide(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    review_id: UUID,
    body: DecisionRequest,
) -> DecisionAnswer:
    """Take a person's word on a review; where it decides, do what follows from it.

    Same person: what the window gave becomes an alias, and the recognitions that waited are told
    anew with that person. Different person: the pair is never asked about again, and a recognition
    that had named one of the candidates names nobody.

    Raises:
        ReviewUnknown: no such review, or not the caller's to decide.
        ReviewDecidedAlready: by whom and when is told.
        YouDecidedAlready: the second word must be another person's.
        PersonNotProposed, PersonToBeNamed, JudgeThemAll: told with the cure.
    """
    now, region = context.clock.now(), context.region.region_code
    mine, township = seen_by(caller)
    await lock_register(session, region)
    repository = ReviewRepository(session, region)
    row = await repository.one(review_id, township=township, lock=True) if mine else None
    if row is None:
        raise ReviewUnknown("check the review_id; a township decides about its own people only")
    said = await repository.words([review_id])
    if row["status"] == "decided":
        raise _decided(row, said)
    if any(word["decider"] == caller.client_id for word in said):
        raise YouDecidedAlready("leave it to another person: two are to look independently")
    proposed = [each["person_id"] for each in await repository.candidates([review_id])]
    merged = MergeRepository(session, region)
    case = _Case(row, await merged.groups(proposed))
    word = Word(caller.client_id, body.decision, _person(body, case))
    note = body.note.strip()
    await repository.add_word(
        {
            "decision_id": new_id(),
            "review_id": review_id,
            "decider": caller.client_id,
            "organisation": caller.organisation,
            "decision": word.outcome,
            "person_id": word.person_id,
            "note_enc": context.vault.encrypt(note, column=NOTE_COLUMN) if note else None,
            "decided_at": now,
        }
    )
    before = [Word(w["decider"], w["decision"], w["person_id"]) for w in said]
    needs_two = row["double"] and (bool(before) or caller.client_id.startswith(_PERSON_PREFIX))
    status, counts = status_after([*before, word], double=needs_two)
    answer = DecisionAnswer(review_id=str(review_id), status=status)
    values: dict[str, Any] = {"status": status}
    if counts is not None:
        values |= {
            "outcome": counts.outcome,
            "person_id": counts.person_id,
            "decided_at": now,
        }
        await repository.set_status(review_id, values)
        answer = await _follow(session, context, repository, case, counts, now)
    else:
        await repository.set_status(review_id, values)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="review.decided",
        subject=str(review_id),
        at=now,
        detail={
            "decision": word.outcome,
            "person_id": str(word.person_id) if word.person_id else None,
            "status": status,
            "recognitions_revised": answer.recognitions_revised,
        },
    )
    return answer


async def _follow(
    session: WriteSession,
    context: ServiceContext,
    repository: ReviewRepository,
    case: _Case,
    word: Word,
    now: datetime,
) -> DecisionAnswer:
    region, review_id = context.region.region_code, case.row["review_id"]
    await repository.judge(verdicts(case.row, case.persons, word.person_id, now))
    added = 0
    if word.person_id is not None:
        group = next(g for g in case.groups.values() if g.kept == word.person_id)
        added = await learn(context, repository, case.row, group, now)
        if added:
            await stamp(session, region, {word.person_id})
    verdict = Verdict("certain", word.person_id) if word.person_id else Verdict("none", None)
    waiting = [row["recognition_id"] for row in await repository.joined([review_id])]
    told = await last_told(session, region, waiting)
    # One that meanwhile names a person who is no candidate here was settled otherwise.
    concerned = {
        each: verdict
        for each, last in told.items()
        if last.person_id is None or last.person_id in case.everybody
    }
    revised = await settle(session, context, concerned, reason="review")
    return DecisionAnswer(
        review_id=str(review_id),
        status="decided",
        outcome=word.outcome,
        person_id=str(word.person_id) if word.person_id else None,
        aliases_added=added,
        recognitions_revised=revised,
    )


def verdicts(
    review: RowMapping, persons: Iterable[UUID], found: UUID | None, now: datetime
) -> list[dict[str, Any]]:
    """What an outcome says of the question and each candidate.

    Args:
        review: whose outcome it is.
        persons: the candidates, each by who stands for him.
        found: who of them is the patient; None: nobody.
        now: since when it is said.
    """
    return [
        {
            "fingerprint": review["fingerprint"],
            "person_id": person_id,
            "verdict": "same_person" if person_id == found else "different_person",
            "review_id": review["review_id"],
            "judged_at": now,
        }
        for person_id in persons
    ]


async def learn(
    context: ServiceContext,
    repository: ReviewRepository,
    review: RowMapping,
    group: Group,
    now: datetime,
) -> int:
    """Keep the name and number of the question as aliases where they are not the registered ones.

    A number that is registered to anybody never becomes another's alias.
    """
    vault = context.vault
    asked = (await repository.asked([review["review_id"]]))[review["review_id"]]
    credentials: Mapping[str, str | None] = json.loads(
        vault.decrypt(asked["credentials_enc"], column=CREDENTIALS_COLUMN)
    )
    registered = await repository.registered(group.members)
    rows: list[dict[str, Any]] = []

    def keep(kind: str, value: str, idx: bytes) -> None:
        rows.append(
            {
                "alias_id": new_id(),
                "person_id": group.kept,
                "review_id": review["review_id"],
                "kind": kind,
                "value_enc": vault.encrypt(value, column=ALIAS_COLUMN),
                "value_idx": idx,
                "recorded_at": now,
            }
        )

    name = alias_name(credentials)
    if name is not None:
        known = {
            name_key(vault.decrypt(person["name_enc"], column="persons.name"))
            for person in registered.values()
        }
        if name_key(name) not in known:
            keep("name", name, name_index(vault, name))
    number = alias_number(credentials, on=business_date(now))
    if number is not None:
        idx = id_number_index(vault, number)
        if not await repository.holders_of_number(idx):
            keep("id_number", number, idx)
    return await repository.add_aliases(rows)


def _person(body: DecisionRequest, case: _Case) -> UUID | None:
    named = body.person_id
    if named is not None:
        group = next((g for g in case.groups.values() if named in g.members), None)
        if group is None:
            raise PersonNotProposed(
                "choose one of the review's candidates; merge persons who are one elsewhere",
                errors=[
                    FieldFault(
                        "person_id",
                        "person_not_proposed",
                        "choose one of the candidates shown",
                        "请从所列候选人员中选择",
                    )
                ],
            )
        named = group.kept
    if body.decision == "different_person":
        if named is not None and len(case.persons) > 1:
            raise JudgeThemAll(
                "leave person_id out if none of them is the patient",
                errors=[
                    FieldFault(
                        "person_id",
                        "judge_them_all",
                        "leave it out: the word is about all candidates",
                        "请勿填写：结论针对全部候选人员",
                    )
                ],
            )
        return None
    if named is None:
        if len(case.persons) > 1:
            raise PersonToBeNamed(
                "give person_id: there are several candidates",
                errors=[
                    FieldFault(
                        "person_id",
                        "person_missing",
                        "say which of the candidates is the patient",
                        "请指明哪一位候选人员是患者",
                    )
                ],
            )
        named = case.persons[0]
    return named


def _decided(row: RowMapping, said: Sequence[RowMapping]) -> ReviewDecidedAlready:
    return ReviewDecidedAlready(
        "read its outcome; a new recognition asks anew if it must",
        extra={
            "outcome": row["outcome"],
            "person_id": str(row["person_id"]) if row["person_id"] else None,
            "decided_at": row["decided_at"].isoformat(),
            "decided_by": [word["decider"] for word in said],
        },
    )
