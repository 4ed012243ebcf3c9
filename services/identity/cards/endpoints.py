"""HTTP: electronic health cards. Numbers and codes travel in bodies only."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from services.identity.cards import compromise, service
from services.identity.cards.reissue_list import MEDIA_TYPE
from services.identity.cards.schemas import (
    CardAnswer,
    CardKeys,
    CardList,
    CardRequest,
    Reissues,
    Revocations,
    RevokeAnswer,
    RevokeRequest,
    VerifyAnswer,
    VerifyRequest,
)
from shared.db.session import Reads, Writes
from shared.http.pagination import Cursor, Limit
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(route_class=YizhanRoute, tags=["health cards"])

Issuer = Annotated[Principal, requires("identity:cards")]
Window = Annotated[Principal, requires("identity:recognise")]


@router.post(
    "/cards",
    status_code=201,
    summary="Give a registered person an electronic health card",
    responses={
        404: {"description": "`person_unknown`"},
        409: {"description": "`too_many_cards`, `person_absorbed`"},
        422: {"description": "`holder_data_missing`"},
    },
)
async def issue(body: CardRequest, caller: Issuer, session: Writes, context: Context) -> CardAnswer:
    """The number and the code for the QR. The code holds neither name nor ID number.

    It is a compact JWS (`alg` EdDSA, `typ` card+jwt) of `jti` (the card's id as 16 bytes in
    base64url), `iss` (region), `iat`, `exp`, `by` (birth year) and `sex`.
    """
    return await service.issue(session, context, caller, body)


# A write session although it reads: the look at the person is written to the audit log.
@router.post(
    "/cards/verify",
    summary="Is this card good?",
    responses={429: {"description": "`too_many_guesses`: too many cards that nobody has"}},
)
async def verify(
    body: VerifyRequest, caller: Window, session: Writes, context: Context
) -> VerifyAnswer:
    """By the code or the number. A card that is not good is told with its reason, not refused."""
    return await service.verify(session, context, caller, body.qr)


@router.post(
    "/cards/revoke",
    summary="Revoke a card",
    responses={
        404: {"description": "`card_unknown`"},
        409: {"description": "`card_revoked_already`"},
    },
)
async def revoke(
    body: RevokeRequest, caller: Issuer, session: Writes, context: Context
) -> RevokeAnswer:
    """For ever: a found card is not taken up again, a new one is issued."""
    return await service.revoke(session, context, caller, body)


@router.get("/cards/revocations", summary="Revoked cards, for windows that verify offline")
async def revocations(
    _caller: Window,
    session: Reads,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    after: Annotated[
        int, Query(ge=0, description="`last_position` of the time before; 0 for the whole list.")
    ] = 0,
) -> Revocations:
    """Ids and positions only; ask with `after` for what came since."""
    return await service.revocations(session, context, after=after, cursor=cursor, limit=limit)


# A write session although it reads: the look at the people is written to the audit log.
@router.get("/cards/reissues", summary="Who needs a new card since a key was compromised")
async def reissues(
    caller: Issuer,
    session: Writes,
    context: Context,
    limit: Limit,
    cursor: Cursor,
    township: Annotated[
        str | None, Query(max_length=100, description="Whose holders; all when not given.")
    ] = None,
) -> Reissues:
    """Until each has a good card; a township sees its own people."""
    return await compromise.reissues(
        session, context, caller, cursor=cursor, limit=limit, township=township
    )


@router.get(
    "/cards/reissues.xlsx",
    summary="The same list as a workbook",
    responses={
        200: {"content": {MEDIA_TYPE: {"schema": {"type": "string", "format": "binary"}}}},
        413: {"description": "`list_too_long`"},
    },
    response_class=Response,
)
async def reissues_workbook(
    caller: Issuer,
    session: Writes,
    context: Context,
    township: Annotated[
        str | None, Query(max_length=100, description="Whose holders; all when not given.")
    ] = None,
) -> Response:
    """Masked names; columns for the township to note who has been given his card."""
    content = await compromise.reissues_workbook(session, context, caller, township=township)
    return Response(content, media_type=MEDIA_TYPE)


# A write session: the region's key pair is made when it is first asked for.
@router.get("/cards/keys", summary="Public keys for verifying cards offline")
async def keys(_caller: Window, session: Writes, context: Context) -> CardKeys:
    """A window keeps the list of today: new ones are added, retired ones stay, a compromised one goes."""
    return await service.keys(session, context)


@router.get(
    "/persons/{person_id}/cards",
    summary="A person's cards, numbers masked",
    responses={404: {"description": "`person_unknown`"}},
)
async def cards_of(
    person_id: Annotated[UUID, Path(examples=["019a0000-0000-7000-8000-000000000003"])],
    caller: Annotated[Principal, requires("identity:persons")],
    session: Reads,
    context: Context,
) -> CardList:
    """Newest first, with those that were revoked or are over."""
    return await service.cards_of(session, context, caller, person_id)
