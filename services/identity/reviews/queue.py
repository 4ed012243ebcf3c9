"""Showing reviews: both records side by side, masked, the evidence in words."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import CATEGORIES, Period, in_force, union
from services.identity.idnumber.domain import IdNumberFault, parse
from services.identity.merges.domain import Group, picture
from services.identity.merges.repository import MergeRepository
from services.identity.persons.domain import address_names_place
from services.identity.reviews.names import (
    CREDENTIALS_COLUMN,
    NOTE_COLUMN,
    WITHDRAWAL_COLUMN,
    ReviewUnknown,
    seen_by,
)
from services.identity.reviews.questions import given
from services.identity.reviews.repository import ReviewRepository
from services.identity.reviews.schemas import (
    AskedRecord,
    CandidateRecord,
    CategoryWords,
    EvidenceWords,
    ReasonAnswer,
    ReviewAnswer,
    ReviewPage,
    WithdrawalAsked,
    WordSaid,
)
from services.identity.reviews.taking_back_repository import TakingBackRepository
from services.identity.reviews.words import evidence_words, reason_words
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.masking import mask_id_number, mask_name, mask_phone
from shared.security.principal import Principal

_CURSOR_PARTS = 2
_AUDITED_AT_A_TIME = 100


async def queue(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    waiting: bool,
    limit: int,
    cursor: str | None,
) -> ReviewPage:
    """Reviews that wait, oldest first; or decided ones, newest first.

    A write session although it reads: the look at persons is written to the audit log.
    """
    mine, township = seen_by(caller)
    if not mine:
        return ReviewPage(items=[])
    repository = ReviewRepository(session, context.region.region_code)
    rows = await repository.queue(
        waiting=waiting, township=township, after=_after(cursor), limit=limit + 1
    )
    shown = rows[:limit]
    items = await _show(session, context, caller, repository, shown)
    next_cursor = None
    if len(rows) > limit:
        last = shown[-1]
        moment: datetime = last["opened_at"] if waiting else last["decided_at"]
        next_cursor = encode_cursor(moment.isoformat(), str(last["review_id"]))
    return ReviewPage(items=items, next_cursor=next_cursor)


async def one(
    session: WriteSession, context: ServiceContext, caller: Principal, review_id: UUID
) -> ReviewAnswer:
    """One review.

    Raises:
        ReviewUnknown: no such review, or not the caller's to see.
    """
    mine, township = seen_by(caller)
    repository = ReviewRepository(session, context.region.region_code)
    row = await repository.one(review_id, township=township) if mine else None
    if row is None:
        raise ReviewUnknown("check the review_id; a township sees its own people only")
    return (await _show(session, context, caller, repository, [row]))[0]


def _after(cursor: str | None) -> tuple[datetime, UUID] | None:
    if cursor is None:
        return None
    moment, review_id = decode_cursor(cursor, parts=_CURSOR_PARTS)
    try:
        after = datetime.fromisoformat(str(moment)), UUID(str(review_id))
    except ValueError:
        after = None
    if after is None or after[0].tzinfo is None:
        raise CursorMalformed("send the next_cursor of the page before, unchanged")
    return after


async def _show(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    repository: ReviewRepository,
    rows: Sequence[RowMapping],
) -> list[ReviewAnswer]:
    if not rows:
        return []
    ids = [row["review_id"] for row in rows]
    asked = await repository.asked(ids)
    candidates = _by_review(await repository.candidates(ids))
    joined = _by_review(await repository.joined(ids))
    words = _by_review(await repository.words(ids))
    taking_back = TakingBackRepository(session, context.region.region_code)
    withdrawals = _by_review(await taking_back.asked(ids))
    proposed = {each["person_id"] for several in candidates.values() for each in several}
    groups = await MergeRepository(session, context.region.region_code).groups(proposed)
    everybody = {member for group in groups.values() for member in group.members}
    people = await repository.registered(everybody)
    held = await repository.held(everybody)
    shown = _Shown(context, groups, people, held)
    await _note(session, context, caller, sorted(map(str, everybody)))
    return [
        _answer(
            shown,
            row,
            asked[row["review_id"]],
            candidates.get(row["review_id"], []),
            len(joined.get(row["review_id"], [])),
            words.get(row["review_id"], []),
            withdrawals.get(row["review_id"], []),
            caller,
        )
        for row in rows
    ]


class _Shown:
    """Registered persons, as a reviewer may see them."""

    def __init__(
        self,
        context: ServiceContext,
        groups: Mapping[UUID, Group],
        people: Mapping[UUID, RowMapping],
        held: Sequence[RowMapping],
    ) -> None:
        self.context = context
        self._groups = groups
        self._people = people
        self._periods: dict[UUID, list[Period]] = {}
        for row in held:
            self._periods.setdefault(row["person_id"], []).append(
                Period(row["category"], row["valid_from"], row["valid_to"])
            )

    def candidates(self, proposed: Sequence[RowMapping], day: date) -> list[CandidateRecord]:
        """The candidates in order; two who were merged since are one."""
        first: dict[UUID, RowMapping] = {}
        for each in proposed:
            first.setdefault(self._groups[each["person_id"]].kept, each)
        return [self._candidate(person_id, each, day) for person_id, each in first.items()]

    def _candidate(self, person_id: UUID, proposed: RowMapping, day: date) -> CandidateRecord:
        group = self._groups[proposed["person_id"]]
        absorbed = [dict(self._people[each]) for each in group.absorbed]
        person = picture(dict(self._people[person_id]), absorbed)
        decrypt = self.context.vault.decrypt
        number, phone = person["id_number_enc"], person["phone_enc"]
        periods = [p for each in group.members for p in self._periods.get(each, ())]
        return CandidateRecord(
            person_id=str(person_id),
            masked_name=mask_name(decrypt(person["name_enc"], column="persons.name")),
            masked_id_number=(
                mask_id_number(decrypt(number, column="persons.id_number")) if number else None
            ),
            masked_phone=mask_phone(decrypt(phone, column="persons.phone")) if phone else None,
            birth_year=person["birth_date"].year if person["birth_date"] else None,
            sex=person["sex"],
            township=person["township"],
            village=person["village"],
            categories=[
                CategoryWords(code=period.code, name_zh=CATEGORIES[period.code])
                for period in in_force(union(periods), day)
            ],
            score=proposed["score"],
            evidence=[_evidence(item) for item in proposed["evidence"]],
        )

    def asked(self, row: RowMapping, visits: int) -> AskedRecord:
        """What the window gave."""
        credentials = json.loads(
            self.context.vault.decrypt(row["credentials_enc"], column=CREDENTIALS_COLUMN)
        )
        number, phone = given(credentials, "id_number"), given(credentials, "phone")
        name = given(credentials, "name")
        birth, sex = _birth_and_sex(credentials, business_date(row["occurred_at"]))
        township, village = self._place(given(credentials, "address"))
        facility = self.context.region.facility(row["facility_code"])
        return AskedRecord(
            recognition_id=str(row["recognition_id"]),
            facility_code=row["facility_code"],
            facility_name_zh=facility.name_zh if facility is not None else None,
            visit_type=row["visit_type"],
            occurred_at=row["occurred_at"],
            visits=visits,
            masked_name=mask_name(name) if name else None,
            masked_id_number=mask_id_number(number) if number else None,
            masked_phone=mask_phone(phone) if phone else None,
            birth_year=birth.year if birth else None,
            sex=sex,
            township=township,
            village=village,
        )

    def _place(self, address: str) -> tuple[str | None, str | None]:
        """Township and village that the address names; the rest of it is not shown."""
        if not address:
            return None, None
        townships = self.context.region.townships
        named = [t for t in townships if address_names_place(address, t.name_zh)]
        for township in named or townships:
            for village in township.villages:
                if address_names_place(address, village.name_zh):
                    return township.name_zh, village.name_zh
        return (named[0].name_zh if named else None), None


def _birth_and_sex(credentials: Mapping[str, Any], on: date) -> tuple[date | None, Any]:
    birth = date.fromisoformat(text) if (text := given(credentials, "birth_date")) else None
    sex: Any = given(credentials, "sex") or None
    if number := given(credentials, "id_number"):
        try:
            read = parse(number, on=on)
        except IdNumberFault:
            return birth, sex
        return birth or read.birth_date, sex or read.sex
    return birth, sex


def _answer(
    shown: _Shown,
    row: RowMapping,
    asked: RowMapping,
    candidates: Sequence[RowMapping],
    visits: int,
    words: Sequence[RowMapping],
    withdrawals: Sequence[RowMapping],
    caller: Principal,
) -> ReviewAnswer:
    decided = row["status"] == "decided"
    return ReviewAnswer(
        review_id=str(row["review_id"]),
        status=row["status"],
        double=row["double"],
        grade=row["grade"],
        weights_version=row["weights_version"],
        opened_at=row["opened_at"],
        decided_at=row["decided_at"],
        reasons=[_reason(code) for code in row["reasons"]],
        asked=shown.asked(asked, visits),
        candidates=shown.candidates(candidates, business_date(asked["occurred_at"])),
        words_said=len(words),
        you_decided=any(word["decider"] == caller.client_id for word in words),
        outcome=row["outcome"],
        person_id=str(row["person_id"]) if row["person_id"] else None,
        words=[_word(shown.context, word) for word in words] if decided else [],
        withdrawn_at=row["withdrawn_at"],
        reopened_as=str(row["reopened_as"]) if row["reopened_as"] else None,
        withdrawals=[
            WithdrawalAsked(
                asked_by=each["asked_by"],
                asked_at=each["asked_at"],
                reason=shown.context.vault.decrypt(each["reason_enc"], column=WITHDRAWAL_COLUMN),
            )
            for each in withdrawals
        ],
    )


def _word(context: ServiceContext, word: RowMapping) -> WordSaid:
    return WordSaid(
        decider=word["decider"],
        decision=word["decision"],
        person_id=str(word["person_id"]) if word["person_id"] else None,
        decided_at=word["decided_at"],
        note=(
            context.vault.decrypt(word["note_enc"], column=NOTE_COLUMN)
            if word["note_enc"]
            else None
        ),
    )


def _reason(code: str) -> ReasonAnswer:
    message, message_zh = reason_words(code)
    return ReasonAnswer(code=code, message=message, message_zh=message_zh)


def _evidence(item: Mapping[str, Any]) -> EvidenceWords:
    message, message_zh = evidence_words(item["field"], item["level"])
    return EvidenceWords(
        field=item["field"],
        level=item["level"],
        weight=item["weight"],
        message=message,
        message_zh=message_zh,
    )


def _by_review(rows: Sequence[RowMapping]) -> dict[UUID, list[RowMapping]]:
    found: dict[UUID, list[RowMapping]] = {}
    for row in rows:
        found.setdefault(row["review_id"], []).append(row)
    return found


async def _note(
    session: WriteSession, context: ServiceContext, caller: Principal, person_ids: Sequence[str]
) -> None:
    for start in range(0, len(person_ids), _AUDITED_AT_A_TIME):
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="review.read",
            subject="reviews",
            at=context.clock.now(),
            detail={"persons": list(person_ids[start : start + _AUDITED_AT_A_TIME])},
        )
