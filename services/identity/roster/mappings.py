"""What the headers of each source's files mean, remembered from one upload to the next."""

from __future__ import annotations

from collections.abc import Mapping

from services.identity.roster import columns
from services.identity.roster.listings import (
    KnownColumn,
    MappingAnswer,
    MappingRequest,
)
from services.identity.roster.problems import MappingFaulty
from services.identity.roster.reading import check_office
from services.identity.roster.repository import RosterRepository
from services.identity.roster.schemas import (
    RosterSource,
)
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import FieldFault
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def remembered(
    repository: RosterRepository, source: RosterSource
) -> dict[str, str | None] | None:
    """The source's mapping by :func:`columns.key`; None when there is none."""
    found = await repository.mapping(source)
    if found is None:
        return None
    return {columns.key(header): column for header, column in found["headers"].items()}


async def get_mapping(
    session: ReadSession, context: ServiceContext, caller: Principal, source: RosterSource
) -> MappingAnswer:
    """What is remembered of a source's headers; nothing of a source that has none.

    Raises:
        RosterNeedsTheCounty: the caller is a hospital or a township.
    """
    check_office(caller)
    return await _answer(RosterRepository(session, context.region.region_code), source)


async def put_mapping(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    source: RosterSource,
    body: MappingRequest,
) -> MappingAnswer:
    """Remember what a source's headers mean, in place of what was remembered before.

    Raises:
        RosterNeedsTheCounty: the caller is a hospital or a township.
        MappingFaulty: a column that does not exist, or a header that looks like a value.
    """
    check_office(caller)
    _check(body.headers)
    now = context.clock.now()
    repository = RosterRepository(session, context.region.region_code)
    await repository.set_mapping(source, body.headers, by=caller.client_id, at=now)
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="roster.mapping_changed",
        subject=source,
        at=now,
        detail={"headers": len(body.headers)},
    )
    return await _answer(repository, source)


def _check(headers: Mapping[str, str | None]) -> None:
    """Positions, not headers, stand in the faults: a slip may have put a name there."""
    faults = []
    seen: set[str] = set()
    for number, (header, column) in enumerate(headers.items(), start=1):
        field = f"headers.{number}"
        if not columns.may_be_a_header(header) or not columns.key(header):
            faults.append(
                FieldFault(
                    field,
                    "not_a_header",
                    "give the header as it stands in the file's first line; it has few digits",
                    "请填写文件首行的表头文字，表头中不应有成串数字",
                )
            )
        elif columns.key(header) in seen:
            faults.append(
                FieldFault(
                    field,
                    "header_twice",
                    "the same header stands here twice but for spaces; keep one",
                    "同一表头重复(仅空格等不同)，请只保留一个",
                )
            )
        if column is not None and column not in columns.HEADERS:
            faults.append(
                FieldFault(
                    field,
                    "column_unknown",
                    "map to one of the columns that GET lists, or to null",
                    "请对应到已列出的列代码，或填 null 表示仅保留",
                )
            )
        seen.add(columns.key(header))
    if faults:
        raise MappingFaulty("correct the entries named in errors", errors=faults)


async def _answer(repository: RosterRepository, source: RosterSource) -> MappingAnswer:
    found = await repository.mapping(source)
    return MappingAnswer(
        source=source,
        headers=dict(found["headers"]) if found else {},
        updated_by=found["updated_by"] if found else None,
        updated_at=found["updated_at"] if found else None,
        columns=[
            KnownColumn(column=code, name_zh=texts[0], usual_headers=list(texts))
            for code, texts in columns.HEADERS.items()
        ],
    )
