"""Offering a contract, and signing, declining or withdrawing it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any, cast
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act
from services.contracts.contracts import repository, telling
from services.contracts.contracts.domain import (
    Stage,
    Step,
    StepNotAllowed,
    Term,
    after,
    default_valid_to,
    is_short,
)
from services.contracts.contracts.problems import (
    ContractOverlaps,
    OfferOpen,
    PersonLeftRegistry,
    StepRefused,
    fault,
    in_the_future,
    overlaps,
)
from services.contracts.contracts.schemas import (
    ContractAnswer,
    ContractRequest,
    RefusalRequest,
    SignatureRequest,
    StepRequest,
)
from services.contracts.contracts.service import answer, locked_contract
from services.contracts.exemptions import recording as exemptions
from services.contracts.follow_up import tasks
from services.contracts.models import Contract, Person
from services.contracts.people import repository as people
from services.contracts.people.waiting import await_person
from services.contracts.plans.service import follow_person
from services.contracts.programme.service import programme_of
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import WriteSession
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

REFUSED = "refused"
_BEGIN: dict[str, Step] = {
    "invited": "invite",
    "pending": "apply",
    "signed": "sign",
    "refused": "refuse",
}


async def begin(
    session: WriteSession, context: ServiceContext, caller: Principal, body: ContractRequest
) -> ContractAnswer:
    """A person is invited, applies, signs or refuses. A signature takes up an open offer.

    Raises:
        PersonUnknown: identity has not told of the person (within a short wait).
        PersonLeftRegistry: the person left the registry before that day.
        TeamNotYours: the caller's organisation is neither the person's township nor the team.
        FieldsWrong: an unknown team or package, a day in the future, a term too short.
        ContractOverlaps: another contract of the person holds on one of the days.
        OfferOpen: a second offer beside an open one.
    """
    person = await await_person(session, body.person_id)
    kept = await people.lock(session, body.person_id)
    person = await people.get(session, kept) or person
    author = telling.by(caller, context.clock.now())
    contract, day = drafted(context, caller, body, person, author)
    step = _BEGIN[body.status]
    offer = await repository.open_offer(session, kept)
    if body.status == "signed":
        if offer is not None:
            contract = await repository.change(
                session,
                offer.contract_id,
                {"team": contract.team, "package": contract.package},
            )
        term = body.valid_from or day, body.valid_to
        contract = await _sign(
            session, context, author, contract, kept, day, term, new=offer is None
        )
        return answer(contract, context, person_id=kept)
    if await repository.holding(session, kept, day, day):
        raise ContractOverlaps(
            "the person is under contract on that day; nothing has to be offered"
        )
    if offer is not None:
        if body.status != "refused":
            raise OfferOpen(f"go on with the contract {offer.contract_id}, or withdraw it first")
        contract = await _stage(session, offer, "refuse")
    else:
        await repository.add(session, columns(contract))
    await _told(session, context, author, contract, step, kept, day, body.evidence)
    return answer(contract, context, person_id=kept)


def drafted(
    context: ServiceContext,
    caller: Principal,
    body: ContractRequest,
    person: Person,
    author: telling.Author,
) -> tuple[Contract, date]:
    """The contract that a request begins, not kept yet and without a term, and its day.

    Raises:
        PersonLeftRegistry, TeamNotYours, FieldsWrong: as :func:`begin`.
    """
    team = _team(context, caller, body.team, person)
    package = _package(context, body.package)
    day = body.signed_on or body.on or business_date(author.at)
    if day > business_date(author.at):
        raise in_the_future("signed_on" if body.signed_on else "on")
    check_registered(person, day)
    contract = Contract(
        contract_id=new_id(),
        region=context.region.region_code,
        person_id=body.person_id,
        team=team,
        township=person.township,
        village=person.village,
        stage=after(None, _BEGIN[body.status]),
        package=package,
        renewals=0,
        ended_by_registry=False,
        signed_by=caller.client_id,
        recorded_at=author.at,
    )
    return contract, day


async def sign(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    contract_id: UUID,
    body: SignatureRequest,
) -> ContractAnswer:
    """An offer is signed.

    Raises:
        ContractUnknown, StepRefused, FieldsWrong, ContractOverlaps, PersonLeftRegistry.
    """
    contract, kept = await locked_contract(session, caller, contract_id)
    author = telling.by(caller, context.clock.now())
    next_stage(contract, "sign")
    if body.package is not None:
        package = _package(context, body.package)
        contract = await repository.change(session, contract_id, {"package": package})
    if body.signed_on > business_date(author.at):
        raise in_the_future("signed_on")
    await check_order(session, contract, body.signed_on, "signed_on")
    person = await people.get(session, kept)
    if person is not None:
        check_registered(person, body.signed_on)
    term = body.valid_from or body.signed_on, body.valid_to
    contract = await _sign(
        session, context, author, contract, kept, body.signed_on, term, new=False
    )
    return answer(contract, context, person_id=kept)


async def decline(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    contract_id: UUID,
    body: StepRequest | RefusalRequest,
    step: Step,
) -> ContractAnswer:
    """An offer is applied for, refused or withdrawn.

    Raises:
        ContractUnknown, StepRefused, FieldsWrong.
    """
    contract, kept = await locked_contract(session, caller, contract_id)
    author = telling.by(caller, context.clock.now())
    day = body.on or business_date(author.at)
    if day > business_date(author.at):
        raise in_the_future("on")
    contract_after = next_stage(contract, step)
    await check_order(session, contract, day, "on")
    contract = await repository.change(session, contract_id, {"stage": contract_after})
    evidence = body.evidence if isinstance(body, RefusalRequest) else None
    await _told(session, context, author, contract, step, kept, day, evidence)
    return answer(contract, context, person_id=kept)


def next_stage(contract: Contract, step: Step) -> Stage:
    """The stage to which a step leads a contract.

    Raises:
        StepRefused: there is no such step.
    """
    try:
        return after(cast("Stage", contract.stage), step)
    except StepNotAllowed:
        raise StepRefused(f"the contract is {contract.stage}; GET it to see next_steps") from None


async def check_order(session: WriteSession, contract: Contract, day: date, field: str) -> None:
    """A step cannot be dated before the one that led to it.

    Raises:
        FieldsWrong: it is.
    """
    latest = await repository.latest_day(session, contract.contract_id)
    if latest is not None and day < latest:
        raise fault(
            field,
            "before_last_step",
            f"the step before is dated {latest}; give that day or a later one",
            f"上一步日期为 {latest}；请填写该日或之后的日期",
        )


def check_registered(person: Person, day: date) -> None:
    """Whether a person is on the registry, or was on that day.

    Raises:
        PersonLeftRegistry: he is not.
    """
    if person.registered:
        return
    if not any(
        str(period["valid_from"]) <= day.isoformat() <= str(period["valid_to"] or "9999")
        for period in person.categories
    ):
        raise PersonLeftRegistry("only registered persons are signed here; see identity's roster")


def last_day(context: ServiceContext, valid_from: date, given: date | None) -> date:
    """The last day of a term: the one given, or what the programme asks for.

    Raises:
        FieldsWrong: it lies before the first day, or the programme refuses so short a term.
    """
    rule = programme_of(context).term
    valid_to = given or default_valid_to(valid_from, rule.years)
    if valid_to < valid_from:
        raise fault(
            "valid_to",
            "ends_before_start",
            "valid_to must not be before valid_from; give the last day of the term",
            "终止日期不能早于起始日期",
        )
    if rule.shorter == "refuse" and is_short(valid_from, valid_to, rule.years):
        raise fault(
            "valid_to",
            "term_too_short",
            f"a contract lasts at least {rule.years} year(s) ({rule.citation}); give a later day",
            f"签约期限不少于 {rule.years} 年({rule.citation})；请改填更晚的日期",
        )
    return valid_to


async def _sign(
    session: WriteSession,
    context: ServiceContext,
    author: telling.Author,
    contract: Contract,
    kept: str,
    signed_on: date,
    term: tuple[date, date | None],
    *,
    new: bool,
) -> Contract:
    valid_from, given = term
    valid_to = last_day(context, valid_from, given)
    signed: dict[str, Any] = {
        "signed_on": signed_on,
        "valid_from": valid_from,
        "valid_to": valid_to,
    }
    if await repository.holding(session, kept, valid_from, valid_to):
        raise overlaps()
    if new:
        for name, value in signed.items():
            setattr(contract, name, value)
        if not await repository.add(session, columns(contract)):
            raise overlaps()
    else:
        stage = next_stage(contract, "sign")
        contract = await repository.change(
            session, contract.contract_id, {"stage": stage, **signed}
        )
    await exemptions.end_all(session, context, author, kept, first=valid_from, last=valid_to)
    await telling.step(session, author, contract, "sign", on=signed_on)
    await telling.signed(session, author, contract)
    held = Term(contract.team, signed_on, valid_from, valid_to + timedelta(days=1))
    await tasks.signed(session, context, kept, held, at=author.at)
    await follow_person(session, context, kept, at=author.at)
    return contract


async def _stage(session: WriteSession, contract: Contract, step: Step) -> Contract:
    stage = next_stage(contract, step)
    return await repository.change(session, contract.contract_id, {"stage": stage})


async def _told(
    session: WriteSession,
    context: ServiceContext,
    author: telling.Author,
    contract: Contract,
    step: Step,
    kept: str,
    day: date,
    evidence: str | None,
) -> None:
    """A step before the signature; a refusal is an exempt reason from that day on as well."""
    await telling.step(session, author, contract, step, on=day)
    if step != "refuse":
        return
    await telling.refused(session, author, contract, on=day)
    await exemptions.record(
        session,
        context,
        author,
        person_id=contract.person_id,
        kept=kept,
        home=(contract.township, contract.village),
        reason=REFUSED,
        valid_from=day,
        valid_to=programme_of(context).exempt_reasons[REFUSED].last_day(day),
        evidence=evidence or "",
        contract_id=contract.contract_id,
    )


def _team(context: ServiceContext, caller: Principal, given: str | None, person: Person) -> str:
    teams = teams_of(context)
    team = given or teams.for_township(person.township)
    if team not in teams:
        raise unknown_team()
    if not may_act(caller, team=team, township=person.township):
        raise TeamNotYours
    return team


def unknown_team() -> Exception:
    """A team that the region does not have."""
    return fault(
        "team",
        "unknown_team",
        "there is no such team; GET /contracts/v1/teams lists them, or leave it out",
        "没有此团队；可查询团队列表，或不填由系统按乡镇确定",
    )


def _package(context: ServiceContext, given: str | None) -> str:
    packages = programme_of(context).packages
    package = given or "basic"
    if package not in packages:
        raise fault(
            "package",
            "unknown_package",
            f"there is no such package; use one of {', '.join(packages)}",
            f"没有此服务包；可填 {', '.join(packages)}",
        )
    return package


def columns(contract: Contract) -> dict[str, object]:
    """A contract's stored columns."""
    names = (
        "contract_id", "region", "person_id", "team", "township", "village", "stage", "package",
        "signed_on", "valid_from", "valid_to", "renewals", "ended_on", "end_reason",
        "ended_by_registry", "transferred_from", "signed_by", "recorded_at",
    )  # fmt: skip
    return {name: getattr(contract, name) for name in names}
