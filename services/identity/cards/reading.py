"""Reading cards: whose a code or number is, and whether it is good."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.cards import codes
from services.identity.cards.domain import (
    FAULT_WORDS,
    CardClaims,
    CardFault,
    CodeMalformed,
    card_no_sound,
    holder_agrees,
)
from services.identity.cards.keys import ring_of
from services.identity.cards.repository import CardRepository
from services.identity.cards.schemas import VerifyAnswer
from services.identity.guessing.domain import CARDS
from services.identity.guessing.service import found_nobody, refuse_if_spent
from services.identity.persons.domain import card_no_key
from services.identity.persons.indexes import card_no_index
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

NUMBER_COLUMN = "cards.card_no"
REASON_COLUMN = "cards.revoke_reason"
_DOTS_OF_A_CODE = 2


@dataclass(frozen=True)
class CardHolder:
    """Whose card was shown, and what may be concluded from it."""

    person_id: UUID
    """Who is meant: after a merge the person who was kept."""
    card_id: UUID
    birth_year: int
    """As signed into the card, like ``sex``."""
    sex: str
    valid: bool
    """Issued here, not revoked, and good on the day asked about."""
    agrees: bool
    """Birth year and sex on the card are those that the register has now."""
    signed: bool
    """A code with a right signature was shown, not the bare number."""
    fault: CardFault | None = None

    @property
    def certain(self) -> bool:
        """Whether the card alone says for certain who bears it."""
        return self.valid and self.agrees


async def read_card(
    context: ServiceContext,
    session: AsyncSession,
    qr_or_card_no: str,
    *,
    at: datetime | None = None,
) -> CardHolder | None:
    """Whose card a window read, from its code or its number.

    Args:
        context: of the service.
        session: any.
        qr_or_card_no: as scanned or typed.
        at: the moment at which the card must be good; now when not given. A card revoked since
            then proves nothing either: it may have been lost before.

    Returns:
        The holder, ``valid`` or not; None when it is no card of this region.
    """
    row, _claims, signed, fault = await _examine(
        context, session, qr_or_card_no, at or context.clock.now()
    )
    if row is None:
        return None
    return CardHolder(
        person_id=row["merged_into"] or row["person_id"],
        card_id=row["card_id"],
        birth_year=row["birth_year"],
        sex=row["sex"],
        valid=fault in (None, "holder_differs"),
        agrees=_agrees(row),
        signed=signed,
        fault=fault,
    )


async def verify(
    session: WriteSession, context: ServiceContext, caller: Principal, qr: str
) -> VerifyAnswer:
    """Whether a card is good. The look is written to the audit log.

    Raises:
        TooManyGuesses: the client has asked about too many cards that nobody has.
    """
    now = context.clock.now()
    refuse_if_spent(context, caller, CARDS)
    row, claims, signed, fault = await _examine(context, session, qr, now)
    if fault == "card_unknown":
        found_nobody(context, caller, CARDS, number_only=True)
    words = FAULT_WORDS[fault] if fault is not None else (None, None)
    valid = row is not None and fault in (None, "holder_differs")
    person_id = (row["merged_into"] or row["person_id"]) if row is not None and valid else None
    if row is not None:
        await note(session, caller, "card.verified", row["person_id"], row["card_id"], now)
    return VerifyAnswer(
        valid=valid,
        card_no=(
            context.vault.decrypt(row["card_no_enc"], column=NUMBER_COLUMN)
            if row is not None
            else None
        ),
        card_id=str(row["card_id"]) if row is not None else None,
        person_id=str(person_id) if person_id is not None else None,
        signed=signed,
        holder_agrees=_agrees(row) if row is not None else None,
        birth_year=claims.birth_year if claims is not None else None,
        sex=claims.sex if claims is not None else None,
        expires_on=claims.expires_on if claims is not None else None,
        reason=fault,
        message=words[0],
        message_zh=words[1],
    )


async def _examine(
    context: ServiceContext, session: AsyncSession, text: str, at: datetime
) -> tuple[RowMapping | None, CardClaims | None, bool, CardFault | None]:
    """The card, what it says, whether by a signed code, and what is wrong with it."""
    region = context.region.region_code
    repository = CardRepository(session, region)
    claims: CardClaims | None = None
    shown = text.strip()
    if shown.count(".") == _DOTS_OF_A_CODE:
        ring = await ring_of(session, context).public_keys()
        try:
            claims = codes.read(shown, ring)
        except CodeMalformed:
            return None, None, False, "card_malformed"
        except codes.SignatureWrong:
            return None, None, False, "card_signature_wrong"
        row = await repository.by_id(claims.card_id)
        kid = codes.kid_of(shown)
        if kid in await repository.compromised_keys():
            # Anybody may have signed it, also the id of a card that another key signed.
            if row is None or row["kid"] != kid:
                return None, None, False, "card_signature_wrong"
            return row, _claims_of(row), False, "card_revoked"
    else:
        number = card_no_key(shown)
        if not card_no_sound(number):
            return None, None, False, "card_malformed"
        row = await repository.by_number(card_no_index(context.vault, number))
    if row is None:
        return None, claims, claims is not None, "card_unknown"
    said = _claims_of(row)
    return row, said, claims is not None, _fault(row, said, claims, region, at)


def _fault(
    row: RowMapping, said: CardClaims, claims: CardClaims | None, region: str, at: datetime
) -> CardFault | None:
    if claims is not None and claims != said:
        return "card_signature_wrong"
    if row["revoked_at"] is not None:
        return "card_revoked"
    fault = said.fault(region=region, at=at)
    # A visit before the card was issued is recognised by it all the same: it is his card.
    if fault is not None and fault != "card_not_yet_good":
        return fault
    return None if _agrees(row) else "holder_differs"


def _claims_of(row: RowMapping) -> CardClaims:
    return CardClaims(
        card_id=row["card_id"],
        region=row["region"],
        issued_at=row["issued_at"],
        expires_on=row["expires_on"],
        birth_year=row["birth_year"],
        sex=row["sex"],
    )


def _agrees(row: RowMapping) -> bool:
    birth: date | None = row["registered_birth"]
    return holder_agrees(
        birth_year=row["birth_year"],
        sex=row["sex"],
        registered_birth=birth,
        registered_sex=row["registered_sex"],
    )


async def note(
    session: WriteSession,
    caller: Principal,
    action: str,
    person_id: UUID,
    card_id: UUID,
    now: datetime,
) -> None:
    """Write what was done with a card to the audit log."""
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(person_id),
        at=now,
        detail={"card_id": str(card_id)},
    )
