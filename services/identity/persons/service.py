"""Use cases on registered persons. Every look at a person is written to the audit log."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.categories.domain import CATEGORIES, Period, in_force, union
from services.identity.guessing.domain import NUMBER_COST, PERSONS, REVEAL_COST, REVEALS
from services.identity.guessing.service import (
    TooManyReveals,
    charge,
    found_nobody,
    refuse_if_spent,
)
from services.identity.idnumber.domain import IdNumberFault, parse
from services.identity.merges.domain import picture
from services.identity.merges.repository import MergeRepository
from services.identity.persons.indexes import (
    card_no_index,
    id_number_index,
    name_birth_index,
    name_index,
)
from services.identity.persons.repository import PersonRepository
from services.identity.persons.schemas import (
    FoundPerson,
    FoundPersons,
    MaskedName,
    MaskedNames,
    PersonAnswer,
    PersonCategory,
    PersonSearch,
    PersonsNamed,
    RevealAnswer,
    RevealRequest,
)
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.masking import mask_id_number, mask_name, mask_phone
from shared.security.principal import Principal


class PersonUnknown(NotFound):
    code = "person_unknown"
    title = "There is no such person on the register, or he is not yours to see"
    title_zh = "登记册中没有此人，或您无权查看"


class SearchNumberInvalid(Unprocessable):
    code = "id_number_invalid"
    title = "The ID number is not valid"
    title_zh = "证件号码无效"


class MomentInTheFuture(Unprocessable):
    code = "known_at_in_the_future"
    title = "Nobody knows what will be known then"
    title_zh = "查询时点不能晚于现在"


class ReasonMissing(Unprocessable):
    code = "reason_missing"
    title = "Say in words why the identifiers are needed"
    title_zh = "请说明查看身份信息的原因"


_FEWEST_REASON_CHARACTERS = 4


async def search(
    session: WriteSession, context: ServiceContext, caller: Principal, body: PersonSearch
) -> FoundPersons:
    """Registered persons of that number or name, masked; a township finds its own people.

    Raises:
        SearchNumberInvalid: the number cannot be anybody's.
        TooManyGuesses: the client has found nobody too often.
    """
    now = context.clock.now()
    refuse_if_spent(context, caller, PERSONS)
    limit = settings_of(context).max_candidates
    repository = PersonRepository(session, context.region.region_code)
    rows = await _found(repository, context, caller, body, limit + 1)
    shown = rows[:limit]
    if not shown:
        found_nobody(context, caller, PERSONS, number_only=_searched_by(body) != "name")
    ids = [row["person_id"] for row in shown]
    together = await MergeRepository(session, context.region.region_code).groups(ids)
    members = {each: group.members for each, group in together.items()}
    held = await repository.memberships([m for group in members.values() for m in group])
    today = business_date(now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.searched",
        subject="persons",
        at=now,
        detail={
            "by": _searched_by(body),
            "found": [str(person_id) for person_id in ids],
        },
    )
    return FoundPersons(
        items=[
            FoundPerson(
                person_id=str(row["person_id"]),
                masked_name=mask_name(
                    context.vault.decrypt(row["name_enc"], column="persons.name")
                ),
                categories=_categories(in_force(_history(held, members[row["person_id"]]), today)),
                township=row["township"],
                village=row["village"],
            )
            for row in shown
        ],
        truncated=len(rows) > limit,
    )


async def names(
    session: WriteSession, context: ServiceContext, caller: Principal, body: PersonsNamed
) -> MaskedNames:
    """The masked names of a list's persons; who is not the caller's to see is left out.

    Whom a merge absorbed has the name of him who was kept.
    """
    kind, _, value = caller.organisation.partition(":")
    found: Mapping[UUID, bytes] = {}
    groups = await MergeRepository(session, context.region.region_code).groups(body.person_ids)
    if kind in ("region", "township"):
        found = await PersonRepository(session, context.region.region_code).names(
            {group.kept for group in groups.values()},
            township=value if kind == "township" else None,
        )
    shown = {each: found[group.kept] for each, group in groups.items() if group.kept in found}
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.named",
        subject="persons",
        at=context.clock.now(),
        detail={"found": sorted(str(each) for each in shown)},
    )
    return MaskedNames(
        items=[
            MaskedName(
                person_id=str(each),
                masked_name=mask_name(context.vault.decrypt(name, column="persons.name")),
            )
            for each, name in shown.items()
        ]
    )


async def one_person(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: UUID,
    *,
    as_of: date | None,
    known_at: datetime | None,
) -> PersonAnswer:
    """A person, masked, with the categories that held on a day as known at a moment.

    Whom a merge absorbed is answered by the kept person, who shows what stands with both; so it is
    also for a moment, by the merges that were in force then.

    Raises:
        PersonUnknown: no such person, or another township's.
        MomentInTheFuture: ``known_at`` lies ahead.
    """
    now = context.clock.now()
    if known_at is not None and known_at > now:
        raise MomentInTheFuture("leave known_at out to ask what is known now")
    repository = PersonRepository(session, context.region.region_code)
    merges = MergeRepository(session, context.region.region_code)
    group = (await merges.groups([person_id], known_at=known_at))[person_id]
    kept = await _visible(repository, caller, group.kept)
    absorbed = [
        dict(row) for each in group.absorbed if (row := await repository.get(each)) is not None
    ]
    person = picture(dict(kept), absorbed)
    held = await repository.memberships(group.members, known_at=known_at)
    history = _history(held, group.members)
    day = as_of or business_date(now)
    decrypt = context.vault.decrypt
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.read",
        subject=str(person_id),
        at=now,
    )
    return PersonAnswer(
        person_id=str(group.kept),
        merged_into=str(group.kept) if person_id != group.kept else None,
        absorbed_person_ids=[str(each) for each in group.absorbed],
        masked_name=mask_name(decrypt(person["name_enc"], column="persons.name")),
        masked_id_number=(
            mask_id_number(decrypt(person["id_number_enc"], column="persons.id_number"))
            if person["id_number_enc"]
            else None
        ),
        masked_phone=(
            mask_phone(decrypt(person["phone_enc"], column="persons.phone"))
            if person["phone_enc"]
            else None
        ),
        sex=person["sex"],
        birth_year=person["birth_date"].year if person["birth_date"] else None,
        household_id=str(person["household_id"]) if person["household_id"] else None,
        township=person["township"],
        village=person["village"],
        as_of=day,
        known_at=known_at or now,
        categories=_categories(in_force(history, day)),
        history=_categories(history),
    )


async def reveal(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    person_id: UUID,
    body: RevealRequest,
) -> RevealAnswer:
    """A person's identifiers in clear; who asked and why is kept.

    Raises:
        PersonUnknown: no such person, or another township's.
        ReasonMissing: the reason is blank.
        TooManyReveals: the client has been shown too many, or asked for too many who are nobody.
    """
    refuse_if_spent(context, caller, REVEALS, TooManyReveals)
    reason = " ".join(body.reason.split())
    if len(reason) < _FEWEST_REASON_CHARACTERS:
        raise ReasonMissing(
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
    now = context.clock.now()
    repository = PersonRepository(session, context.region.region_code)
    try:
        person = await _visible(repository, caller, person_id)
    except PersonUnknown:
        charge(context, caller, REVEALS, NUMBER_COST)
        raise
    charge(context, caller, REVEALS, REVEAL_COST)
    vault = context.vault
    reveal_id = new_id()
    await repository.add_reveal(
        {
            "reveal_id": reveal_id,
            "person_id": person_id,
            "actor": caller.client_id,
            "organisation": caller.organisation,
            "reason_enc": vault.encrypt(reason, column="reveals.reason"),
            "revealed_at": now,
        }
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.revealed",
        subject=str(person_id),
        at=now,
        detail={"reveal_id": str(reveal_id)},
    )
    return RevealAnswer(
        person_id=str(person_id),
        reveal_id=str(reveal_id),
        name=vault.decrypt(person["name_enc"], column="persons.name"),
        id_number=(
            vault.decrypt(person["id_number_enc"], column="persons.id_number")
            if person["id_number_enc"]
            else None
        ),
        phone=(
            vault.decrypt(person["phone_enc"], column="persons.phone")
            if person["phone_enc"]
            else None
        ),
        birth_date=person["birth_date"],
        household_no=(
            vault.decrypt(person["household_no_enc"], column="households.household_no")
            if person["household_no_enc"]
            else None
        ),
    )


async def _found(
    repository: PersonRepository,
    context: ServiceContext,
    caller: Principal,
    body: PersonSearch,
    limit: int,
) -> Sequence[RowMapping]:
    kind, _, value = caller.organisation.partition(":")
    if kind not in ("region", "township"):
        return []
    township = value if kind == "township" else None
    vault = context.vault
    if body.id_number and body.id_number.strip():
        try:
            number = parse(body.id_number, on=business_date(context.clock.now()))
        except IdNumberFault as fault:
            raise SearchNumberInvalid(
                "correct the number, or search by name",
                errors=[FieldFault("id_number", fault.code, fault.message, fault.message_zh)],
            ) from None
        idx = id_number_index(vault, number.value)
        return await repository.by_id_number(idx, township=township, limit=limit)
    if body.card_no and body.card_no.strip():
        idx = card_no_index(vault, body.card_no)
        return await repository.by_card(idx, township=township, limit=limit)
    name = body.name or ""
    if body.birth_date is not None:
        idx = name_birth_index(vault, name, body.birth_date)
        return await repository.by_name_birth(idx, township=township, limit=limit)
    return await repository.by_name(name_index(vault, name), township=township, limit=limit)


def _searched_by(body: PersonSearch) -> str:
    named = (("id_number", body.id_number), ("card_no", body.card_no))
    return next((field for field, text in named if (text or "").strip()), "name")


async def _visible(repository: PersonRepository, caller: Principal, person_id: UUID) -> RowMapping:
    person = await repository.get(person_id)
    if person is None or not caller.may_see_township(person["township"]):
        raise PersonUnknown("check the person_id; a township sees its own people only")
    return person


def _history(held: Sequence[RowMapping], members: Sequence[UUID]) -> tuple[Period, ...]:
    return union(
        Period(row["category"], row["valid_from"], row["valid_to"])
        for row in held
        if row["person_id"] in members
    )


def _categories(periods: Sequence[Period]) -> list[PersonCategory]:
    return [
        PersonCategory(
            code=period.code,
            name_zh=CATEGORIES[period.code],
            valid_from=period.valid_from,
            valid_to=period.valid_to,
        )
        for period in periods
    ]
