"""A key that somebody else may hold: everything it signed is worthless at once, and made good again.

Whoever holds the key can sign cards that look like ours. So the key leaves the public list, every
card that it signed is revoked and told by event, and the holders are listed until each has a new
card. Retiring a key (:mod:`services.identity.cards.keys`) does none of this.
"""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from services.identity.cards.keys import ring_of
from services.identity.cards.reading import REASON_COLUMN
from services.identity.cards.repository import CardRepository
from services.identity.cards.schemas import Reissue, Reissues
from services.identity.persons.register import lock_register, stamp
from services.identity.roster.pipeline import chunks
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import CardRevoked
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import NotFound
from shared.messaging.outbox import Recorded, record_many
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.masking import mask_name
from shared.security.principal import Principal

_REASON = "签发密钥泄露，整批注销"
_PERSONS_AT_A_TIME = 10_000


class CardKeyUnknown(NotFound):
    code = "card_key_unknown"
    title = "No key of this region's cards has that id"
    title_zh = "本地区没有此编号的发卡密钥"


@dataclass(frozen=True)
class Compromised:
    """What became of a key."""

    kid: str
    signing: str
    """The key that signs from now on."""
    revoked: int
    """Good cards of the key that are worthless now."""


async def compromise(
    session: WriteSession, context: ServiceContext, caller: Principal, kid: str
) -> Compromised:
    """Let nothing that the key signed prove anything any more. A second time changes nothing.

    Cards that are being issued end first, and are revoked with the others.

    Raises:
        CardKeyUnknown: no such key here.
    """
    region, now = context.region.region_code, context.clock.now()
    await lock_register(session, region)
    repository, ring = CardRepository(session, region), ring_of(session, context)
    key = await repository.key(kid)
    if key is None:
        raise CardKeyUnknown("GET /identity/v1/cards/keys lists the keys; a card's code names its")
    if key["retired_at"] is None:
        await ring.retire(now)
    signing = await ring.signing_key(now)
    await repository.mark_compromised(kid, at=now)
    revoked = await repository.revoke_all_of(
        kid,
        business_date(now),
        by=caller.client_id,
        at=now,
        reason_enc=context.vault.encrypt(_REASON, column=REASON_COLUMN),
    )
    holders = sorted({row["person_id"] for row in revoked})
    for some in chunks(holders, _PERSONS_AT_A_TIME):
        await stamp(session, region, some)
    await record_many(
        session,
        [
            Recorded(
                CardRevoked(
                    card_id=str(row["card_id"]), person_id=str(row["person_id"]), recorded_at=now
                ),
                subject=str(row["card_id"]),
                sequence=2,
                occurred_at=now,
            )
            for row in revoked
        ],
    )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="card_key.compromised",
        subject=kid,
        at=now,
        detail={"cards_revoked": len(revoked), "signing": str(signing.kid)},
    )
    return Compromised(kid=kid, signing=str(signing.kid), revoked=len(revoked))


async def reissues(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    cursor: str | None,
    limit: int,
) -> Reissues:
    """Who lost a card by a compromised key and has no good one; a township sees its own people.

    The look at the people is written to the audit log.
    """
    region, now = context.region.region_code, context.clock.now()
    kind, _, place = caller.organisation.partition(":")
    rows = await CardRepository(session, region).to_reissue(
        business_date(now),
        township=None if kind == "region" else place,
        after=_after(cursor),
        limit=limit + 1,
    )
    shown = rows[:limit]
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="card.reissues_read",
        subject=region,
        at=now,
        detail={"persons": [str(row["holder"]) for row in shown]},
    )
    return Reissues(
        items=[
            Reissue(
                card_id=str(row["card_id"]),
                person_id=str(row["holder"]),
                masked_name=mask_name(
                    context.vault.decrypt(row["name_enc"], column="persons.name")
                ),
                township=row["township"],
                village=row["village"],
                revoked_at=row["revoked_at"],
            )
            for row in shown
        ],
        next_cursor=encode_cursor(str(shown[-1]["card_id"])) if len(rows) > limit else None,
    )


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, parts=1)[0]))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None
