"""HTTP: members of teams, packages, contact cards."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter
from starlette.responses import Response

from services.contracts.members import service
from services.contracts.members.schemas import (
    CardAnswer,
    LeavingRequest,
    MemberAnswer,
    MemberRequest,
    PackageAnswer,
    PackageItemAnswer,
    PackageList,
    TeamDetail,
)
from services.contracts.programme.service import programme_of
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires
from shared.web.screens import SECURITY_HEADERS

router = APIRouter(route_class=YizhanRoute, tags=["teams"])
Reader = Annotated[Principal, requires("contracts:read")]
Writer = Annotated[Principal, requires("contracts:write")]


@router.get(
    "/teams/{team}",
    summary="A team's members and the roles it lacks",
    responses={404: {"description": "`team_unknown`"}},
)
async def get_team(team: str, _caller: Reader, session: Reads, context: Context) -> TeamDetail:
    """The members of today, as contact cards name them."""
    return await service.detail(session, context, team)


@router.post(
    "/teams/{team}/members",
    status_code=201,
    summary="Somebody joins a team",
    responses={
        403: {"description": "`team_not_yours`"},
        404: {"description": "`team_unknown`"},
        422: {"description": "unknown role"},
    },
)
async def join(
    team: str, body: MemberRequest, caller: Writer, session: Writes, context: Context
) -> MemberAnswer:
    """As doctor, nurse, village doctor, in public health, Chinese medicine, as specialist."""
    return await service.join(session, context, caller, team, body)


@router.post(
    "/team-members/{member_id}/leave",
    summary="A member leaves his team",
    responses={
        404: {"description": "`member_unknown`"},
        409: {"description": "`member_left_already`"},
        422: {"description": "a day before he joined"},
    },
)
async def leave(
    member_id: UUID, body: LeavingRequest, caller: Writer, session: Writes, context: Context
) -> MemberAnswer:
    """From `left_on` he is on no card any more."""
    return await service.leave(session, context, caller, member_id, body)


@router.get("/packages", summary="What contracts promise, and how often")
async def list_packages(_caller: Reader, context: Context) -> PackageList:
    """The county's packages."""
    programme = programme_of(context)
    return PackageList(
        items=[
            PackageAnswer(
                package=code,
                name_zh=package.zh,
                name_en=package.en,
                items=[
                    PackageItemAnswer(
                        item=item.code,
                        name_zh=item.zh,
                        name_en=item.en,
                        times=item.times,
                        per=item.per,
                        citation=item.citation,
                    )
                    for item in programme.promised(package)
                ],
            )
            for code, package in programme.packages.items()
        ]
    )


@router.get(
    "/contracts/{contract_id}/card",
    summary="The contact card of a contract",
    responses={404: {"description": "`contract_unknown`"}},
)
async def get_card(
    contract_id: UUID, caller: Reader, session: Reads, context: Context
) -> CardAnswer:
    """Doctor, telephone, services, policy; `missing` names what makes it invalid (XB-31)."""
    return await service.card(session, context, caller, contract_id)


@router.get(
    "/contracts/{contract_id}/card.pdf",
    summary="The contact card, to be printed",
    response_class=Response,
    responses={
        200: {"content": {"application/pdf": {"example": "%PDF-1.7 …"}}},
        404: {"description": "`contract_unknown`"},
        409: {"description": "`card_incomplete`: a field is missing"},
        503: {"description": "`unavailable`: too many documents at once"},
    },
)
async def get_card_pdf(contract_id: UUID, caller: Reader, context: Context) -> Response:
    """One A4 page; a card that lacks a field is not printed."""
    headers = {
        **SECURITY_HEADERS,
        "cache-control": "no-store",
        "content-disposition": f'inline; filename="card-{contract_id}.pdf"',
    }
    document = await service.card_pdf(context, caller, contract_id)
    return Response(document, media_type="application/pdf", headers=headers)
