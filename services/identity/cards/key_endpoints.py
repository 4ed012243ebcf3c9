"""HTTP: the keys that sign health cards, and letting one of them prove nothing any more."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path

from services.identity.cards import key_reports
from services.identity.cards.schemas import (
    CardKeyState,
    CardKeyStates,
    CompromiseAnswer,
    KeyReportRequest,
)
from shared.db.session import Reads, Writes
from shared.http.routing import YizhanRoute
from shared.runtime.context import Context
from shared.security.principal import Principal, requires

router = APIRouter(
    prefix="/card-keys",
    route_class=YizhanRoute,
    tags=["health cards"],
    responses={
        403: {"description": "`card_keys_need_the_county`"},
    },
)

Caller = Annotated[Principal, requires("identity:cards")]
Kid = Annotated[str, Path(max_length=64, examples=["card-MnUbxSpb"])]


@router.get("", summary="The keys of cards and what became of them")
async def states(caller: Caller, session: Reads, context: Context) -> CardKeyStates:
    """The one that signs first. Windows that verify offline ask `GET /cards/keys` instead."""
    return await key_reports.states(session, context, caller)


@router.post(
    "/{kid}/report",
    summary="Somebody else may hold this key",
    responses={
        404: {"description": "`card_key_unknown`"},
        409: {"description": "`card_key_reported_already`, `card_key_compromised_already`"},
        422: {"description": "`reason_missing`"},
    },
)
async def report(
    kid: Kid, body: KeyReportRequest, caller: Caller, session: Writes, context: Context
) -> CardKeyState:
    """Nothing changes at any window until another person confirms it."""
    return await key_reports.report(session, context, caller, kid, body.reason)


@router.post(
    "/{kid}/withdraw",
    summary="The report was a false alarm",
    responses={
        404: {"description": "`card_key_unknown`"},
        409: {"description": "`card_key_not_reported`, `card_key_compromised_already`"},
    },
)
async def withdraw(kid: Kid, caller: Caller, session: Writes, context: Context) -> CardKeyState:
    """The key goes on as before."""
    return await key_reports.withdraw(session, context, caller, kid)


@router.post(
    "/{kid}/compromise",
    summary="Make every card of a reported key worthless, as another person",
    responses={
        404: {"description": "`card_key_unknown`"},
        409: {
            "description": "`card_key_not_reported`, `needs_second_person`,"
            " `card_key_compromised_already`"
        },
    },
)
async def compromise(
    kid: Kid, caller: Caller, session: Writes, context: Context
) -> CompromiseAnswer:
    """At once and for ever; a new key signs. `GET /cards/reissues` lists who needs a new card."""
    done = await key_reports.confirm(session, context, caller, kid)
    return CompromiseAnswer(kid=done.kid, signing_kid=done.signing, cards_revoked=done.revoked)
