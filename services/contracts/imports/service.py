"""Use cases of imports: send a workbook, look at its verdicts, take it back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.contracts.access import organisation_of
from services.contracts.contracts import changing, signing, telling
from services.contracts.contracts.schemas import ContractRequest
from services.contracts.contracts.service import locked_contract
from services.contracts.imports import repository, workbooks
from services.contracts.imports.problems import ImportUndoneAlready, ImportUnknown, NothingToUndo
from services.contracts.imports.repository import Standing
from services.contracts.imports.workbooks import Row
from services.contracts.models import ImportBatch
from services.contracts.people.waiting import PersonUnknown
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.faults import field_faults
from shared.http.problem import FieldFault, Problem
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_MESSAGE_CHARS = 400
_CODE_CHARS = 64


@dataclass(frozen=True)
class Verdict:
    """What became of a row."""

    row: int
    verdict: str
    contract_id: str | None = None
    fault: FieldFault | None = None

    def columns(self, import_id: UUID) -> dict[str, Any]:
        fault = self.fault
        return {
            "import_id": import_id,
            "row": self.row,
            "verdict": self.verdict,
            "contract_id": self.contract_id,
            "column": fault.field[:32] if fault else None,
            "code": fault.code[:_CODE_CHARS] if fault else None,
            "message": fault.message[:_MESSAGE_CHARS] if fault else None,
            "message_zh": fault.message_zh[:_MESSAGE_CHARS] if fault else None,
            "left": False,
        }


async def send(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    content: bytes,
    *,
    dry_run: bool,
) -> ImportBatch:
    """Sign each row's contract, by the rules that hold for one; a bad row changes nothing.

    A row whose contract is on record already is ``unchanged``: the same file twice gives the same
    state. A dry run gives the same verdicts and keeps nothing else.

    Raises:
        WorkbookUnreadable, ColumnsMissing, ImportEmpty, ImportTooLong.
    """
    rows = await asyncio.to_thread(workbooks.read, content)
    tried = await session.begin_nested()
    verdicts = await _signed(session, context, caller, rows)
    if dry_run:
        await tried.rollback()
    else:
        await tried.commit()
    import_id, now = new_id(), context.clock.now()
    counted = {
        name: sum(1 for each in verdicts if each.verdict == name)
        for name in ("accepted", "unchanged", "rejected")
    }
    await repository.add(
        session,
        {
            "import_id": import_id,
            "region": context.region.region_code,
            "organisation": caller.organisation,
            "kind": "contracts",
            "file_sha256": hashlib.sha256(content).hexdigest(),
            "status": "dry_run" if dry_run else "applied",
            "rows": len(rows),
            **counted,
            "kept_back": 0,
            "made_by": caller.client_id,
            "made_at": now,
        },
        [_of_dry_run(each, dry_run).columns(import_id) for each in verdicts],
    )
    await _log(session, context, caller, "import.sent", import_id, {**counted, "dry_run": dry_run})
    return await read(session, caller, import_id)


def _of_dry_run(verdict: Verdict, dry_run: bool) -> Verdict:
    """A contract that was only tried has no id."""
    if not dry_run or verdict.verdict != "accepted":
        return verdict
    return Verdict(verdict.row, verdict.verdict)


async def _signed(
    session: WriteSession, context: ServiceContext, caller: Principal, rows: list[Row]
) -> list[Verdict]:
    asked = {row.number: str(row.values.get("person_id", "")) for row in rows}
    known = await repository.known(session, sorted(set(asked.values())))
    standing = await repository.standing(session, sorted(set(known.values())))
    # By person, so that two imports at once wait for each other and do not lock crosswise.
    ordered = sorted(rows, key=lambda row: (known.get(asked[row.number], ""), row.number))
    verdicts = [await _one(session, context, caller, row, known, standing) for row in ordered]
    return sorted(verdicts, key=lambda verdict: verdict.row)


async def _one(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    row: Row,
    known: Mapping[str, str],
    standing: dict[str, list[Standing]],
) -> Verdict:
    for name, (name_zh, needed, _) in workbooks.COLUMNS.items():
        if needed and name not in row.values:
            fault = FieldFault(name, "missing", f"fill in {name}", f"请填写{name_zh}")
            return Verdict(row.number, "rejected", fault=fault)
    try:
        body = ContractRequest.model_validate(dict(row.values))
    except ValidationError as invalid:
        fault = field_faults(
            [{**error, "loc": ("body", *error["loc"])} for error in invalid.errors()]
        )[0]
        return Verdict(row.number, "rejected", fault=fault)
    kept = known.get(body.person_id)
    if kept is None:
        return Verdict(row.number, "rejected", fault=_as_fault(PersonUnknown(), "person_id"))
    for each in standing.get(kept, ()):
        if _same(each, body):
            return Verdict(row.number, "unchanged", each.contract_id)
    try:
        async with session.begin_nested():
            made = await signing.begin(session, context, caller, body)
    except Problem as refused:
        return Verdict(row.number, "rejected", fault=_as_fault(refused, "row"))
    if made.signed_on and made.valid_from and made.valid_to:
        standing.setdefault(kept, []).append(
            Standing(made.contract_id, made.team, made.signed_on, made.valid_from, made.valid_to)
        )
    return Verdict(row.number, "accepted", made.contract_id)


def _same(standing: Standing, body: ContractRequest) -> bool:
    """Whether a row says what is on record; what it leaves out agrees with anything."""
    return (
        standing.signed_on == body.signed_on
        and standing.valid_from == (body.valid_from or body.signed_on)
        and body.team in {None, standing.team}
        and body.valid_to in {None, standing.valid_to}
    )


def _as_fault(problem: Problem, field: str) -> FieldFault:
    if problem.errors:
        return problem.errors[0]
    return FieldFault(field, problem.code, f"{problem.title}: {problem.detail}", problem.title_zh)


async def read(session: ReadSession, caller: Principal, import_id: UUID) -> ImportBatch:
    """A batch.

    Raises:
        ImportUnknown: there is none, or it is another organisation's.
    """
    batch = await repository.get(session, caller, import_id)
    if batch is None:
        raise ImportUnknown
    return batch


async def undo(
    session: WriteSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> ImportBatch:
    """End every contract that the batch made as entered in error, from its first day on.

    One that was renewed, transferred or ended since, or for which a fee has been asked, is left.

    Raises:
        ImportUnknown, ImportUndoneAlready, NothingToUndo.
    """
    batch = await repository.lock(session, caller, import_id)
    if batch is None:
        raise ImportUnknown
    if batch.status == "undone":
        raise ImportUndoneAlready
    if batch.status == "dry_run":
        raise NothingToUndo
    made = await repository.made_by(session, import_id)
    paid = await repository.paid_for(session, [str(contract_id) for contract_id, _ in made])
    author = telling.by(caller, context.clock.now())
    left = []
    for contract_id, _ in made:
        contract, _kept = await locked_contract(session, caller, contract_id)
        gone_on = contract.stage != "signed" or contract.ended_on is not None
        if gone_on or contract.valid_from is None or str(contract_id) in paid:
            left.append(str(contract_id))
            continue
        await changing.end(
            session, author, contract, on=contract.valid_from, reason="entered_in_error"
        )
    await repository.undone(session, import_id, by=caller.client_id, at=author.at, left=left)
    detail = {"undone": len(made) - len(left), "left": len(left)}
    await _log(session, context, caller, "import.undone", import_id, detail)
    return await read(session, caller, import_id)


async def template(
    session: WriteSession, context: ServiceContext, caller: Principal, *, people: bool
) -> bytes:
    """The workbook to fill in, on demand with the caller's people who have no contract today."""
    found: list[tuple[str, str, str]] = []
    kind, value = organisation_of(caller)
    if people and kind in {"region", "township"}:
        found = await repository.still_to_sign(
            session,
            region=context.region.region_code,
            township=value if kind == "township" else None,
            day=business_date(context.clock.now()),
            limit=workbooks.MOST_ROWS,
        )
        await audit.record(
            session,
            actor=caller.client_id,
            organisation=caller.organisation,
            action="people_to_sign.exported",
            subject=value,
            at=context.clock.now(),
            detail={"people": len(found)},
        )
    return await asyncio.to_thread(workbooks.template, found)


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    action: str,
    import_id: UUID,
    detail: dict[str, Any],
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(import_id),
        at=context.clock.now(),
        detail=detail,
    )
