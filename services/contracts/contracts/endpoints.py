"""HTTP: contracts."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.contracts.contracts import changing, service, signing
from services.contracts.contracts.schemas import (
    ContractAnswer,
    ContractFilter,
    ContractHistory,
    ContractList,
    ContractRequest,
    DoubleContractList,
    RefusalRequest,
    RenewalRequest,
    SignatureRequest,
    StepRequest,
    TerminationRequest,
    TransferRequest,
)
from services.contracts.cursors import after_id
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit, decode_cursor, encode_cursor
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["contracts"])


_STEP_FAULTS: dict[int | str, dict[str, object]] = {
    404: {"description": "`contract_unknown`"},
    409: {"description": "`step_not_allowed`: not from the state in which the contract is"},
    422: {"description": "a day in the future, before the step before, or outside the term"},
}


@router.post(
    "/contracts",
    status_code=201,
    summary="Sign a person with a family-doctor team, or invite him",
    responses={
        404: {"description": "`person_unknown`"},
        409: {
            "description": "`contract_overlaps`: another contract holds in this period; "
            "`offer_open_already`; `person_left_registry`"
        },
        422: {"description": "unknown team, future signature, dates out of order"},
    },
)
async def begin(
    body: ContractRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """One contract in force per person at a time. Open `contract_to_sign` tasks close.

    With `status` `invited` or `pending` it is an offer, to be signed later; with `refused` the
    refusal, which is an exempt reason from that day on.
    """
    return await signing.begin(session, context, caller, body)


@router.get("/contracts", summary="Contracts by state, team or person")
async def list_contracts(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    status: Annotated[
        ContractFilter | None, Query(description="State today; in_force: signed or renewed")
    ] = None,
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


@router.get("/double-contracts", summary="Persons of whom more than one contract holds")
async def double_contracts(
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
) -> DoubleContractList:
    """What a merge brought together; nothing ends by itself, a clerk ends one of them."""
    after = str(decode_cursor(cursor, parts=1)[0]) if cursor else None
    items, following = await service.doubled(session, context, caller, limit=limit, after=after)
    return DoubleContractList(
        items=items, next_cursor=encode_cursor(following) if following else None
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


@router.get(
    "/contracts/{contract_id}/steps",
    summary="What was done with a contract, when and by whom",
    responses={404: {"description": "`contract_unknown`"}},
)
async def get_steps(
    contract_id: UUID,
    caller: Annotated[Principal, requires("contracts:read")],
    session: Reads,
) -> ContractHistory:
    """Every step with its day, who recorded it and when."""
    return await service.history(session, caller, contract_id)


@router.post(
    "/contracts/{contract_id}/sign", summary="Sign what was offered", responses=_STEP_FAULTS
)
async def sign(
    contract_id: UUID,
    body: SignatureRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """From invited or pending; from then on one contract in force as with any signature."""
    return await signing.sign(session, context, caller, contract_id, body)


@router.post(
    "/contracts/{contract_id}/apply", summary="The person asks to sign", responses=_STEP_FAULTS
)
async def apply(
    contract_id: UUID,
    body: StepRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """From invited; the team has still to sign (待审核)."""
    return await signing.decline(session, context, caller, contract_id, body, "apply")


@router.post(
    "/contracts/{contract_id}/refuse", summary="The person declines", responses=_STEP_FAULTS
)
async def refuse(
    contract_id: UUID,
    body: RefusalRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """From that day on the exempt reason `refused` stands, until it expires."""
    return await signing.decline(session, context, caller, contract_id, body, "refuse")


@router.post(
    "/contracts/{contract_id}/withdraw", summary="Take an offer back", responses=_STEP_FAULTS
)
async def withdraw(
    contract_id: UUID,
    body: StepRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """From invited or pending."""
    return await signing.decline(session, context, caller, contract_id, body, "withdraw")


@router.post(
    "/contracts/{contract_id}/renew",
    summary="Go on after the term",
    responses={**_STEP_FAULTS, 409: {"description": "`step_not_allowed`, `contract_expired`"}},
)
async def renew(
    contract_id: UUID,
    body: RenewalRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """The term becomes longer by at least a year. After its end a new contract is signed."""
    return await changing.renew(session, context, caller, contract_id, body)


@router.post(
    "/contracts/{contract_id}/transfer",
    summary="Another team goes on",
    responses=_STEP_FAULTS,
)
async def transfer(
    contract_id: UUID,
    body: TransferRequest,
    caller: Annotated[Principal, requires("contracts:write")],
    session: Writes,
    context: Context,
) -> ContractAnswer:
    """The answer is the contract with the other team; `transferred_from` names the one before."""
    return await changing.transfer(session, context, caller, contract_id, body)


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
    return await changing.terminate(session, context, caller, contract_id, body)
