"""Use cases of health cards: issuing, reading at a window, revoking, and what offline windows need.

The keys that sign them are in :mod:`services.identity.cards.keys`.
"""

from __future__ import annotations

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.cards import codes
from services.identity.cards.domain import (
    CardClaims,
    new_card_no,
    plausible_birth,
)
from services.identity.cards.keys import keys, ring_of
from services.identity.cards.reading import (
    NUMBER_COLUMN,
    REASON_COLUMN,
    CardHolder,
    note,
    read_card,
    verify,
)
from services.identity.cards.repository import CardRepository
from services.identity.cards.schemas import (
    CardAnswer,
    CardList,
    CardRequest,
    ListedCard,
    Revocation,
    Revocations,
    RevokeAnswer,
    RevokeRequest,
)
from services.identity.merges.repository import MergeRepository
from services.identity.persons.indexes import card_no_index
from services.identity.persons.register import lock_register, stamp
from services.identity.persons.service import PersonUnknown
from services.identity.settings import settings_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import CardIssued, CardRevoked
from shared.http.pagination import decode_cursor, encode_cursor
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security.masking import mask_card_no
from shared.security.principal import Principal

__all__ = [
    "CardHolder",
    "cards_of",
    "issue",
    "keys",
    "read_card",
    "revocations",
    "revoke",
    "verify",
]

_MOST_DRAWS = 20


class CardUnknown(NotFound):
    code = "card_unknown"
    title = "There is no such card, or it is not yours to revoke"
    title_zh = "没有此卡，或您无权注销"


class CardRevokedAlready(Conflict):
    code = "card_revoked_already"
    title = "This card was revoked before"
    title_zh = "此卡此前已注销"


class TooManyCards(Conflict):
    code = "too_many_cards"
    title = "This person has as many good cards as one may have"
    title_zh = "该人员的有效卡数量已达上限"


class HolderAbsorbed(Conflict):
    code = "person_absorbed"
    title = "This person was merged into another one"
    title_zh = "此人员记录已并入另一人员"


class HolderDataMissing(Unprocessable):
    code = "holder_data_missing"
    title = "A card needs the holder's birth date and sex on the register"
    title_zh = "发卡需要登记册中有持卡人的出生日期和性别"


class CardNumbersUsedUp(RuntimeError):
    """No free card number was drawn in twenty attempts: the region's numbers run short."""


async def issue(
    session: WriteSession, context: ServiceContext, caller: Principal, body: CardRequest
) -> CardAnswer:
    """Give a registered person a card.

    Raises:
        PersonUnknown: no such person, or not the caller's to see.
        HolderAbsorbed: the person was merged into another one, who is told.
        HolderDataMissing: birth date or sex is not registered.
        TooManyCards: an old card must be revoked first.
    """
    region, vault = context.region.region_code, context.vault
    settings = settings_of(context)
    await lock_register(session, region)
    now = context.clock.now().replace(microsecond=0)
    today = business_date(now)
    repository = CardRepository(session, region)
    holder = await repository.holder(body.person_id)
    if holder is None or not caller.may_see_township(holder["township"]):
        raise PersonUnknown("check the person_id; a township sees its own people only")
    if holder["merged_into"] is not None:
        raise HolderAbsorbed(
            "issue the card to the person who was kept",
            extra={"kept_person_id": str(holder["merged_into"])},
        )
    if holder["sex"] is None or not plausible_birth(holder["birth_date"], today):
        raise HolderDataMissing(
            "complete the person in the roster, then issue the card",
            errors=[
                FieldFault(
                    "person_id",
                    "holder_data_missing",
                    "birth date and sex are missing on the register; complete the roster",
                    "登记册中缺少出生日期或性别，请先补全名册",
                )
            ],
        )
    if await repository.good_cards(body.person_id, today) >= settings.max_cards_per_person:
        raise TooManyCards("revoke a card that is lost or no longer used, then issue a new one")
    key = await ring_of(session, context).signing_key(now)
    claims = CardClaims(
        card_id=new_id(),
        region=region,
        issued_at=now,
        expires_on=today + timedelta(days=settings.card_valid_days),
        birth_year=holder["birth_date"].year,
        sex=holder["sex"],
    )
    card_no = await _free_number(repository, context)
    await repository.add(
        {
            "card_id": claims.card_id,
            "person_id": body.person_id,
            "card_no_enc": vault.encrypt(card_no, column=NUMBER_COLUMN),
            "card_no_idx": card_no_index(vault, card_no),
            "kid": str(key.kid),
            "issued_at": now,
            "expires_on": claims.expires_on,
            "birth_year": claims.birth_year,
            "sex": claims.sex,
            "issued_by": caller.client_id,
            "organisation": caller.organisation,
        }
    )
    await stamp(session, region, {body.person_id})
    await outbox.record(
        session,
        CardIssued(
            card_id=str(claims.card_id),
            person_id=str(body.person_id),
            recorded_at=now,
            expires_on=claims.expires_on,
        ),
        subject=str(claims.card_id),
        sequence=1,
        occurred_at=now,
    )
    await note(session, caller, "card.issued", body.person_id, claims.card_id, now)
    return CardAnswer(
        card_id=str(claims.card_id),
        card_no=card_no,
        qr=codes.sign(claims, key),
        issued_at=now,
        expires_on=claims.expires_on,
    )


