"""HTTP: contracts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.contracts import service
from services.contracts.contracts.schemas import (
    ContractAnswer,
    ContractList,
    ContractRequest,
    ContractState,
    TerminationRequest,
)
from services.contracts.cursors import after_id
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["contracts"])


@router.post(
    "/contracts",
    status_code=201,
    summary="Sign a person with a family-doctor team",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`contract_overlaps`: another contract holds in this period"},
        422: {"description": "unknown team, future signature, dates out of order"},
    },
)
async def sign(
    body: ContractRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """One contract in force per person at a time. Open `contract_to_sign` tasks close."""
    return await service.sign(session, context, caller, body)


@router.get("/contracts", summary="Contracts by state, team or person")
async def list_contracts(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[ContractState | None, Query(description="State today")] = None,
    team: Annotated[str | None, Query(max_length=32)] = None,
    person_id: Annotated[str | None, Query(max_length=64)] = None,
) -> ContractList:
    """The caller's contracts in the order of entry."""
    items, following = await service.contracts_page(
        session,
        context,
        caller,
        state=status,
        team=team,
        person_id=person_id,
        limit=limit,
        after=after_id(cursor),
    )
    return ContractList(
        items=items, next_cursor=encode_cursor(str(following)) if following else None
    )


@router.get(
    "/contracts/{contract_id}",
    summary="One contract",
    responses={404: {"description": "`contract_unknown`"}},
)
async def get_contract(
    contract_id: UUID,
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
) -> ContractAnswer:
    """The contract and its state today."""
    return await service.one_contract(session, context, caller, contract_id)


@router.post(
    "/contracts/{contract_id}/terminate",
    summary="End a contract before its term",
    responses={
        404: {"description": "`contract_unknown`"},
        409: {"description": "`contract_ended_already`"},
        422: {"description": "`ended_on` outside the term"},
    },
)
async def terminate(
    contract_id: UUID,
    body: TerminationRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """From `ended_on` the contract no longer holds; another may begin on that day."""
    return await service.terminate(session, context, caller, contract_id, body)
