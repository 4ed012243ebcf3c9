"""Use cases of exports: a report of a closing in a form, the same copy for the same reader."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Any, Final, Literal
from uuid import UUID

from fastapi import Response

from services.reporting.exports import repository
from services.reporting.exports.domain import Report, Stamp, Table, shown
from services.reporting.exports.notice import notice_of
from services.reporting.exports.report import monthly_report
from services.reporting.exports.workbook import CSV, XLSX, csv_file, kind_of, workbook
from services.reporting.month_closes import reading
from services.reporting.month_closes import service as closes
from services.reporting.month_closes.domain import Close
from services.reporting.settings import settings_of
from shared import documents
from shared.clock import SHANGHAI
from shared.http.problem import NotFound
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security.principal import Principal

TEMPLATE: Final = Path(__file__).parent / "templates" / "report.typ"
_NARROW: Final = 10
"""Characters of text that are not broken over lines."""
DOCX: Final = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
Form = Literal["pdf", "xlsx", "docx"]
Paper = Literal["report", "notice"]
MEDIA_TYPES: Final[dict[str, str]] = {
    "pdf": "application/pdf", "xlsx": XLSX, "docx": DOCX, "csv": CSV,
}  # fmt: skip


class TableUnknown(NotFound):
    code = "table_unknown"
    title = "The report has no such table"
    title_zh = "报告中没有该表"


async def report(
    context: ServiceContext,
    caller: Principal,
    close_id: UUID,
    form: Form,
    *,
    paper: Paper = "report",
) -> tuple[str, bytes]:
    """The paper's file name and bytes; the export is noted.

    Of a signed month, a reader gets the copy that he was given first, byte for byte. No connection
    is held while it is written.

    Raises:
        CloseNotFound: there is no such closing.
    """
    async with context.db.writing() as session:
        close = await reading.visible(session, context, close_id)
        signed = close.status in {"closed", "reopened"}
        told = form if paper == "report" else f"{paper} {form}"
        # A reopened month's paper says so: it is another paper.
        name = told if close.status != "reopened" else f"{told} (reopened)"
        kept = (
            await repository.copy_of(session, close.id, name, caller.client_id) if signed else None
        )
        if kept is not None:
            await reading.note_export(
                session, context, caller, close, told, copy_id=str(kept["copy_id"])
            )
            return _file_name(close, form, paper), bytes(kept["content"])
    now, copy_id = context.clock.now(), new_id()
    stamp = Stamp(
        caller.client_id, now.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M:%S"), str(copy_id)
    )
    made = _report_of(context, close) if paper == "report" else _notice_of(context, close)
    content = await written(made, stamp, form, now)
    async with context.db.writing() as session:
        if signed:
            kept = await repository.keep_copy(
                session,
                {
                    "copy_id": copy_id,
                    "close_id": close.id,
                    "form": name,
                    "made_for": caller.client_id,
                    "made_at": now,
                    "sha256": hashlib.sha256(content).hexdigest(),
                    "bytes": len(content),
                    "content": content,
                },
            )
            copy_id, content = kept["copy_id"], bytes(kept["content"])
        await reading.note_export(session, context, caller, close, told, copy_id=str(copy_id))
    return _file_name(close, form, paper), content


async def table(
    context: ServiceContext, caller: Principal, close_id: UUID, key: str
) -> tuple[str, bytes]:
    """One table of the report as CSV; the export is noted.

    Raises:
        CloseNotFound, TableUnknown.
    """
    async with context.db.writing() as session:
        close = await reading.visible(session, context, close_id)
        tables = {each.key: each for each in _report_of(context, close).tables}
        if key not in tables:
            raise TableUnknown(f"tables are: {', '.join(tables)}")
        await reading.note_export(session, context, caller, close, "csv", table=key)
    return f"month-close-{close.number}-{key}.csv", csv_file(tables[key])


def as_download(form: str, named: tuple[str, bytes]) -> Response:
    """A file to keep, under its name."""
    name, content = named
    return Response(
        content,
        media_type=MEDIA_TYPES[form],
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _file_name(close: Close, form: str, paper: Paper) -> str:
    stem = "month-close" if paper == "report" else f"month-{paper}"
    return f"{stem}-{close.number}.{form}"


def _notice_of(context: ServiceContext, close: Close) -> Report:
    return notice_of(
        close,
        context.region.name_zh,
        closes.townships_of(context),
        settings_of(context).close_due_day,
    )


def _report_of(context: ServiceContext, close: Close) -> Report:
    return monthly_report(
        close,
        context.region.name_zh,
        closes.townships_of(context),
        settings_of(context).close_due_day,
    )


async def written(made: Report, stamp: Stamp, form: Form, now: Any) -> bytes:
    """A report in a form."""
    if form == "xlsx":
        return await asyncio.to_thread(workbook, made, stamp)
    if form == "docx":
        from services.reporting.exports.briefing import briefing

        return await asyncio.to_thread(briefing, made, stamp)
    data = {
        "title": made.title,
        "subtitle": made.subtitle,
        "file_no": stamp.copy_id,
        "watermark": stamp.text,
        "mark": made.mark,
        "facts": [
            {"name": name, "text": text}
            for name, text in (*made.facts, ("导出", f"{stamp.user} {stamp.moment}"))
        ],
        "summary": list(made.summary),
        "tables": [_printed(each) for each in made.tables],
    }
    return await documents.pdf(TEMPLATE, data, made_at=now)


def _printed(each: Table) -> dict[str, Any]:
    groups: list[dict[str, Any]] = []
    at = 0
    for group, span in each.groups() if each.grouped else []:
        if group:
            groups.append({"name": group, "span": span, "title": ""})
        else:
            groups += [
                {"name": "", "span": 1, "title": column.title}
                for column in each.columns[at : at + span]
            ]
        at += span
    return {
        "title": each.title,
        "groups": groups,
        "columns": [
            {
                "title": column.title,
                "group": column.group,
                "figure": column.kind != "text",
                "wide": column.kind == "text"
                and any(len(str(row[number])) > _NARROW for row in each.rows),
            }
            for number, column in enumerate(each.columns)
        ],
        "rows": [
            [
                shown(value, kind_of(column.kind, value))
                for value, column in zip(row, each.columns, strict=True)
            ]
            for row in each.rows
        ],
    }
