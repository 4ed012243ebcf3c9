"""The key pairs that sign cards: made when first needed, changed on command, never forgotten.

The pair in use is the region's own, apart from the one that signs access tokens: cards are good for
years, tokens for minutes, and a window that verifies cards verifies nothing else with that key. It
is kept in the database under the vault's key, so that every process signs with the same one. A
pair that was retired signs no new card; the cards that it signed stay good until they end or are
revoked, so its public half stays in the list. One that was compromised leaves the list
(:mod:`services.identity.cards.compromise`).
"""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.cards import codes
from services.identity.cards.repository import CardRepository
from services.identity.cards.schemas import CardKeys
from services.identity.models import card_keys
from services.identity.persons.register import lock_register
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal
from shared.security.signing import Ring


@dataclass(frozen=True)
class Rotated:
    """Which key signs from now on."""

    kid: str
    before: str | None
    """The key that was retired; None: there was none."""
    good_cards: int
    """Cards of the retired key that are still good; they stay so."""


async def keys(session: WriteSession, context: ServiceContext) -> CardKeys:
    """The public keys that prove something; the first one is made here if no card was issued yet."""
    ring = ring_of(session, context)
    await ring.signing_key(context.clock.now())
    worthless = await CardRepository(session, context.region.region_code).compromised_keys()
    return CardKeys(keys=[key for key in await ring.public_keys() if key["kid"] not in worthless])


async def rotate(session: WriteSession, context: ServiceContext, caller: Principal) -> Rotated:
    """Let a new key sign from now on; cards signed before stay good.

    Cards that are being issued end first, or are signed by the new key.
    """
    region, now = context.region.region_code, context.clock.now()
    await lock_register(session, region)
    repository, ring = CardRepository(session, region), ring_of(session, context)
    before = await ring.retire(now)
    key = await ring.signing_key(now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="card_key.rotated",
        subject=str(key.kid),
        at=now,
        detail={"before": before},
    )
    good = await repository.good_cards_of(before, business_date(now)) if before is not None else 0
    return Rotated(kid=str(key.kid), before=before, good_cards=good)


def ring_of(session: AsyncSession, context: ServiceContext) -> Ring:
    """The region's pairs."""
    return Ring(
        session, card_keys, context.region.region_code, context.vault, purpose=codes.PURPOSE
    )
