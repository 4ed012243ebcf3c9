"""Looking at roster imports: their outcome, their lists, how far they have come."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping

from services.identity.merges.repository import MergeRepository
from services.identity.persons.repository import PersonRepository
from services.identity.persons.service import PersonUnknown
from services.identity.roster.errors_file import errors_workbook
from services.identity.roster.journal import opened
from services.identity.roster.listings import (
    AffectedRecognition,
    AffectedRecognitionPage,
    DifferenceAnswer,
    DifferencesAnswer,
    IncompleteHousehold,
    IncompleteHouseholdPage,
    MissingMember,
    ProgressAnswer,
    ProgressList,
    RosterImportPage,
    RosterImportSummary,
)
from services.identity.roster.problems import RosterImportUnknown, RosterNeedsTheCounty
from services.identity.roster.register import RegisterRepository
from services.identity.roster.repository import RosterRepository
from services.identity.roster.schemas import (
    RosterDiff,
    RosterImportAnswer,
    RosterStatus,
    RowFaultAnswer,
)
from services.identity.settings import IdentitySettings, settings_of
from shared.db.session import ReadSession, WriteSession
from shared.http.pagination import CursorMalformed, decode_cursor, encode_cursor
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.masking import mask_id_number, mask_name, mask_phone
from shared.security.principal import Principal

_MASKS: dict[str, Callable[[str], str]] = {
    "name": mask_name,
    "id_number": mask_id_number,
    "phone": mask_phone,
    "birth_date": lambda text: text[:4],
}
"""How the values of a field are shown; a place and a sex stand as they are."""


def check_office(caller: Principal) -> None:
    """Refuse whoever is only a part of the county.

    Raises:
        RosterNeedsTheCounty: the caller is a hospital or a township.
    """
    if not caller.of_county:
        raise RosterNeedsTheCounty("use the client of the county office that owns the roster")


def may_see(caller: Principal, found: RowMapping) -> bool:
    """Whether an import is the caller's: his organisation's, or the county's."""
    return caller.of_county or found["organisation"] == caller.organisation


async def one_import(
    session: ReadSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> RosterImportAnswer:
    """An import as it stands.

    Raises:
        RosterImportUnknown: no such import.
    """
    repository = await _visible(session, context, caller, import_id)
    return await answer_of(repository, settings_of(context), import_id)


async def imports(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    *,
    status: RosterStatus | None,
    limit: int,
    cursor: str | None,
) -> RosterImportPage:
    """The imports that the caller may see, the latest first."""
    before = None
    if cursor is not None:
        moment, import_id = decode_cursor(cursor, parts=2)
        before = (_moment(moment), _uuid(import_id))
    repository = RosterRepository(session, context.region.region_code)
    rows = await repository.imports(
        organisation=_own(caller), status=status, before=before, limit=limit + 1
    )
    shown = rows[:limit]
    last = shown[-1] if len(rows) > limit else None
    return RosterImportPage(
        items=[RosterImportSummary(**_summary(row)) for row in shown],
        next_cursor=(
            encode_cursor(last["uploaded_at"].isoformat(), str(last["import_id"])) if last else None
        ),
    )


async def progress(
    session: ReadSession, context: ServiceContext, caller: Principal
) -> ProgressList:
    """How far the imports have come that are under way or ended lately."""
    repository = RosterRepository(session, context.region.region_code)
    return ProgressList(
        items=[
            ProgressAnswer(
                import_id=str(row["import_id"]),
                source=row["source"],
                stage=row["stage"],
                done=row["done"],
                total=row["total"],
                started_at=row["started_at"],
                updated_at=row["updated_at"],
            )
            for row in await repository.progress(organisation=_own(caller))
        ]
    )


async def errors_file(
    session: ReadSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> bytes:
    """Every fault of an import as a workbook.

    Raises:
        RosterImportUnknown: no such import.
    """
    repository = await _visible(session, context, caller, import_id)
    faults = await repository.faults(import_id)
    return await asyncio.to_thread(errors_workbook, faults)


async def incomplete_households(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    import_id: UUID,
    *,
    limit: int,
    cursor: str | None,
) -> IncompleteHouseholdPage:
    """Households of which a full file lists some members and leaves out others, masked.

    Raises:
        RosterImportUnknown: no such import.
    """
    repository = await _visible(session, context, caller, import_id)
    rows = await repository.incomplete(import_id, after=_after(cursor), limit=limit + 1)
    shown = rows[:limit]
    members: dict[UUID, list[MissingMember]] = defaultdict(list)
    found = await repository.missing_members(import_id, [row["household_id"] for row in shown])
    for row in found:
        name = context.vault.decrypt(row["name_enc"], column="persons.name")
        members[row["household_id"]].append(
            MissingMember(
                person_id=str(row["person_id"]),
                masked_name=mask_name(name),
                birth_year=row["birth_date"].year if row["birth_date"] else None,
                township=row["township"],
                village=row["village"],
            )
        )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="roster.members_read",
        subject=str(import_id),
        at=context.clock.now(),
        detail={"persons": [str(row["person_id"]) for row in found]},
    )
    return IncompleteHouseholdPage(
        items=[
            IncompleteHousehold(
                household_id=str(row["household_id"]),
                listed=row["listed"],
                missing=row["missing"],
                members_missing=members[row["household_id"]],
            )
            for row in shown
        ],
        next_cursor=encode_cursor(str(shown[-1]["household_id"])) if len(rows) > limit else None,
    )


async def affected_recognitions(
    session: ReadSession,
    context: ServiceContext,
    caller: Principal,
    import_id: UUID,
    *,
    limit: int,
    cursor: str | None,
) -> AffectedRecognitionPage:
    """The recognitions that an import told anew, in the order in which they were told.

    Raises:
        RosterImportUnknown: no such import.
    """
    repository = await _visible(session, context, caller, import_id)
    rows = await repository.affected_recognitions(import_id, after=_after(cursor), limit=limit + 1)
    shown = rows[:limit]
    return AffectedRecognitionPage(
        items=[
            AffectedRecognition(
                recognition_id=str(row["recognition_id"]),
                person_id=str(row["to_person_id"]) if row["to_person_id"] else None,
                facility_code=row["facility_code"],
                visit_no=row["visit_no"],
                visit_type=row["visit_type"],
                occurred_at=row["occurred_at"],
                categories_then=row["from_categories"],
                categories_now=row["to_categories"],
                entitlements_then=row["from_entitlements"],
                entitlements_now=row["to_entitlements"],
                recorded_at=row["recorded_at"],
            )
            for row in shown
        ],
        next_cursor=encode_cursor(str(shown[-1]["revision_id"])) if len(rows) > limit else None,
    )


async def differences(
    session: WriteSession, context: ServiceContext, caller: Principal, person_id: UUID
) -> DifferencesAnswer:
    """What sources say differently about a person and whoever is merged with him, masked.

    Raises:
        PersonUnknown: no such person, or another township's.
    """
    region = context.region.region_code
    group = (await MergeRepository(session, region).groups([person_id]))[person_id]
    person = await PersonRepository(session, region).get(group.kept)
    if person is None or not caller.may_see_township(person["township"]):
        raise PersonUnknown("check the person_id; a township sees its own people only")
    items = []
    for row in await RegisterRepository(session, region).differences(group.members):
        found = opened(context.vault, row)
        mask = _MASKS.get(found.field, str)
        items.append(
            DifferenceAnswer(
                field=row["field"],
                source=row["source"],
                masked_value=mask(found.value),
                other_source=row["other_source"],
                other_masked_value=mask(found.other_value),
                recorded_at=row["recorded_at"],
                ended_at=row["superseded_at"],
            )
        )
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="person.differences_read",
        subject=str(group.kept),
        at=context.clock.now(),
    )
    return DifferencesAnswer(person_id=str(group.kept), items=items)


