"""Use cases of imports: send a workbook, look at its verdicts, take it back."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

from pydantic import ValidationError

from services.contracts.access import may_act, organisation_of
from services.contracts.contracts import many, signing, telling
from services.contracts.contracts import repository as contracts
from services.contracts.contracts.schemas import ContractRequest
from services.contracts.imports import repository, workbooks
from services.contracts.imports.problems import ImportUndoneAlready, ImportUnknown, NothingToUndo
from services.contracts.imports.repository import Standing
from services.contracts.imports.workbooks import Row
from services.contracts.merges.repository import MERGES
from services.contracts.models import ImportBatch
from services.contracts.people import repository as people
from services.contracts.people.waiting import PersonUnknown
from services.contracts.plans import repository as plans
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
    asked = sorted({str(row.values.get("person_id", "")) for row in rows})
    # Everybody is held before anything is read, in one order: two imports at once wait.
    await MERGES.hold(session)
    known = await repository.known(session, asked)
    held = sorted(set(known.values()))
    await plans.lock_many(session, held)
    standing = await repository.standing(session, held)
    entangled = await contracts.entangled(session, held)
    done: dict[int, Verdict] = {}
    together: dict[str, tuple[Row, ContractRequest]] = {}
    singly: list[tuple[Row, ContractRequest]] = []
    for row in rows:
        checked = _checked(row, known, standing)
        if isinstance(checked, Verdict):
            done[row.number] = checked
        elif known[checked.person_id] in entangled or checked.person_id in together:
            singly.append((row, checked))
        else:
            together[checked.person_id] = (row, checked)
    persons = await people.get_many(session, list(together))
    made = await many.sign(
        session, context, caller, [body for _, body in together.values()], persons
    )
    for (row, body), result in zip(together.values(), made, strict=True):
        if isinstance(result, Problem):
            done[row.number] = Verdict(row.number, "rejected", fault=_as_fault(result, "row"))
            continue
        done[row.number] = Verdict(row.number, "accepted", str(result.contract_id))
        if result.signed_on and result.valid_from and result.valid_to:
            _stands(
                standing, body.person_id, str(result.contract_id), result.team,
                (result.signed_on, result.valid_from, result.valid_to),
            )  # fmt: skip
    for row, body in singly:
        done[row.number] = await _one(session, context, caller, row, body, known, standing)
    return [done[row.number] for row in rows]


def _stands(
    standing: dict[str, list[Standing]],
    kept: str,
    contract_id: str,
    team: str,
    days: tuple[date, date, date],
) -> None:
    standing.setdefault(kept, []).append(Standing(contract_id, team, *days))


def _checked(
    row: Row, known: Mapping[str, str], standing: Mapping[str, list[Standing]]
) -> ContractRequest | Verdict:
    """What a row asks for; a verdict where there is nothing to sign."""
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
    return body


async def _one(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    row: Row,
    body: ContractRequest,
    known: Mapping[str, str],
    standing: dict[str, list[Standing]],
) -> Verdict:
    """Sign one by itself: what was signed before it in the same file counts."""
    kept = known[body.person_id]
    for each in standing.get(kept, ()):
        if _same(each, body):
            return Verdict(row.number, "unchanged", each.contract_id)
    try:
        async with session.begin_nested():
            made = await signing.begin(session, context, caller, body)
    except Problem as refused:
        return Verdict(row.number, "rejected", fault=_as_fault(refused, "row"))
    if made.signed_on and made.valid_from and made.valid_to:
        _stands(
            standing, kept, made.contract_id, made.team,
            (made.signed_on, made.valid_from, made.valid_to),
        )  # fmt: skip
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
    ids = [contract_id for contract_id, _ in made]
    await MERGES.hold(session)
    known = await repository.known(session, sorted({person_id for _, person_id in made}))
    await plans.lock_many(session, sorted(set(known.values())))
    paid = await repository.paid_for(session, [str(contract_id) for contract_id in ids])
    author = telling.by(caller, context.clock.now())
    standing = {each.contract_id: each for each in await contracts.get_many(session, ids)}
    to_end = [
        each
        for each in standing.values()
        if each.stage == "signed"
        and each.ended_on is None
        and str(each.contract_id) not in paid
        and may_act(caller, team=each.team, township=each.township)
    ]
    await many.end(session, author, to_end, reason="entered_in_error")
    left = sorted(str(each) for each in {*ids} - {each.contract_id for each in to_end})
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