async def revoke(
    session: WriteSession, context: ServiceContext, caller: Principal, body: RevokeRequest
) -> RevokeAnswer:
    """Make a card worthless, from now on and for ever.

    Raises:
        CardUnknown: no such card, or another township's person's.
        CardRevokedAlready: when is told.
    """
    region, vault = context.region.region_code, context.vault
    await lock_register(session, region)
    now = context.clock.now()
    repository = CardRepository(session, region)
    if body.card_id is not None:
        card = await repository.by_id(body.card_id, lock=True)
    else:
        card = await repository.by_number(card_no_index(vault, body.card_no or ""), lock=True)
    if card is None or not caller.may_see_township(card["township"]):
        raise CardUnknown("check the number; GET /persons/{id}/cards lists a person's cards")
    if card["revoked_at"] is not None:
        raise CardRevokedAlready(
            "nothing is left to do; windows refuse the card",
            extra={
                "revoked_at": card["revoked_at"].isoformat(),
                "position": card["revocation_no"],
            },
        )
    place = await repository.revoke(
        card["card_id"],
        by=caller.client_id,
        at=now,
        reason_enc=vault.encrypt(" ".join(body.reason.split()), column=REASON_COLUMN),
    )
    await stamp(session, region, {card["person_id"]})
    await outbox.record(
        session,
        CardRevoked(
            card_id=str(card["card_id"]), person_id=str(card["person_id"]), recorded_at=now
        ),
        subject=str(card["card_id"]),
        sequence=2,
        occurred_at=now,
    )
    await note(session, caller, "card.revoked", card["person_id"], card["card_id"], now)
    return RevokeAnswer(card_id=str(card["card_id"]), revoked_at=now, position=place)


async def revocations(
    session: AsyncSession, context: ServiceContext, *, after: int, cursor: str | None, limit: int
) -> Revocations:
    """The list of revoked cards behind a position."""
    repository = CardRepository(session, context.region.region_code)
    start = after
    if cursor is not None:
        (place,) = decode_cursor(cursor, parts=1)
        start = place if isinstance(place, int) else after
    rows = await repository.revoked_after(start, limit + 1)
    shown = rows[:limit]
    more = len(rows) > limit
    return Revocations(
        items=[
            Revocation(
                position=row["revocation_no"],
                card_id=str(row["card_id"]),
                revoked_at=row["revoked_at"],
                expires_on=row["expires_on"],
            )
            for row in shown
        ],
        next_cursor=encode_cursor(shown[-1]["revocation_no"]) if more else None,
        last_position=await repository.last_revocation(),
    )


async def cards_of(
    session: AsyncSession, context: ServiceContext, caller: Principal, person_id: UUID
) -> CardList:
    """A person's cards and those of whoever is merged with him, numbers masked.

    Raises:
        PersonUnknown: no such person, or another township's.
    """
    region = context.region.region_code
    repository = CardRepository(session, region)
    group = (await MergeRepository(session, region).groups([person_id]))[person_id]
    holder = await repository.holder(group.kept)
    if holder is None or not caller.may_see_township(holder["township"]):
        raise PersonUnknown("check the person_id; a township sees its own people only")
    today = business_date(context.clock.now())
    return CardList(
        items=[
            ListedCard(
                card_id=str(row["card_id"]),
                masked_card_no=mask_card_no(
                    context.vault.decrypt(row["card_no_enc"], column=NUMBER_COLUMN)
                ),
                issued_at=row["issued_at"],
                expires_on=row["expires_on"],
                revoked_at=row["revoked_at"],
                good=row["revoked_at"] is None and row["expires_on"] >= today,
            )
            for row in await repository.of_persons(group.members)
        ]
    )


async def _free_number(repository: CardRepository, context: ServiceContext) -> str:
    for _ in range(_MOST_DRAWS):
        card_no = new_card_no(context.region.region_code, secrets.randbelow)
        if await repository.by_number(card_no_index(context.vault, card_no)) is None:
            return card_no
    raise CardNumbersUsedUp