async def answer_of(
    repository: RosterRepository, settings: IdentitySettings, import_id: UUID
) -> RosterImportAnswer:
    """The import with its first errors.

    Raises:
        RosterImportUnknown: no such import.
    """
    found = await repository.get_import(import_id)
    if found is None:
        raise RosterImportUnknown("check the import_id that the upload answered with")
    faults = await repository.faults(import_id, limit=settings.max_reported_faults)
    return RosterImportAnswer(
        **_summary(found),
        kept_because_rejected=found["kept"],
        passed_over=found["passed_over"],
        households_incomplete=found["households_incomplete"],
        recognitions_affected=found["recognitions_affected"],
        errors=[RowFaultAnswer(**fault) for fault in faults],
        errors_total=found["faults"],
        confirmed_at=found["confirmed_at"],
        applied_by=found["applied_by"],
    )


def _summary(found: RowMapping) -> dict[str, Any]:
    plain = (
        "status",
        "source",
        "mode",
        "effective_on",
        "rows",
        "accepted",
        "rejected",
        "uploaded_by",
        "uploaded_at",
        "confirmed_by",
        "applied_at",
    )
    counts = ("added", "changed", "removed", "unchanged")
    return {
        "import_id": str(found["import_id"]),
        "diff": RosterDiff(**{name: found[name] for name in counts}),
        **{name: found[name] for name in plain},
    }


async def _visible(
    session: ReadSession, context: ServiceContext, caller: Principal, import_id: UUID
) -> RosterRepository:
    repository = RosterRepository(session, context.region.region_code)
    found = await repository.get_import(import_id)
    if found is None or not may_see(caller, found):
        raise RosterImportUnknown("check the import_id that the upload answered with")
    return repository


def _own(caller: Principal) -> str | None:
    """Whose imports the caller sees: None for everybody's."""
    return None if caller.of_county else caller.organisation


def _after(cursor: str | None) -> UUID | None:
    return None if cursor is None else _uuid(decode_cursor(cursor, parts=1)[0])


def _uuid(text: object) -> UUID:
    try:
        return UUID(str(text))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None


def _moment(text: object) -> datetime:
    try:
        return datetime.fromisoformat(str(text))
    except ValueError:
        raise CursorMalformed("send the next_cursor of the page before, unchanged") from None
