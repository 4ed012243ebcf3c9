"""HTTP: global budgets."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from services.claims.budgets import paying, service
from services.claims.budgets.domain import Adjustment
from services.claims.budgets.schemas import (
    AdjustRequest,
    AdvanceRequest,
    AgreementAnswer,
    AgreementList,
    AgreementRequest,
    SignRequest,
    YearEndRequest,
)
from services.claims.budgets.service import Draft
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["budgets"], prefix="/budgets")

Reader = Annotated[Principal, requires("claims:ledger")]
Treasurer = Annotated[Principal, requires("claims:funds")]
Payer = Annotated[Principal, requires("claims:clearing-approve")]
_NOT_FOUND = "`budget_not_found`"


@router.post(
    "",
    status_code=201,
    summary="Draft the agreement on a medical community's global budget",
    responses={
        409: {"description": "`budget_overlaps`"},
        422: {"description": "`budget_refused`"},
    },
)
async def draft(
    body: AgreementRequest, caller: Treasurer, session: Writes, context: Context
) -> AgreementAnswer:
    """The bundled amount is what is approved less the reserves (SJ-23); twelve advances of it."""
    wanted = Draft(
        body.year,
        body.community,
        body.insurance_plan,
        body.lead_facility_code,
        body.facilities,
        body.townships,
        body.terms,
    )
    return AgreementAnswer.of(await service.draft(session, context, caller, wanted))


@router.get("", summary="Budget agreements")
async def agreements(
    caller: Reader,
    session: Reads,
    context: Context,
    year: Annotated[int | None, Query(ge=2000, le=2100)] = None,
) -> AgreementList:
    """The county's, with what they have cost so far; a hospital sees none."""
    found = await service.listed(session, context, caller, year)
    return AgreementList(items=[AgreementAnswer.of(each) for each in found])


@router.get(
    "/{agreement_id}", summary="One agreement", responses={404: {"description": _NOT_FOUND}}
)
async def agreement(
    agreement_id: UUID, caller: Reader, session: Reads, context: Context
) -> AgreementAnswer:
    """With its cost so far, by the insured person wherever he was treated (SJ-24)."""
    return AgreementAnswer.of(await service.visible(session, context, caller, agreement_id))


@router.post(
    "/{agreement_id}/sign",
    summary="Sign an agreement; by somebody else than who drafted it",
    responses={
        404: {"description": _NOT_FOUND},
        409: {"description": "`signed_already`, `same_person_twice`, `budget_overlaps`"},
    },
)
async def sign(
    agreement_id: UUID, body: SignRequest, caller: Payer, session: Writes, context: Context
) -> AgreementAnswer:
    """From now on its members' bills are paid by the bundle and no longer cleared one by one."""
    return AgreementAnswer.of(
        await service.sign(
            session,
            context,
            caller,
            agreement_id,
            document=body.document,
            signed_on=body.signed_on,
        )
    )


@router.post(
    "/{agreement_id}/adjust",
    summary="Change the approved total for the months to come",
    responses={
        404: {"description": _NOT_FOUND},
        409: {"description": "`no_agreement`, `year_settled`"},
        422: {"description": "`budget_refused`"},
    },
)
async def adjust(
    agreement_id: UUID, body: AdjustRequest, caller: Treasurer, session: Writes, context: Context
) -> AgreementAnswer:
    """KZ-09: set by negotiation and adjusted; what was advanced stays."""
    adjustment = Adjustment(body.from_month, int(body.approved), body.document)
    return AgreementAnswer.of(
        await service.adjust(session, context, caller, agreement_id, adjustment)
    )


@router.post(
    "/{agreement_id}/advances",
    status_code=201,
    summary="Pay a month's advance to the lead hospital, once",
    responses={
        404: {"description": _NOT_FOUND},
        409: {
            "description": "`no_agreement`, `advanced_already`, `year_settled`, `fund_insufficient`"
        },
    },
)
async def advance(
    agreement_id: UUID, body: AdvanceRequest, caller: Payer, session: Writes, context: Context
) -> AgreementAnswer:
    """Equal twelfths; the last takes what rounding left (SJ-20)."""
    return AgreementAnswer.of(
        await paying.advance(
            session, context, caller, agreement_id, month=body.month, paid_on=body.paid_on
        )
    )


@router.post(
    "/{agreement_id}/year-end",
    status_code=201,
    summary="Settle the year",
    responses={
        404: {"description": _NOT_FOUND},
        409: {
            "description": "`no_agreement`, `year_not_over`, `year_settled`, `fund_insufficient`"
        },
        422: {"description": "`budget_refused`"},
    },
)
async def settle_year(
    agreement_id: UUID, body: YearEndRequest, caller: Payer, session: Writes, context: Context
) -> AgreementAnswer:
    """A surplus is kept (SJ-25), a reasonable overspend shared (KZ-10) by the agreement's shares."""
    return AgreementAnswer.of(
        await paying.settle_year(
            session,
            context,
            caller,
            agreement_id,
            factor=body.assessment_factor,
            unreasonable_fen=int(body.unreasonable),
            paid_on=body.paid_on,
        )
    )
