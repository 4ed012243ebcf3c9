"""Use cases of a global budget: draft, sign, adjust, advance, look, settle the year."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import NoReturn
from uuid import UUID

from services.claims.budgets import repository
from services.claims.budgets.domain import (
    Adjustment,
    Agreement,
    Cost,
    Terms,
)
from services.claims.budgets.problems import (
    BudgetNotFound,
    BudgetOverlaps,
    BudgetRefused,
    NoAgreement,
    SameSigner,
    SignedAlready,
    YearSettled,
)
from services.claims.budgets.repository import Advance, Settled
from services.claims.packs.service import plans_in_force
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import FacilityNotYours, Principal

NATIONAL_PLANS = (frozenset({"resident", "390"}), frozenset({"employee", "310"}))
"""The two plans that are measured apart (SJ-22), with their national codes."""


@dataclass(frozen=True)
class Draft:
    """An agreement as it is proposed."""

    year: int
    community: str
    plan: str
    lead_facility_code: str
    facilities: Sequence[str]
    """Its members; none: every institution of the region."""
    townships: Sequence[str]
    terms: Terms


@dataclass(frozen=True)
class Budget:
    """An agreement with what was paid and what it has cost so far."""

    agreement: Agreement
    advances: Sequence[Advance]
    costs: Sequence[Cost]
    settled: Settled | None


async def draft(
    session: WriteSession, context: ServiceContext, caller: Principal, wanted: Draft
) -> Budget:
    """Keep a draft; nothing is paid before it is signed.

    Raises:
        BudgetRefused: an institution or plan is unknown, or the reserves leave nothing.
        BudgetOverlaps, FacilityNotYours.
    """
    check_county(caller)
    region = context.region
    known = {each.facility_code: each for each in region.facilities}
    facilities = tuple(sorted(wanted.facilities)) or tuple(
        sorted(code for code, each in known.items() if each.in_region)
    )
    for code in (wanted.lead_facility_code, *facilities):
        if code not in known or not known[code].in_region:
            refuse(
                "facilities",
                "unknown_facility",
                "name institutions of the region; see GET /facilities",
                "应为本区域医疗机构；见 GET /facilities",
            )
    if wanted.lead_facility_code not in facilities:
        refuse(
            "lead_facility_code",
            "not_a_member",
            "the lead hospital is one of the members",
            "牵头医院应为成员单位",
        )
    townships = [township.name_zh for township in region.townships]
    if not set(wanted.townships) <= set(townships):
        refuse(
            "townships",
            "unknown_township",
            f"write townships of the region: {', '.join(townships)}",
            f"应为本区域乡镇: {'、'.join(townships)}",
        )
    if wanted.terms.bundled_fen() <= 0:
        refuse(
            "approved",
            "nothing_left",
            "the reserves leave nothing to bundle; correct one of them",
            "扣除预留后无可打包金额；请改正",
        )
    await repository.hold(session, region.region_code)
    agreement = Agreement(
        id=new_id(),
        region=region.region_code,
        year=wanted.year,
        community=wanted.community,
        plan=wanted.plan,
        plan_words=_words_of(context, wanted.plan),
        lead_facility_code=wanted.lead_facility_code,
        facilities=facilities,
        townships=tuple(sorted(wanted.townships)),
        terms=wanted.terms,
        created_by=caller.client_id,
        created_at=context.clock.now(),
        document=None,
        signed_on=None,
        signed_by=None,
    )
    if not await repository.insert_agreement(session, agreement):
        raise BudgetOverlaps("the community has an agreement of this plan and year")
    await log(session, context, caller, agreement.id, "budget.drafted")
    return await _seen(session, agreement)


def _words_of(context: ServiceContext, plan: str) -> tuple[str, ...]:
    """Every word by which visits name the plan; a plan that the pack does not know, by itself."""
    plans: Mapping[str, str] = plans_in_force(context)
    words = next((words for words in NATIONAL_PLANS if plan in words), frozenset({plan}))
    codes = {plans[word] for word in words if word in plans}
    return tuple(sorted(words | codes | {word for word, its in plans.items() if its in codes}))


async def sign(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    agreement_id: UUID,
    *,
    document: str,
    signed_on: date,
) -> Budget:
    """Sign a draft, by somebody else than who made it; people and institutions are covered once.

    Raises:
        BudgetNotFound, SignedAlready, SameSigner, BudgetOverlaps.
    """
    check_county(caller)
    await repository.hold(session, context.region.region_code)
    agreement = await _held(session, context, agreement_id)
    if agreement.signed_on is not None:
        raise SignedAlready
    if agreement.created_by == caller.client_id:
        raise SameSigner
    for other in await repository.find(session, agreement.region, agreement.year):
        if other.signed_on is not None and _overlap(agreement, other):
            raise BudgetOverlaps(f"see the agreement of {other.community}")
    await repository.sign(
        session, agreement.id, document=document, signed_on=signed_on, by=caller.client_id
    )
    await log(session, context, caller, agreement.id, "budget.signed")
    return await required(session, context, agreement.id)


def _overlap(one: Agreement, other: Agreement) -> bool:
    """Each township and institution belongs to one community (SJ-06), per plan."""
    if set(one.plan_words).isdisjoint(other.plan_words):
        return False
    return (
        not one.townships
        or not other.townships
        or not set(one.townships).isdisjoint(other.townships)
        or not set(one.facilities).isdisjoint(other.facilities)
    )


async def adjust(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    agreement_id: UUID,
    adjustment: Adjustment,
) -> Budget:
    """Change the approved total for the months that are not advanced yet (KZ-09).

    Raises:
        BudgetNotFound, NoAgreement, YearSettled.
        BudgetRefused: an earlier month, or too little for what was advanced.
    """
    check_county(caller)
    agreement = await payable(session, context, agreement_id)
    advances = await repository.advances_of(session, agreement.id)
    first = max([each.month for each in advances], default=1) + 1
    first = max([first, *(each.from_month + 1 for each in agreement.adjustments)])
    if adjustment.from_month < first:
        refuse(
            "from_month",
            "too_early",
            f"write a month from {first} on: the earlier ones are advanced or adjusted",
            f"应自 {first} 月起：之前月份已预拨或已调整",
        )
    adjusted = replace(agreement, adjustments=(*agreement.adjustments, adjustment))
    if min(adjusted.schedule()) <= 0:
        refuse(
            "approved",
            "nothing_left",
            "this leaves nothing for the months to come; correct it",
            "调整后剩余月份无可预拨金额；请改正",
        )
    await repository.insert_adjustment(
        session, agreement.id, adjustment, at=context.clock.now(), by=caller.client_id
    )
    await log(session, context, caller, agreement.id, "budget.adjusted")
    return await required(session, context, agreement.id)


async def visible(
    session: ReadSession, context: ServiceContext, caller: Principal, agreement_id: UUID
) -> Budget:
    """An agreement with its advances and its cost so far; only the county's.

    Raises:
        BudgetNotFound
    """
    if not caller.of_county:
        raise BudgetNotFound
    return await required(session, context, agreement_id)


async def listed(
    session: ReadSession, context: ServiceContext, caller: Principal, year: int | None
) -> list[Budget]:
    """Every agreement of a year, or of all."""
    if not caller.of_county:
        return []
    found = await repository.find(session, context.region.region_code, year)
    return [await _seen(session, agreement) for agreement in found]


async def required(session: ReadSession, context: ServiceContext, agreement_id: UUID) -> Budget:
    agreement = await repository.get(session, context.region.region_code, agreement_id)
    if agreement is None:
        raise BudgetNotFound
    return await _seen(session, agreement)


async def _seen(session: ReadSession, agreement: Agreement) -> Budget:
    return Budget(
        agreement,
        await repository.advances_of(session, agreement.id),
        await repository.costs_of(session, agreement),
        await repository.settlement_of(session, agreement.id),
    )


async def _held(session: WriteSession, context: ServiceContext, agreement_id: UUID) -> Agreement:
    agreement = await repository.get(session, context.region.region_code, agreement_id, held=True)
    if agreement is None:
        raise BudgetNotFound
    return agreement


async def payable(session: WriteSession, context: ServiceContext, agreement_id: UUID) -> Agreement:
    """A signed agreement whose year is not settled, held; adjustments are read once it is."""
    await _held(session, context, agreement_id)
    agreement = await _held(session, context, agreement_id)
    if agreement.signed_on is None:
        raise NoAgreement("sign it first")
    if await repository.settlement_of(session, agreement.id) is not None:
        raise YearSettled
    return agreement


def refuse(field: str, code: str, message: str, message_zh: str) -> NoReturn:
    raise BudgetRefused(errors=[FieldFault(field, code, message, message_zh)])


def check_county(caller: Principal) -> None:
    if not caller.of_county:
        raise FacilityNotYours("the insurer keeps the agreements")


async def log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    agreement_id: UUID,
    action: str,
    **detail: int,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(agreement_id),
        at=context.clock.now(),
        detail=detail,
    )
