"""A key that somebody else may hold: everything it signed is worthless at once, and made good again.

Whoever holds the key can sign cards that look like ours. So the key leaves the public list, every
card that it signed is revoked and told by event, and the holders are listed until each has a new
card. Retiring a key (:mod:`services.identity.cards.keys`) does none of this.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.cards.keys import ring_of
from services.identity.cards.reading import REASON_COLUMN
from services.identity.cards.reissue_list import reissue_list
from services.identity.cards.repository import CardRepository
from services.identity.cards.schemas import Reissue, Reissues
from services.identity.persons.register import lock_register, stamp
from services.identity.roster.pipeline import chunks
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.events.catalog import CardRevoked
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.http.problem import NotFound, TooLarge
from shared.messaging.outbox import Recorded, record_many
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.masking import mask_name
from shared.security.principal import Principal

_REASON = "签发密钥泄露，整批注销"
_PERSONS_AT_A_TIME = 10_000
_NAMED_IN_AUDIT = 200
MOST_EXPORTED = 50_000


class CardKeyUnknown(NotFound):
    code = "card_key_unknown"
    title = "No key of this region's cards has that id"
    title_zh = "本地区没有此编号的发卡密钥"


class ListTooLong(TooLarge):
    code = "list_too_long"
    title = "The list has more rows than are taken out at once"
    title_zh = "名单行数超过一次导出的上限"


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

    Cards that are being issued end first, and are revoked with the others. Whoever operates the
    county does this alone (``yizhan identity compromised-card-key``); of the offices it takes two
    (:mod:`services.identity.cards.key_reports`).

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
        detail={
            "cards_revoked": len(revoked),
            "signing": str(signing.kid),
            "reported_by": key["reported_by"],
        },
    )
    return Compromised(kid=kid, signing=str(signing.kid), revoked=len(revoked))


async def reissues(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    *,
    cursor: str | None,
    limit: int,
    township: str | None = None,
    purpose: Literal["read", "exported"] = "read",
) -> Reissues:
    """Who lost a card by a compromised key and has no good one; a township sees its own people.

    The look at the people is written to the audit log.

    Args:
        session, context, caller: as everywhere.
        cursor: of the page before.
        limit: so many.
        township: for the county's office, whose holders; None for all.
        purpose: whether the list is looked at or taken out.
    """
    region, now = context.region.region_code, context.clock.now()
    kind, _, place = caller.organisation.partition(":")
    where = township if kind == "region" else place
    repository, today = CardRepository(session, region), business_date(now)
    rows = await repository.to_reissue(today, township=where, after=_after(cursor), limit=limit + 1)
    waiting, done = await repository.reissued(today, township=where)
    shown = rows[:limit]
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"card.reissues_{purpose}",
        subject=region,
        at=now,
        detail=_seen(shown, where),
    )
    return Reissues(
        waiting=waiting,
        done=done,
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


async def reissues_workbook(
    session: WriteSession, context: ServiceContext, caller: Principal, *, township: str | None
) -> bytes:
    """The list as a workbook for the townships, holders masked, to note who has been given his.

    Raises:
        ListTooLong: take it township by township.
    """
    found = await reissues(
        session, context, caller,
        cursor=None, limit=MOST_EXPORTED, township=township, purpose="exported",
    )  # fmt: skip
    if found.next_cursor is not None:
        raise ListTooLong(f"more than {MOST_EXPORTED:,} cards: choose a township")
    return await asyncio.to_thread(reissue_list, found.items)


def _seen(shown: Sequence[RowMapping], township: str | None) -> dict[str, Any]:
    """Whom a look showed: by name on a page, by their number in a long list."""
    if len(shown) > _NAMED_IN_AUDIT:
        return {"persons": len(shown), "township": township}
    return {"persons": [str(row["holder"]) for row in shown]}


def _after(cursor: str | None) -> UUID | None:
    if cursor is None:
        return None
    try:
        return UUID(str(decode_cursor(cursor, parts=1)[0]))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None
