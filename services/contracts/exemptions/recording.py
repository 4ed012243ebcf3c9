"""Recording and ending exemptions. Every function expects the person's lock."""

from __future__ import annotations

from datetime import date, timedelta
from uuid import UUID

from services.contracts.contracts.telling import Author
from services.contracts.exemptions import repository
from services.contracts.models import Exemption
from services.contracts.people import repository as people
from services.contracts.programme.service import programme_of
from shared.db.session import WriteSession
from shared.events.catalog import ExemptionEnded, ExemptionRecorded
from shared.ids import new_id
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security import audit

EVIDENCE_COLUMN = "exemptions.evidence"
SIGNED = "signed"
"""Why an exemption ends when the person signs after all."""
REPLACED = "replaced"
"""Why one ends when another reason is recorded."""


async def record(
    session: WriteSession,
    context: ServiceContext,
    author: Author,
    *,
    person_id: str,
    kept: str,
    home: tuple[str | None, str | None],
    reason: str,
    valid_from: date,
    valid_to: date | None,
    evidence: str,
    contract_id: UUID | None = None,
    before: date | None = None,
) -> Exemption | None:
    """Keep why a person is not under contract; what stood until then ends.

    Args:
        person_id: the id under which it was told.
        kept: who stands for that person.
        home: township and village.
        before: the first day of a later contract, before which the exemption has to end.

    Returns:
        The exemption; None when one that begins on that day or later stands already.
    """
    for earlier in await repository.standing(session, kept, valid_from, valid_to):
        if earlier.valid_from >= valid_from:
            return None
        await end(session, context, author, earlier, on=valid_from, reason=REPLACED)
    exemption = Exemption(
        exemption_id=new_id(),
        region=context.region.region_code,
        person_id=person_id,
        contract_id=contract_id,
        township=home[0],
        village=home[1],
        reason=reason,
        valid_from=valid_from,
        valid_to=valid_to,
        ended_on=before,
        end_reason=SIGNED if before is not None else None,
        evidence=context.vault.encrypt(evidence, column=EVIDENCE_COLUMN),
        recorded_by=author.actor,
        recorded_at=author.at,
    )
    names = (
        "exemption_id", "region", "person_id", "contract_id", "township", "village", "reason",
        "valid_from", "valid_to", "ended_on", "end_reason", "evidence", "recorded_by",
        "recorded_at",
    )  # fmt: skip
    if not await repository.add(session, {name: getattr(exemption, name) for name in names}):
        return None
    until = before - timedelta(days=1) if before is not None else valid_to
    await outbox.record(
        session,
        ExemptionRecorded(
            exemption_id=str(exemption.exemption_id),
            person_id=person_id,
            reason=reason,
            valid_from=valid_from,
            valid_to=until,
            leaves_denominator=programme_of(context).exempt_reasons[reason].leaves_denominator,
            township=home[0],
            village=home[1],
        ),
        subject=str(exemption.exemption_id),
        sequence=await people.next_version(session, person_id),
        occurred_at=author.at,
    )
    await _audit(session, author, "exemption.recorded", exemption)
    return exemption


async def end(
    session: WriteSession,
    context: ServiceContext,
    author: Author,
    exemption: Exemption,
    *,
    on: date,
    reason: str,
) -> Exemption | None:
    """End an exemption from a day on; None when it had been ended before."""
    day = max(on, exemption.valid_from)
    ended = await repository.end(session, exemption.exemption_id, ended_on=day, reason=reason)
    if ended is None:
        return None
    known = programme_of(context).exempt_reasons.get(ended.reason)
    await outbox.record(
        session,
        ExemptionEnded(
            exemption_id=str(ended.exemption_id),
            person_id=ended.person_id,
            reason=ended.reason,
            valid_from=ended.valid_from,
            valid_to=ended.valid_to,
            leaves_denominator=known is not None and known.leaves_denominator,
            township=ended.township,
            village=ended.village,
            ended_on=day,
            end_reason=reason,
        ),
        subject=str(ended.exemption_id),
        sequence=await people.next_version(session, ended.person_id),
        occurred_at=author.at,
    )
    await _audit(session, author, "exemption.ended", ended)
    return ended


async def end_all(
    session: WriteSession,
    context: ServiceContext,
    author: Author,
    kept: str,
    *,
    first: date,
    last: date | None,
) -> None:
    """A contract holds from ``first`` to ``last``: the person is exempt on none of these days."""
    for exemption in await repository.standing(session, kept, first, last):
        await end(session, context, author, exemption, on=first, reason=SIGNED)


async def _audit(session: WriteSession, author: Author, action: str, exemption: Exemption) -> None:
    await audit.record(
        session,
        actor=author.actor,
        organisation=author.organisation,
        action=action,
        subject=str(exemption.exemption_id),
        at=author.at,
        detail={"person_id": exemption.person_id, "reason": exemption.reason},
    )
