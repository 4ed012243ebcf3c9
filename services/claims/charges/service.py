"""Use cases of the charges: take a batch, withdraw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final
from uuid import UUID

from services.claims.calculation_refused import CalculationRefused
from services.claims.charges import repository
from services.claims.charges.reading import content_hash, lines_of, refusals_of_lines
from services.claims.charges.repository import Batch
from services.claims.charges.schemas import ChargesRequest
from services.claims.encounters import repository as encounters
from services.claims.encounters.domain import Action, Status, TransitionNotAllowed, after
from services.claims.encounters.problems import (
    EncounterCancelledAlready,
    EncounterSettledAlready,
)
from services.claims.encounters.service import locked_for
from services.claims.reservations import service as reservations
from services.claims.settings import settings_of
from services.claims.settlement.bill import BillRefused, Line
from shared.db.session import WriteSession
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.policy.errors import Refusal
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_LONGEST_NUMBER: Final = 32


class BatchDiffers(Conflict):
    code = "batch_differs"
    title = "This batch number was used already, with other lines"
    title_zh = "该批次号已使用，明细不一致"


class BatchNotFound(NotFound):
    code = "batch_not_found"
    title = "The encounter has no such batch"
    title_zh = "该就诊没有此批次"


class TooManyLines(Unprocessable):
    code = "too_many_lines"
    title = "There are more lines than allowed"
    title_zh = "明细行数超过限制"


async def add(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    body: ChargesRequest,
) -> tuple[Batch, bool]:
    """Add a batch to the bill, all lines or none; the same content again changes nothing.

    Returns:
        The batch, and whether this call added it.

    Raises:
        EncounterNotFound, EncounterSettledAlready, EncounterCancelledAlready: the bill cannot be
            changed.
        BatchDiffers: the number was used for other lines.
        CalculationRefused: lines that cannot stand in a bill, every fault at once.
        TooManyLines: beyond the limit of a batch or of an encounter.
    """
    limits = settings_of(context)
    if len(body.lines) > limits.max_lines_per_batch:
        raise _too_many(limits.max_lines_per_batch, "batch", "单批")
    lines = lines_of(body.lines)
    refusals = refusals_of_lines(lines)
    if refusals:
        raise CalculationRefused(BillRefused(refusals))
    hashed = content_hash(body.lines)
    encounter = await locked_for(session, caller, encounter_id)
    known = await repository.batch_of(session, encounter_id, body.batch_no)
    if known is not None:
        if known.content_hash != hashed:
            raise BatchDiffers("withdraw the batch first, or send the lines under a new batch_no")
        return known, False
    status = _allowed(encounter.status, "charge")
    batch = Batch(
        batch_no=body.batch_no,
        content_hash=hashed,
        line_count=len(lines),
        total_fen=sum(line.amount_fen for line in lines),
        received_at=context.clock.now(),
    )
    written = await repository.add(
        session, encounter_id=encounter_id, region=encounter.region, batch=batch, lines=lines
    )
    if len(written) < len(lines):
        await _add_numbered_anew(session, encounter_id, batch, lines, written)
    totals = await repository.totals_of(session, encounter_id)
    if totals.lines > limits.max_lines_per_encounter:
        raise _too_many(limits.max_lines_per_encounter, "encounter", "单次就诊")
    if status != encounter.status:
        await encounters.change(session, encounter, {"status": status})
    await reservations.refresh(session, context, encounter)
    return batch, True


async def withdraw(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    encounter_id: UUID,
    batch_no: str,
) -> None:
    """Take a batch out of the bill, as long as the encounter is not settled.

    Raises:
        EncounterNotFound, EncounterSettledAlready, BatchNotFound: there is nothing to withdraw.
    """
    encounter = await locked_for(session, caller, encounter_id)
    batch = await repository.batch_of(session, encounter_id, batch_no)
    if batch is None:
        raise BatchNotFound
    _allowed(encounter.status, "withdraw_charges")
    await repository.remove(session, encounter_id, batch_no)
    await reservations.refresh(session, context, encounter)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="charges.withdrawn",
        subject=str(encounter_id),
        at=context.clock.now(),
        detail={"lines": batch.line_count, "total_fen": batch.total_fen},
    )


def _allowed(status: Status, action: Action) -> Status:
    try:
        return after(status, action)
    except TransitionNotAllowed as refusal:
        if status == "cancelled":
            raise EncounterCancelledAlready from refusal
        raise EncounterSettledAlready(
            "reverse the settlement, correct the charges, and settle again"
        ) from refusal


async def _add_numbered_anew(
    session: WriteSession,
    encounter_id: UUID,
    batch: Batch,
    lines: Sequence[Line],
    written: set[str],
) -> None:
    """Add the lines whose numbers other batches have, each under its batch's and its own number.

    Many systems number the lines of each batch from 1. A line that is alike in everything is the
    same one sent twice under another ``batch_no``, and is refused.
    """
    there = {
        replace(one, line_no=told)
        for one in await repository.lines_of(session, encounter_id)
        if str(one.line_no) not in written
        for told in {str(one.line_no), str(one.line_no).rpartition("-")[2]}
    }
    anew: dict[int, Line] = {}
    refused: list[int] = []
    for position, line in enumerate(lines):
        number = str(line.line_no)
        if number in written:
            continue
        longer = f"{batch.batch_no}-{number}"
        if replace(line, line_no=number) in there or len(longer) > _LONGEST_NUMBER:
            refused.append(position)
        else:
            anew[position] = replace(line, line_no=longer)
    if anew and not refused:
        more = await repository.add_lines(
            session, encounter_id, batch.batch_no, tuple(anew.values())
        )
        refused = [position for position, line in anew.items() if line.line_no not in more]
    if refused:
        raise CalculationRefused(BillRefused([_taken(position) for position in refused]))


def _taken(position: int) -> Refusal:
    return Refusal(
        "duplicate_line_no",
        f"lines[{position}].line_no",
        "another batch of this encounter has this line under this number; leave out what was"
        " sent before, or number the line anew",
        "该就诊的其他批次已有此行号的同一明细；请删去已上传的明细，或改用新的行号",
    )


def _too_many(limit: int, what: str, what_zh: str) -> TooManyLines:
    return TooManyLines(
        f"at most {limit} lines are taken per {what}; split the lines",
        errors=[
            FieldFault(
                "lines",
                "too_many_lines",
                f"at most {limit} lines per {what}; split them",
                f"{what_zh}最多 {limit} 行；请拆分",
            )
        ],
    )
