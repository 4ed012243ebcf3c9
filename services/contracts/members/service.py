"""Members of teams, and the contact card of a contract."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from services.contracts.access import TeamNotYours, may_act
from services.contracts.contracts.domain import last_day
from services.contracts.contracts.service import visible_contract
from services.contracts.members import repository
from services.contracts.members.domain import Card
from services.contracts.members.schemas import (
    CardAnswer,
    LeavingRequest,
    MemberAnswer,
    MemberRequest,
    TeamDetail,
)
from services.contracts.models import Contract, TeamMember
from services.contracts.programme.domain import PackageItem
from services.contracts.programme.service import programme_of
from services.contracts.teams.domain import Team
from services.contracts.teams.service import teams_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.documents import typesetting
from shared.http.problem import Conflict, FieldFault, NotFound, Unprocessable
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal

TEMPLATE = Path(__file__).parent / "templates" / "card.typ"
NAME_COLUMN = "team_members.name"
PHONE_COLUMN = "team_members.phone"
_PER = {"year": "每年", "quarter": "每季度", "month": "每月"}


class TeamUnknown(NotFound):
    code = "team_unknown"
    title = "There is no such team"
    title_zh = "没有此团队"


class MemberUnknown(NotFound):
    code = "member_unknown"
    title = "There is no such member, or the team is not yours"
    title_zh = "没有此成员，或不是您的团队"


class MemberGone(Conflict):
    code = "member_left_already"
    title = "The member has left the team already"
    title_zh = "该成员已离开团队"


class CardIncomplete(Conflict):
    code = "card_incomplete"
    title = "The contact card lacks a field and is not valid"
    title_zh = "联系卡缺少内容，无效"


class MemberWrong(Unprocessable):
    """A field contradicts what is known; the fault names the cure."""


async def detail(session: ReadSession, context: ServiceContext, code: str) -> TeamDetail:
    """A team with its members of today.

    Raises:
        TeamUnknown: there is no such team.
    """
    team = _team(context, code)
    members = await repository.on(session, code, business_date(context.clock.now()))
    filled = {member.role for member in members}
    roles = programme_of(context).roles
    return TeamDetail(
        team=code,
        name_zh=team.name_zh,
        members=[_answer(member, context) for member in members],
        missing_roles=[r for r, role in roles.items() if role.needed and r not in filled],
        open_roles=[r for r in roles if r not in filled],
    )


async def join(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    code: str,
    body: MemberRequest,
) -> MemberAnswer:
    """Somebody joins a team.

    Raises:
        TeamUnknown: there is no such team.
        TeamNotYours: the caller does not act for it.
        MemberWrong: an unknown role.
    """
    team = _team(context, code)
    if not may_act(caller, team=code, township=team.township):
        raise TeamNotYours
    roles = programme_of(context).roles
    if body.role not in roles:
        raise _wrong(
            "role",
            "unknown_role",
            f"write one of: {', '.join(roles)}",
            f"应为: {', '.join(roles)}",
        )
    vault = context.vault
    member = TeamMember(
        member_id=new_id(),
        region=context.region.region_code,
        team=code,
        role=body.role,
        village=body.village,
        name=vault.encrypt(body.name, column=NAME_COLUMN),
        phone=vault.encrypt(body.phone, column=PHONE_COLUMN) if body.phone else None,
        joined_on=body.joined_on,
        recorded_by=caller.client_id,
        recorded_at=context.clock.now(),
    )
    names = (
        "member_id", "region", "team", "role", "village", "name", "phone", "joined_on",
        "recorded_by", "recorded_at",
    )  # fmt: skip
    await repository.add(session, {name: getattr(member, name) for name in names})
    await _log(session, context, caller, member, "team_member.joined")
    return _answer(member, context)


async def leave(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    member_id: UUID,
    body: LeavingRequest,
) -> MemberAnswer:
    """A member leaves his team.

    Raises:
        MemberUnknown: there is none, or the team is another's.
        MemberGone: he left before.
        MemberWrong: a day before he joined.
    """
    member = await repository.get(session, member_id)
    if member is None:
        raise MemberUnknown
    if not may_act(caller, team=member.team, township=_team(context, member.team).township):
        raise MemberUnknown
    if body.left_on < member.joined_on:
        raise _wrong(
            "left_on",
            "before_joining",
            f"he joined on {member.joined_on}; give that day or a later one",
            f"加入日期为 {member.joined_on}；请填写该日或之后的日期",
        )
    if not await repository.leave(session, member_id, body.left_on):
        raise MemberGone
    member.left_on = body.left_on
    await _log(session, context, caller, member, "team_member.left")
    return _answer(member, context)


async def card(
    session: ReadSession, context: ServiceContext, caller: Principal, contract_id: UUID
) -> CardAnswer:
    """The contact card of a contract, and what it lacks.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
    """
    contract = await visible_contract(session, caller, contract_id)
    made = await _card(session, context, contract)
    return CardAnswer(
        contract_id=str(contract_id),
        doctor_name=made.doctor_name,
        phone=made.phone,
        services=list(made.services),
        policy=made.policy,
        valid=not made.missing(),
        missing=list(made.missing()),
    )


async def card_pdf(context: ServiceContext, caller: Principal, contract_id: UUID) -> bytes:
    """The card to be printed; one that lacks a field is not printed.

    Raises:
        ContractUnknown: there is none, or it is another organisation's.
        CardIncomplete: it lacks a field.
    """
    async with context.db.reading() as session:
        contract = await visible_contract(session, caller, contract_id)
        made = await _card(session, context, contract)
    missing = made.missing()
    if missing:
        raise CardIncomplete(
            f"add to the team a doctor with a telephone; it lacks: {', '.join(missing)}",
            errors=[
                FieldFault(field, "missing", "the card needs it (XB-31)", "联系卡须有此项(XB-31)")
                for field in missing
            ],
        )
    team = teams_of(context).by_code.get(contract.team)
    data = {
        "title": "家庭医生签约服务联系卡",
        "file_no": str(contract_id),
        "team": team.name_zh if team else contract.team,
        "doctor_name": made.doctor_name,
        "phone": made.phone,
        "services": list(made.services),
        "policy": made.policy,
        "term": _term(contract),
    }
    return await typesetting.pdf(TEMPLATE, data, made_at=contract.recorded_at)


def _term(contract: Contract) -> str:
    if contract.valid_from is None:
        return ""
    last = last_day(contract.valid_from, contract.valid_to, contract.ended_on)
    return f"{contract.valid_from} 至 {last}"


async def _card(session: ReadSession, context: ServiceContext, contract: Contract) -> Card:
    programme = programme_of(context)
    members = await repository.on(session, contract.team, business_date(context.clock.now()))
    doctor = _doctor(members, contract.village)
    package = programme.packages.get(contract.package)
    vault = context.vault
    return Card(
        doctor_name=vault.decrypt(doctor.name, column=NAME_COLUMN) if doctor else None,
        phone=vault.decrypt(doctor.phone, column=PHONE_COLUMN) if doctor and doctor.phone else None,
        services=_services(programme.promised(package)) if package else (),
        policy=programme.policy.zh,
    )


def _doctor(members: Sequence[TeamMember], village: str | None) -> TeamMember | None:
    """The team's family doctor; where it has none, the village's own doctor."""
    doctors = [member for member in members if member.role == "doctor"]
    own = [m for m in members if m.role == "village_doctor" and m.village in (None, village)]
    return next(iter(doctors + own), None)


def _services(items: Sequence[PackageItem]) -> tuple[str, ...]:
    return tuple(f"{item.zh}({_PER[item.per]}{item.times}次)" for item in items)


def _team(context: ServiceContext, code: str) -> Team:
    team = teams_of(context).by_code.get(code)
    if team is None:
        raise TeamUnknown("GET /contracts/v1/teams lists them")
    return team


def _answer(member: TeamMember, context: ServiceContext) -> MemberAnswer:
    vault = context.vault
    role = programme_of(context).roles.get(member.role)
    return MemberAnswer(
        member_id=str(member.member_id),
        team=member.team,
        role=member.role,
        role_zh=role.zh if role else member.role,
        name=vault.decrypt(member.name, column=NAME_COLUMN),
        phone=vault.decrypt(member.phone, column=PHONE_COLUMN) if member.phone else None,
        village=member.village,
        joined_on=member.joined_on,
        left_on=member.left_on,
    )


async def _log(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    member: TeamMember,
    action: str,
) -> None:
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=action,
        subject=str(member.member_id),
        at=context.clock.now(),
        detail={"team": member.team, "role": member.role},
    )


def _wrong(field: str, code: str, message: str, message_zh: str) -> MemberWrong:
    return MemberWrong(errors=[FieldFault(field, code, message, message_zh)])
