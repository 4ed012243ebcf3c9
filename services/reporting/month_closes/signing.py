"""Use cases of the signature: a month is signed for good, its file is given, two reopen it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from fastapi import Response
from sqlalchemy.ext.asyncio import AsyncSession

from services.reporting.models import close_keys
from services.reporting.month_closes import file, reading, repository, rows_repository, steps
from services.reporting.month_closes.domain import Close, SamePersonTwice, Step
from services.reporting.month_closes.problems import AdjustedAlready, NotSignedYet, SamePerson
from services.reporting.register.opening import open_red_lights_of
from shared.db.session import ReadSession, WriteSession
from shared.events.catalog import ClosedFigure, MonthClosed, MonthReopened
from shared.messaging import outbox
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal
from shared.security.signing import Ring


async def sign(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    note: str | None,
) -> Close:
    """The director signs: file, number, hash and signature are made, and nothing changes any more.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours.
    """
    steps.county(caller)
    region, now = context.region.region_code, context.clock.now()
    await repository.hold_region(session, region)
    close = await steps.held(session, context, close_id, "sign")
    close = await steps.taken(session, context, caller, close, "sign", note=note)
    await open_red_lights_of(session, context, caller, close.month, close.figures)
    last = await repository.last_signed(session, region)
    place = 1 if last is None else last["place"] + 1
    head = {
        "number": close.number,
        "place": place,
        "region": {"code": region, "name_zh": context.region.name_zh},
        "month": close.month,
        "revision": close.revision,
        "cut_at": close.cut_at.isoformat(),
        "closed_at": now.isoformat(),
        "steps": [_step_told(step) for step in close.steps],
        "figures": close.figures,
        "previous": None
        if last is None
        else {
            "number": f"{region}-{last['month']}-{last['revision']}",
            "sha256": last["sha256"],
        },
    }
    rows = [
        _row_told(row)
        async for batch in rows_repository.all_rows(session, close.id, close.cut)
        for row in batch
    ]
    content, sha256 = file.write(head, rows, await ring_of(session, context).signing_key(now))
    await repository.change(
        session,
        close.id,
        status="closed",
        place=place,
        closed_at=now,
        sha256=sha256,
        file=content,
    )
    close = await steps.required(session, region, close.id)
    await outbox.record(
        session,
        MonthClosed(
            month=close.month,
            number=close.number,
            sha256=sha256,
            revision=close.revision,
            adjustments=close.figures["corrections"]["count"],
            figures=tuple(
                ClosedFigure(
                    code=each["code"],
                    numerator=str(each["numerator"]),
                    denominator=str(each["denominator"]),
                    value=each["value"],
                    target=each["target"],
                    status=each["status"],
                    citation=each["citation"],
                )
                for each in close.figures["indicators"]
            ),
        ),
        subject=close.month,
        sequence=2 * close.revision - 1,
        occurred_at=now,
    )
    return close


def _step_told(step: Step) -> dict[str, Any]:
    return {
        "step": step.step,
        "township": step.township,
        "cut": step.cut,
        "done_at": step.done_at.isoformat(),
        "done_by": step.done_by,
        "note": step.note,
    }


def _row_told(row: Any) -> dict[str, Any]:
    return {
        name: row[name]
        for name in ("of_month", "dataset", "record_id", "kind", "before", "after")
        if row[name] is not None
    }


async def reopen(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    reason: str,
) -> Close:
    """The first call asks, a second person's call does it; the month may then be closed anew.

    Raises:
        CloseNotFound, StepRefused, TownshipNotYours.
        SamePerson: who asked must not do it.
        AdjustedAlready: a later month corrects this one; reopen that one first.
    """
    steps.county(caller)
    region, now = context.region.region_code, context.clock.now()
    await repository.hold_region(session, region)
    close = await steps.held(session, context, close_id, "reopen")
    later = await repository.corrected_by(session, close)
    if later:
        raise AdjustedAlready(
            f"reopen {', '.join(later)} first: it holds corrections of this month",
            extra={"months": later},
        )
    try:
        close.check_reopening(caller.client_id)
    except SamePersonTwice as refusal:
        raise SamePerson(str(refusal)) from refusal
    if close.reopening is None:
        asked = {"asked_by": caller.client_id, "asked_at": now.isoformat(), "reason": reason}
        await repository.change(session, close.id, reopening=asked)
        return await steps.taken(session, context, caller, close, "ask_reopening", note=reason)
    await repository.change(session, close.id, status="reopened")
    close = await steps.taken(session, context, caller, close, "reopen", note=reason)
    await outbox.record(
        session,
        MonthReopened(month=close.month, number=close.number, sha256=str(close.sha256)),
        subject=close.month,
        sequence=2 * close.revision,
        occurred_at=now,
    )
    return close


async def signed_file(
    session: WriteSession, context: ServiceContext, caller: Principal, close: Close
) -> bytes | None:
    """The signed file; taking it out is noted."""
    steps.county(caller)
    content = await repository.file_of(session, close.id)
    if content is not None:
        await reading.note_export(session, context, caller, close, "file")
    return content


async def stored_file(
    session: ReadSession, context: ServiceContext, close_id: UUID
) -> tuple[bytes, list[dict[str, Any]]]:
    """The signed file as it lies in the database, and the region's public keys.

    Raises:
        CloseNotFound, NotSignedYet.
    """
    await reading.visible(session, context, close_id)
    content = await repository.file_of(session, close_id)
    if content is None:
        raise NotSignedYet("sign the month first")
    return content, await ring_of(session, context).public_keys()


@dataclass(frozen=True)
class Checked:
    """What checking a signed file found; ``fault``: what does not fit, None when all does."""

    sha256: str
    rows: int
    kid: str
    previous: str | None
    fault: str | None


async def checked(session: ReadSession, context: ServiceContext, close_id: UUID) -> Checked:
    """Check a signed file: its signature and key, its hash, and the month that it follows.

    Raises:
        CloseNotFound, NotSignedYet.
    """
    close = await reading.visible(session, context, close_id)
    content, keys = await stored_file(session, context, close_id)
    try:
        found = await asyncio.to_thread(file.verify, content, keys)
    except file.FileAltered as altered:
        return Checked("", 0, "", None, str(altered))
    previous = found.head.get("previous")
    fault = None
    if found.sha256 != close.sha256 or found.number != close.number:
        fault = "the file is not the one that was noted at the signature"
    elif previous is not None and previous != await repository.signed_before(session, close):
        fault = "the month that was signed before is not the one that the file names"
    return Checked(
        found.sha256, found.rows, found.kid, previous["number"] if previous else None, fault
    )


async def as_download(
    session: WriteSession, context: ServiceContext, caller: Principal, close: Close
) -> Response:
    """The signed file to keep; taking it out is noted.

    Raises:
        TownshipNotYours: it holds everybody's rows and is the county's.
        NotSignedYet.
    """
    content = await signed_file(session, context, caller, close)
    if content is None:
        raise NotSignedYet("sign the month first")
    return Response(
        content,
        media_type=file.MEDIA_TYPE,
        headers={"Content-Disposition": f'attachment; filename="month-close-{close.number}.jsonl"'},
    )


def ring_of(session: AsyncSession, context: ServiceContext) -> Ring:
    """The region's pairs that sign months."""
    return Ring(
        session, close_keys, context.region.region_code, context.vault, purpose=file.PURPOSE
    )
