"""Use cases of evidence files: keep one with an item, list an item's, give one back."""

from __future__ import annotations

import hashlib
from uuid import UUID

from services.reporting.register import files_repository as kept
from services.reporting.register import reading
from services.reporting.register.domain import Item
from services.reporting.register.files import (
    MEDIA_TYPES,
    EvidenceFile,
    FileHoldsMacros,
    FileKindRefused,
    MediaKind,
    kind_of,
    tidy_name,
)
from services.reporting.register.problems import (
    FileKeptAlready,
    FileNotFound,
    FileUnusable,
    file_fault,
)
from services.reporting.register.steps import check_cause, held, taken
from services.reporting.settings import settings_of
from shared.clock import business_date
from shared.db.session import ReadSession, WriteSession
from shared.http.problem import TooLarge
from shared.ids import new_id
from shared.runtime.context import ServiceContext
from shared.security import audit
from shared.security.principal import Principal


async def add_file(
    session: WriteSession,
    context: ServiceContext,
    caller: Principal,
    item_id: UUID,
    *,
    name: str,
    content: bytes,
    description: str,
    document: str | None,
    cause: str | None,
) -> Item:
    """Keep a file as evidence: the step says what it shows, the file is encrypted beside it.

    Raises:
        ItemNotFound, ItemStepRefused, ItemUnreadable (KZ-23).
        TooLarge, FileUnusable: its size, kind or name, or the item has as many as it may.
        FileKeptAlready: the item has the same file.
    """
    shown = tidy_name(name)
    kind = _checked(context, shown, content)
    item = await held(session, context, caller, item_id, "evidence")
    check_cause(item, business_date(context.clock.now()), cause)
    most = settings_of(context).evidence_files
    if await kept.count(session, item_id) >= most:
        message = f"an item keeps at most {most} files"
        raise FileUnusable(
            message,
            errors=[file_fault("too_many_files", message, f"每个事项最多保存 {most} 个文件")],
        )
    file = EvidenceFile(
        file_id=new_id(),
        item_id=item_id,
        name=shown,
        media_type=MEDIA_TYPES[kind],
        size_bytes=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        added_at=context.clock.now(),
        added_by=caller.client_id,
    )
    if not await kept.add(session, context.vault, file, content):
        raise FileKeptAlready("this item has the same file already")
    detail = {
        "document": document,
        "file": {
            "file_id": str(file.file_id),
            "media_type": file.media_type,
            "size_bytes": file.size_bytes,
            "sha256": file.sha256,
        },
    }
    told = {"cause": cause} if cause else {}
    return await taken(
        session, context, caller, item, "evidence", note=description, detail=detail | told, **told
    )


def _checked(context: ServiceContext, name: str, content: bytes) -> MediaKind:
    most = settings_of(context).evidence_file_bytes
    if len(content) > most:
        raise TooLarge(f"send at most {most} bytes; scan it smaller, or split it")
    if not content:
        raise FileUnusable(errors=[file_fault("empty", "the file is empty", "文件是空的")])
    try:
        return kind_of(name, content)
    except FileHoldsMacros as refusal:
        fault = file_fault("macros", str(refusal), "文件带有宏，请另存为不带宏的文件后再上传")
        raise FileUnusable(str(refusal), errors=[fault]) from refusal
    except FileKindRefused as refusal:
        fault = file_fault(
            "kind_refused",
            str(refusal),
            "只接收 PDF、JPEG、PNG、XLSX、DOCX 文件，且文件名后缀须与内容一致",
        )
        raise FileUnusable(str(refusal), errors=[fault]) from refusal


async def files_of(
    session: ReadSession, context: ServiceContext, caller: Principal, item_id: UUID
) -> list[EvidenceFile]:
    """The files of an item, the oldest first.

    Raises:
        ItemNotFound.
    """
    item = await reading.read(session, context, caller, item_id)
    return await kept.of_item(session, context.vault, item.id)


async def open_file(
    session: WriteSession, context: ServiceContext, caller: Principal, item_id: UUID, file_id: UUID
) -> tuple[EvidenceFile, bytes]:
    """A file with its content. Who took it is noted.

    Raises:
        ItemNotFound, FileNotFound.
    """
    item = await reading.read(session, context, caller, item_id)
    found = await kept.content_of(session, context.vault, item.id, file_id)
    if found is None:
        raise FileNotFound("GET …/evidence-files lists the item's")
    await audit.record(
        session,
        actor=caller.client_id,
        organisation=caller.organisation,
        action="register_file.taken",
        subject=str(item.id),
        at=context.clock.now(),
        detail={"number": item.number, "file_id": str(file_id), "sha256": found[0].sha256},
    )
    return found
