"""Two persons of the county let a key of cards prove nothing any more: one reports it, another does it.

What the second one does cannot be undone: every card of the key is worthless at once. A report alone
changes nothing at any window, and may be taken back when it was a false alarm.
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import RowMapping
from sqlalchemy.ext.asyncio import AsyncSession

from services.identity.cards.compromise import CardKeyUnknown, Compromised, compromise
from services.identity.cards.repository import CardRepository
from services.identity.cards.schemas import CardKeyState, CardKeyStates
from services.identity.persons.register import lock_register
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.http.problem import Conflict, FieldFault, Forbidden, Unprocessable
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

_REASON_COLUMN = "card_keys.report_reason"
_FEWEST_REASON_CHARACTERS = 4


class CardKeysNeedTheCounty(Forbidden):
    """A key signs the cards of the whole county."""

    code = "card_keys_need_the_county"
    title = "Only an office of the whole county may report the keys of cards"
    title_zh = "只有县(区)级部门可以处理发卡密钥"


class KeyReasonMissing(Unprocessable):
    code = "reason_missing"
    title = "Say in words why the key is compromised"
    title_zh = "请说明密钥泄露的原因"


class KeyReportedAlready(Conflict):
    code = "card_key_reported_already"
    title = "This key was reported before"
    title_zh = "此密钥此前已上报"


class KeyNotReported(Conflict):
    code = "card_key_not_reported"
    title = "Nobody has reported this key"
    title_zh = "此密钥尚无人上报"


class KeyCompromisedAlready(Conflict):
    code = "card_key_compromised_already"
    title = "This key proves nothing any more already"
    title_zh = "此密钥此前已作废"


class KeyNeedsSecondPerson(Conflict):
    code = "needs_second_person"
    title = "Another person must look at the report before the cards are revoked"
    title_zh = "须由上报人以外的另一人核实后方可作废"


async def states(
    session: AsyncSession, context: ServiceContext, caller: Principal
) -> CardKeyStates:
    """Every key of the region's cards, the one that signs first.

    Raises:
        CardKeysNeedTheCounty: the caller is a hospital or a township.
    """
    _check_county(caller)
    repository = CardRepository(session, context.region.region_code)
    rows = await repository.all_keys(business_date(context.clock.now()))
    return CardKeyStates(items=[_state(context, row) for row in rows])


async def reported(session: AsyncSession, context: ServiceContext) -> int:
    """How many keys wait for another person to look at their report."""
    return await CardRepository(session, context.region.region_code).reported_keys()


async def report(
    session: WriteSession, context: ServiceContext, caller: Principal, kid: str, reason: str
) -> CardKeyState:
    """Say that somebody else may hold a key; nothing changes until another person looks at it.

    Raises:
        CardKeysNeedTheCounty, CardKeyUnknown, KeyCompromisedAlready: with the cure.
        KeyReportedAlready: who reported it and when is told.
        KeyReasonMissing: the reason is blank.
    """
    _check_county(caller)
    words = " ".join(reason.split())
    if len(words) < _FEWEST_REASON_CHARACTERS:
        raise KeyReasonMissing(
            "write a reason that the second person can check",
            errors=[
                FieldFault(
                    "reason",
                    "reason_missing",
                    "write at least four characters that say why",
                    "请至少用四个字说明原因",
                )
            ],
        )
    repository, key, now = await _locked(session, context, kid)
    if key["reported_at"] is not None:
        raise KeyReportedAlready(
            "let another person look at the report",
            extra={
                "reported_by": key["reported_by"],
                "reported_at": key["reported_at"].isoformat(),
            },
        )
    reason_enc = context.vault.encrypt(words, column=_REASON_COLUMN)
    await repository.report_key(kid, by=caller.client_id, at=now, reason_enc=reason_enc)
    await _audit(session, caller, "card_key.reported", kid, now)
    return await _one(session, context, kid)


async def withdraw(
    session: WriteSession, context: ServiceContext, caller: Principal, kid: str
) -> CardKeyState:
    """A false alarm: the key goes on as before; who reported it stays in the audit log.

    Raises:
        CardKeysNeedTheCounty, CardKeyUnknown, KeyCompromisedAlready, KeyNotReported: with the cure.
    """
    _check_county(caller)
    repository, key, now = await _locked(session, context, kid)
    if key["reported_at"] is None:
        raise KeyNotReported("nothing is left to do; the key is in order")
    await repository.report_key(kid, by=None, at=None, reason_enc=None)
    await _audit(
        session, caller, "card_key.report_withdrawn", kid, now, reported_by=key["reported_by"]
    )
    return await _one(session, context, kid)


async def confirm(
    session: WriteSession, context: ServiceContext, caller: Principal, kid: str
) -> Compromised:
    """Do what was reported: every card of the key is revoked, a new key signs.

    Raises:
        CardKeysNeedTheCounty, CardKeyUnknown, KeyCompromisedAlready, KeyNotReported: with the cure.
        KeyNeedsSecondPerson: the caller reported it himself, or is a program and a person did.
    """
    _check_county(caller)
    _, key, _ = await _locked(session, context, kid)
    if key["reported_at"] is None:
        raise KeyNotReported("report the key first, with a reason; then another person confirms it")
    if not is_second(caller, key["reported_by"]):
        raise KeyNeedsSecondPerson(
            "ask a colleague to look at the report and to confirm it",
            extra={"reported_by": key["reported_by"]},
        )
    return await compromise(session, context, caller, kid)


def is_second(caller: Principal, reporter: str) -> bool:
    """Whether the caller may do what a reporter has asked for.

    A person's report needs another person: behind a program stands perhaps himself.
    """
    alike = caller.client_id.startswith("user:") or not reporter.startswith("user:")
    return alike and caller.client_id != reporter


async def _locked(
    session: WriteSession, context: ServiceContext, kid: str
) -> tuple[CardRepository, RowMapping, datetime]:
    """The key, under the register's lock that ``compromise`` takes as well."""
    region = context.region.region_code
    await lock_register(session, region)
    repository = CardRepository(session, region)
    key = await repository.key(kid)
    if key is None:
        raise CardKeyUnknown("GET /identity/v1/card-keys lists the keys")
    if key["compromised_at"] is not None:
        raise KeyCompromisedAlready(
            "nothing is left to do; GET /identity/v1/cards/reissues lists who needs a new card",
            extra={"compromised_at": key["compromised_at"].isoformat()},
        )
    return repository, key, context.clock.now()


async def _one(session: AsyncSession, context: ServiceContext, kid: str) -> CardKeyState:
    repository = CardRepository(session, context.region.region_code)
    rows = await repository.all_keys(business_date(context.clock.now()))
    return next(_state(context, row) for row in rows if row["kid"] == kid)


def _state(context: ServiceContext, row: RowMapping) -> CardKeyState:
    reason = row["report_reason_enc"]
    return CardKeyState(
        kid=row["kid"],
        signing=row["retired_at"] is None,
        made_at=row["made_at"],
        retired_at=row["retired_at"],
        reported_at=row["reported_at"],
        reported_by=row["reported_by"],
        report_reason=(
            None if reason is None else context.vault.decrypt(reason, column=_REASON_COLUMN)
        ),
        compromised_at=row["compromised_at"],
        good_cards=row["good_cards"],
    )


async def _audit(
    session: WriteSession,
    caller: Principal,
    action: str,
    kid: str,
    now: datetime,
    **detail: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=kid,
        at=now,
        detail=detail,
    )


def _check_county(caller: Principal) -> None:
    if not caller.of_county:
        raise CardKeysNeedTheCounty("ask an office of the county")
