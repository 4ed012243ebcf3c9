"""Charges on a case's page: a batch written by hand, a batch withdrawn."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Request
from pydantic import ValidationError
from starlette.responses import Response

from services.claims.charges import service
from services.claims.charges.schemas import ChargesRequest
from services.claims.screens.case import MOST_ROWS, ROWS, Words, case_page
from services.claims.screens.kit import PageRoute, said
from shared.db.session import Writes
from shared.http.faults import field_faults
from shared.http.problem import FieldFault, Problem
from shared.runtime.context import Context
from shared.security.principal import Principal
from shared.web.forms import plain_number, ratio_of_percent
from shared.web.kit import Said, Typed, attempt, fields, see, told
from shared.web.signin.required import signed_in

_PLACE = re.compile(r"lines\[(\d+)\]\.(\w+)")
_COLUMNS = {
    "catalogue_class": "class",
    "price_limit": "limit",
    "self_first_ratio": "first",
}
_SHOWN = frozenset({"name", "kind", "class", "quantity", "amount", "limit", "first"})

router = APIRouter(prefix="/cases", route_class=PageRoute, include_in_schema=False)

Caller = Annotated[Principal, signed_in("claims:encounters")]


@router.post("/{encounter_id}/charges")
async def add(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Add the rows that were filled in, all or none."""
    typed = await fields(request)
    rows = (
        min(MOST_ROWS, int(typed["rows"]))
        if typed["rows"].isascii() and typed["rows"].isdigit()
        else ROWS
    )
    words = Words(typed=typed, rows=rows, opened="add")
    if typed["do"] == "rows":
        words.rows = min(MOST_ROWS, rows + ROWS)
        return await case_page(request, context, session, caller, encounter_id, words)
    filled = [n for n in range(rows) if any(typed[f"{column}-{n}"] for column in _TYPED)]
    body, faults = _batch(typed, filled)
    if body is not None:
        answer = await attempt(session, service.add(session, context, caller, encounter_id, body))
        if not isinstance(answer, Problem):
            return see(f"/claims/cases/{encounter_id}?done=added")
        faults = _at_rows(answer.errors, filled)
        words.problem = None if faults else told(answer)
        words.status = answer.status
    else:
        words.status = 422
    words.faults = faults
    return await case_page(request, context, session, caller, encounter_id, words)


@router.post("/{encounter_id}/charges/withdraw")
async def withdraw(
    encounter_id: UUID, request: Request, caller: Caller, session: Writes, context: Context
) -> Response:
    """Take a batch out of the bill."""
    typed = await fields(request)
    answer = await attempt(
        session, service.withdraw(session, context, caller, encounter_id, typed["batch_no"])
    )
    if isinstance(answer, Problem):
        words = Words(problem=told(answer), status=answer.status)
        return await case_page(request, context, session, caller, encounter_id, words)
    return see(f"/claims/cases/{encounter_id}?done=removed")


_TYPED = ("name", "quantity", "amount", "limit", "first")
"""What makes a row count; its selections alone do not."""


def _batch(typed: Typed, filled: Sequence[int]) -> tuple[ChargesRequest | None, dict[str, Said]]:
    """The batch that the rows describe, or what is wrong with them."""
    if not filled:
        return None, {"rows": said("case.add.empty")}
    faults: dict[str, Said] = {}
    lines: list[dict[str, Any]] = []
    for position, row in enumerate(filled):
        line: dict[str, Any] = {
            "line_no": f"{typed['batch_no']}-{position + 1}",
            "name": typed[f"name-{row}"],
            "kind": typed[f"kind-{row}"],
            "catalogue_class": typed[f"class-{row}"],
            "amount": plain_number(typed[f"amount-{row}"]),
        }
        for column, name in (("quantity", "quantity"), ("limit", "price_limit")):
            if typed[f"{column}-{row}"]:
                line[name] = plain_number(typed[f"{column}-{row}"])
        if typed[f"first-{row}"]:
            ratio = ratio_of_percent(typed[f"first-{row}"])
            if ratio is None:
                faults[f"first-{row}"] = said("case.add.number")
            else:
                line["self_first_ratio"] = ratio
        lines.append(line)
    try:
        body = ChargesRequest.model_validate({"batch_no": typed["batch_no"], "lines": lines})
    except ValidationError as error:
        return None, _at_rows(field_faults(error.errors()), filled) | faults
    return (None, faults) if faults else (body, {})


_OWN_WORDS = {
    "money_malformed": said("case.add.amount"),
    "string_too_short": said("case.add.name"),
    "decimal_parsing": said("case.add.number"),
}
"""What a clerk is told where the service's words are for a programmer."""


def _at_rows(faults: Sequence[FieldFault], filled: Sequence[int]) -> dict[str, Said]:
    """Faults of lines at the fields of the rows they stand in."""
    found: dict[str, Said] = {}
    for fault in faults:
        words = _OWN_WORDS.get(fault.code) or {
            "text_zh": fault.message_zh,
            "text_en": fault.message,
        }
        place = _PLACE.match(fault.field)
        if place is None or int(place[1]) >= len(filled):
            found.setdefault("rows", words)
            continue
        column = _COLUMNS.get(place[2], place[2])
        row = filled[int(place[1])]
        found.setdefault(f"{column}-{row}" if column in _SHOWN else f"name-{row}", words)
    return found
