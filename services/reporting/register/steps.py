"""What the register's steps share: the item held, what it must have, by whom, and the record."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any
from uuid import UUID

from services.reporting.register import repository
from services.reporting.register.access import may
from services.reporting.register.domain import (
    CauseMissing,
    EvidenceFileMissing,
    EvidenceMissing,
    Item,
    SamePersonTwice,
    Step,
    StepName,
    StepNotAllowed,
)
from services.reporting.register.problems import (
    ItemNotFound,
    ItemSamePerson,
    ItemStepRefused,
    ItemUnreadable,
    cause_fault,
    evidence_fault,
    file_required_fault,
)
from shared.db.session import ReadSession, WriteSession
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


def check_cause(item: Item, today: date, given: str | None = None) -> None:
    """Refuse to go on with a late item whose cause nobody states.

    Raises:
        ItemUnreadable: KZ-23.
    """
    try:
        item.check_cause(today, given)
    except CauseMissing as missing:
        raise ItemUnreadable(str(missing), errors=[cause_fault()]) from missing


def check_done(item: Item, today: date, cause: str | None = None) -> None:
    """Refuse to declare done what nothing shows to be done, or what is late without a cause.

    Raises:
        ItemUnreadable.
    """
    try:
        item.check_evidence()
    except EvidenceMissing as missing:
        words_alone = isinstance(missing, EvidenceFileMissing)
        fault = file_required_fault() if words_alone else evidence_fault()
        raise ItemUnreadable(str(missing), errors=[fault]) from missing
    check_cause(item, today, cause)


def by_another(check: Any, caller: Principal) -> None:
    """Refuse the step where the item's check says that somebody else is to take it.

    Raises:
        ItemSamePerson.
    """
    try:
        check(caller.client_id)
    except SamePersonTwice as refusal:
        raise ItemSamePerson(str(refusal)) from refusal


async def held(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    step: StepName,
) -> Item:
    """The item, held for a step that it may take.

    Raises:
        ItemNotFound, ItemStepRefused.
    """
    item = await repository.lock(session, context.region.region_code, item_id)
    if item is None or not may(caller, item.area, item.township):
        raise ItemNotFound("GET /reporting/v1/register-items lists them")
    try:
        item.check(step)
    except StepNotAllowed as refusal:
        raise ItemStepRefused(str(refusal)) from refusal
    return item


async def taken(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item: Item,
    step: StepName,
    *,
    note: str | None = None,
    detail: Mapping[str, Any] | None = None,
    **values: Any,
) -> Item:
    """Write a step of a held item, with the columns that it changes."""
    now, number = context.clock.now(), item.version + 1
    await repository.add_step(
        session, item.id, number, Step(step, now, caller.client_id, note, dict(detail or {}))
    )
    await repository.change(session, item.id, version=number, **values)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action=f"register_item.{step}",
        subject=str(item.id),
        at=now,
        detail={"number": item.number, "version": number},
    )
    return await required(session, item.region, item.id)


async def required(session: ReadSession, region: str, item_id: UUID) -> Item:
    """The item as it stands.

    Raises:
        ItemNotFound.
    """
    item = await repository.get(session, region, item_id)
    if item is None:
        raise ItemNotFound("GET /reporting/v1/register-items lists them")
    return item
